"""The entry `hooks` of a configuration: which classes are told of what happens in workers and in the front end."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from triglot.errors import ConfigError

Where: TypeAlias = Literal["workers", "server"]


def hooks_of(said: Any, where: Where) -> tuple[str, ...]:
    """Return the names of the classes that are told of what happens there; raises `ConfigError` for a slip."""
    if not isinstance(said, Mapping) or said.keys() - {"workers", "server"}:
        raise ConfigError(f"hooks: {said!r}; write a mapping with 'workers', 'server' or both")
    names = said.get(where, ())
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(map(_is_name, names)):
        raise ConfigError(f"hooks: {where}: {names!r}; write a list of names such as 'module.Class'")
    return tuple(names)


def _is_name(said: Any) -> bool:
    return isinstance(said, str) and all(part.isidentifier() for part in said.split("."))
