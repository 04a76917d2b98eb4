"""The entries of `log` in a configuration: how lines look, whether answers are told of, how much is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from triglot.config.shapes import refuse_unknown
from triglot.errors import ConfigError
from triglot.logs import FORMAT_VARIABLE, FORMATS, TEXT

WHOLE, OFF = "whole", "off"
KEPT_BYTES: Final = 4_000_000
LOG_KEYS: Final = ("access", "format", "kept_bytes")


@dataclass(frozen=True, slots=True)
class LogEntries:
    """How a service logs.

    format: of each line, "text" or "json". access: the share of answers that have a line, 0 to 1. kept_bytes: how long
    the run directory's copy becomes before it is begun anew; 0 keeps none.
    """

    format: str = TEXT
    access: float = 0.0
    kept_bytes: int = KEPT_BYTES

    @classmethod
    def said(cls, said: Any) -> Self:
        """Return what a configuration's `log` says; raises `ConfigError` for what it does not know."""
        if not isinstance(said, Mapping):
            raise ConfigError(f"log: {said!r}; write a mapping such as {{'format': 'json', 'access': 'whole'}}")
        refuse_unknown("log", said, list(LOG_KEYS))
        form, kept = said.get("format", TEXT), said.get("kept_bytes", KEPT_BYTES)
        if form not in FORMATS:
            raise ConfigError(f"log: format: {form!r}; write one of {', '.join(FORMATS)}")
        if not isinstance(kept, int) or isinstance(kept, bool) or kept < 0:
            raise ConfigError(f"log: kept_bytes: {kept!r}; write a whole number of bytes, 0 to keep nothing")
        return cls(form, _share(said.get("access", OFF)), kept)


def variables(entries: LogEntries, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which all processes of a service know the format; the environment's own comes first."""
    return {} if entries.format == TEXT or environ.get(FORMAT_VARIABLE) else {FORMAT_VARIABLE: entries.format}


def _share(said: Any) -> float:
    """Return which share of answers is meant."""
    if said in (WHOLE, OFF) and isinstance(said, str):
        return float(said == WHOLE)
    if isinstance(said, int | float) and not isinstance(said, bool) and 0 < said <= 1:
        return float(said)
    raise ConfigError(f"log: access: {said!r}; write 'whole', 'off', or the share of answers, such as 0.01")
