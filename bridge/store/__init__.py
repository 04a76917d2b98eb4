"""The model store: versions of fitted models and the aliases that point at them, in an SQL database."""

from triglot.store.store import ModelStore, StoredVersion, VersionInfo

__all__ = ["ModelStore", "StoredVersion", "VersionInfo"]
