"""Paths with a run's parameters in them: `answers-{day}.csv`."""

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triglot.errors import BadRequest, ConfigError, Problem

_MOST = 100  # characters of one value


class Template:
    """A path in which `{name}` stands for a parameter; `{{` is a brace."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            fields = [(field, spec, conversion) for _, field, spec, conversion in string.Formatter().parse(text)]
        except ValueError as error:
            raise ConfigError(f"path: {text!r}: {error}; write {{{{ for a brace") from None
        named = [each for each in fields if each[0] is not None]
        if any(not str(field).isidentifier() or spec or conversion for field, spec, conversion in named):
            raise ConfigError(
                f"path: {text!r}; write names of parameters alone between braces, as in 'out-{{day}}.csv'"
            )
        self.names = frozenset(str(field) for field, _, _ in named)

    def path(self, parameters: Mapping[str, Any]) -> Path:
        """Return the path of a run; raises `BadRequest` for a value that could lead into another folder."""
        values = {name: str(parameters[name]) for name in self.names}
        odd = [name for name, value in values.items() if not _is_part(value)]
        if odd:
            why = f"stands in a path, and so must have 1 to {_MOST} characters, neither '/' nor a dot at its beginning"
            raise BadRequest(f"there is no path {self.text!r} for this run", [Problem(name, why) for name in odd])
        return Path(self.text.format(**values))


def _is_part(value: str) -> bool:
    plain = value.isprintable() and not set(value) & {"/", "\\", "\0"}
    return plain and 0 < len(value) <= _MOST and not value.startswith(".")
