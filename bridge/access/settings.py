"""The configuration's entry `access`, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from triglot.access.callers import Register, register_of
from triglot.access.callers_file import CallersFile
from triglot.access.cors import Cors, cors_of
from triglot.access.rates import Rate, rates_of
from triglot.access.scopes import scope_of, scopes_of
from triglot.access.token_terms import TokenTerms, terms_of
from triglot.errors import ConfigError

CALLERS_VARIABLE: Final = "TRIGLOT_CALLERS"
ACCESS_KEYS: Final = frozenset({"callers", "oidc", "anonymous", "rates", "cors", "routes"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a configuration says of access.

    callers: gives those who are known now. anonymous: what those may do who say nothing of themselves. routes: the
    scope of routes of the configuration's own.
    """

    callers: Callable[[], Register] = Register
    oidc: TokenTerms | None = None
    anonymous: frozenset[str] = frozenset()
    rates: Mapping[str, Rate] = field(default_factory=dict)
    cors: Cors | None = None
    routes: Mapping[str, str] = field(default_factory=dict)


def settings_of(said: Any, directory: Path, environ: Mapping[str, str]) -> Settings:
    """Return what an entry `access` says; raises `ConfigError`, naming what is wrong."""
    if not isinstance(said, Mapping) or said.keys() - ACCESS_KEYS:
        raise ConfigError(f"access: write a dict with some of {', '.join(sorted(ACCESS_KEYS))}")
    return Settings(
        _callers(said.get("callers"), directory, environ.get(CALLERS_VARIABLE, "")),
        terms_of(said["oidc"]) if "oidc" in said else None,
        scopes_of(said.get("anonymous", ()), "access: anonymous"),
        rates_of(said.get("rates", {}), "access: rates"),
        cors_of(said["cors"]) if "cors" in said else None,
        _routes(said.get("routes", {})),
    )


def _callers(said: Any, directory: Path, more: str) -> Callable[[], Register]:
    if isinstance(said, str):
        return CallersFile(directory / said, more)
    if said is None:
        return CallersFile(None, more)
    if not isinstance(said, list | tuple) or more:
        raise ConfigError(
            f"access: callers: write the name of a file, or a list of callers without {CALLERS_VARIABLE} beside it"
        )
    register = register_of(said, "access: callers")
    return lambda: register


def _routes(said: Any) -> dict[str, str]:
    if not isinstance(said, Mapping) or not all(isinstance(rule, str) and rule.startswith("/") for rule in said):
        raise ConfigError(f"access: routes: {said!r}; write a dict of routes, each with its scope")
    return {rule: scope_of(scope, f"access: routes: {rule}") for rule, scope in said.items()}
