"""Which languages there are: those that come along, and those of other packages, by entry points.

A package adds one as the entry point `KEY = "MODULE:RECORD"` of the group `triglot.languages`, whose object is a
`Language`; `docs/protocol.md` says what its workers must do.
"""

import contextlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from triglot.errors import ConfigError
from triglot.languages.julia import JULIA
from triglot.languages.language import Language
from triglot.languages.python import PYTHON
from triglot.languages.r import R

GROUP = "triglot.languages"
OWN = {language.key: language for language in (PYTHON, R, JULIA)}
_OTHERS: dict[str, EntryPoint] = {
    entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
}
LANGUAGES = (*OWN, *(name for name in _OTHERS if name not in OWN))


@cache
def language(key: str) -> Language:
    """Return the record of a language; raises `ConfigError` where there is none, or its package gives none."""
    if key in OWN:
        return OWN[key]
    if key not in _OTHERS:
        raise ConfigError(f"there is no language {key!r}; there are {', '.join(LANGUAGES)}")
    entry = _OTHERS[key]
    try:
        found = entry.load()
    except Exception as error:  # whatever a package of somebody else's does when it is imported
        raise ConfigError(f"language {key!r}: {entry.value} cannot be had: {type(error).__name__}: {error}") from error
    if not isinstance(found, Language) or found.key != key:
        raise ConfigError(f"language {key!r}: {entry.value} must be a Language of that key, not {found!r}")
    return found


def language_name(key: str) -> str:
    """Return what a language is called in a sentence; one that is not known here goes by its own key."""
    try:
        return language(key).name
    except ConfigError:
        return key


def language_of_estimator(dotted: str) -> str | None:
    """Return the language whose estimators' dotted names begin like this one, or None where none's do.

    A package that gives no record is in nobody's way but of those who want its language.
    """
    for key in LANGUAGES:
        with contextlib.suppress(ConfigError):
            start = language(key).estimators
            if start and dotted.startswith(start):
                return key
    return None


def missing(key: str, environ: Mapping[str, str]) -> str | None:
    """Return why the language cannot be served here, or None where it seems to be installed."""
    return language(key).missing(environ)
