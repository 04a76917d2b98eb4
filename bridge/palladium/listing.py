"""What is known of stored versions, as Palladium told it, and as `pld-list` prints it."""

from pprint import pformat
from typing import Any

from triglot.persister import Persister, VersionInfo
from triglot.persisters.layout import DB_VERSION


def listed(persister: Persister) -> str:
    """Return what is known of the stored models, and the properties of the store, as text."""
    return f"Models:\n{pformat(models_of(persister))}\nProperties:\n{pformat(properties_of(persister))}"


def models_of(persister: Persister) -> list[dict[str, Any]]:
    """Return what is known of each version, in ascending order."""
    versions = persister.list()
    several = len({info.model for info in versions}) > 1
    return [_metadata(info, several) for info in versions]


def properties_of(persister: Persister) -> dict[str, str]:
    """Return facts of the store as texts, with what is active."""
    active = {info.model: str(info.version) for info in persister.list() if "active" in info.aliases}
    properties = {"db-version": DB_VERSION} | {key: str(value) for key, value in persister.properties().items()}
    if len(active) == 1:
        return properties | {"active-model": next(iter(active.values()))}
    return properties | {f"active-model of {model}": version for model, version in active.items()}


def _metadata(info: VersionInfo, several: bool) -> dict[str, Any]:
    which = {"model": info.model} if several else {}
    return {
        **which,
        "version": info.version,
        "train_timestamp": info.created.isoformat(),
        **info.metrics,
        **info.metadata,
    }
