"""The modules that Palladium had, under its names for them; `triglot.aliases` lets them be imported as `palladium`."""

import importlib
from types import ModuleType

from triglot.aliases import PALLADIUM_VERSION as __version__
from triglot.aliases import ours

__all__ = ["__version__"]

pytest_plugins = "triglot.palladium.pytest_plugin"  # for `pytest -p palladium`; nobody else imports it

_MODULES = frozenset(
    [
        "R",
        "cache",
        "config",
        "dataset",
        "eval",
        "fit",
        "interfaces",
        "julia",
        "persistence",
        "server",
        "tests",
        "util",
        "wsgi",
    ]  # what a user names
)


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return importlib.import_module(ours(f"palladium.{name}"))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
