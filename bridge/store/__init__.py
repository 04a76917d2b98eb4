"""The model store: versions of fitted models and the aliases that point at them, in an SQL database."""

from triglot.persister import StoredVersion, VersionInfo
from triglot.store.store import ModelStore

__all__ = ["ModelStore", "StoredVersion", "VersionInfo"]
