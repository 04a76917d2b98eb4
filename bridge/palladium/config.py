"""`palladium.config`."""

from collections.abc import Mapping
from typing import Any

from triglot.config import (
    Config,
    args_from_config,
    building,
    combine,
    get_config,
    initialize_config,
    instantiate,
)

__all__ = ["Config", "args_from_config", "get_config", "initialize_config", "process_config"]


def process_config(*configs: Mapping[str, Any]) -> Config:
    """Return the configuration that dicts make, later ones over earlier ones, with its components built.

    The configuration of this process stays what it is.
    """
    raw = combine((None, config) for config in configs)
    with building(raw):
        return instantiate(raw)
