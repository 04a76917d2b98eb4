"""Entries of a configuration that no part of the program reads: components of its author's own.

Palladium built every component in every process, whatever its key: a client of a cluster, an extension of the
application, data that a predict service looks things up in. A configuration that was written for it counts on that.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from triglot.config.components import KNOWN_KEYS, RawConfig, has_component
from triglot.config.files import VARIABLES, locate
from triglot.config.spelt import factory_of

PALLADIUM: Final = "palladium"
_SCHEDULED: Final = "ScheduledDatasetLoader"


def is_palladiums(environ: Mapping[str, str], cwd: Path) -> bool:
    """Whether the configuration is one that was written for Palladium: found by its variable, or by its file's name."""
    for variable in VARIABLES:
        if variable in environ:
            return variable.lower().startswith(PALLADIUM)
    return any(path.name.startswith(PALLADIUM) for path in locate(environ, cwd))


def own_entries(raw: RawConfig, *, palladiums: bool) -> set[str]:
    """Return the top-level keys of components that nothing reads but what the author wrote, for Palladium."""
    if not palladiums:
        return set()
    return {key for key, value in raw.items() if not _is_read(str(key)) and has_component(value)}


def scheduled_data(raw: RawConfig, *, palladiums: bool) -> set[str]:
    """Return the keys of loaders that hold their data: all, as in Palladium, or those that `/alive` requires."""
    held = {key for key, value in raw.items() if factory_of(value).endswith(_SCHEDULED)}
    return held if palladiums else held & set(raw.get("alive", {}).get("process_store_required", ()))


def _is_read(key: str) -> bool:
    return key in KNOWN_KEYS or key.endswith("_decorators") or key.startswith("__")
