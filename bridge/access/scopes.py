"""Scopes: what a caller may do, and what a route wants."""

from collections.abc import Collection
from typing import Any, Final

from triglot.errors import ConfigError

PREDICT: Final = "predict"
READ: Final = "read"
RUN: Final = "run"  # pipelines that are declared; who may change something may do this, too
ADMIN: Final = "admin"
OPEN: Final = "open"  # no scope: what a route says that everybody may use, unseen
SCOPES: Final = (PREDICT, READ, RUN, ADMIN)
ALL: Final = frozenset(SCOPES)


def scopes_of(said: Any, where: str) -> frozenset[str]:
    """Return the scopes of a list; raises `ConfigError`, naming the place, for what is none."""
    if isinstance(said, str) or not isinstance(said, Collection) or any(scope not in ALL for scope in said):
        raise ConfigError(f"{where}: {said!r}; write a list of some of {', '.join(SCOPES)}")
    return held(said)


def held(said: Collection[str]) -> frozenset[str]:
    """Return what a caller with these scopes may do: 'admin' includes 'run'."""
    return frozenset(said) | ({RUN} if ADMIN in said else frozenset())


def scope_of(said: Any, where: str) -> str:
    """Return what a route wants; raises `ConfigError` for what is neither a scope nor 'open'."""
    if not isinstance(said, str) or said not in {*SCOPES, OPEN}:
        raise ConfigError(f"{where}: {said!r}; write one of {', '.join([*SCOPES, OPEN])}")
    return said
