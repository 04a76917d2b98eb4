"""What `pld-list` prints."""

from pprint import pformat
from typing import Any

from triglot.persister import Persister, VersionInfo
from triglot.persisters.layout import DB_VERSION


def listed(persister: Persister) -> str:
    """Return what is known of the stored models, and the properties of the store, as text."""
    versions = persister.list()
    several = len({info.model for info in versions}) > 1
    active = {info.model: str(info.version) for info in versions if "active" in info.aliases}
    properties = {"db-version": DB_VERSION} | {key: str(value) for key, value in persister.properties().items()}
    if len(active) == 1:
        properties["active-model"] = next(iter(active.values()))
    elif active:
        properties |= {f"active-model of {model}": version for model, version in active.items()}
    models = pformat([_metadata(info, several) for info in versions])
    return f"Models:\n{models}\nProperties:\n{pformat(properties)}"


def _metadata(info: VersionInfo, several: bool) -> dict[str, Any]:
    which = {"model": info.model} if several else {}
    return {
        **which,
        "version": info.version,
        "train_timestamp": info.created.isoformat(),
        **info.metrics,
        **info.metadata,
    }
