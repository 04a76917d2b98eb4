"""What the entries of a configuration that are read here must look like; everything else is a component's business."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from triglot.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Kind = TypeVar("_Kind", bound="DataclassInstance")
PALLADIUM = "palladium."
_MAPPINGS = {
    "models": "{'name': {'model': ...}}",
    "workers": "{'r': 2}",
    "server": "{'port': 8000}",
    "deploy": "{'image': 'registry.example.com/iris:1'}",
}


def names_palladium(value: Any) -> bool:
    """Whether a configuration, directives carried out, names any component under the name that it had in Palladium."""
    if isinstance(value, Mapping):
        return str(value.get("!", "")).startswith(PALLADIUM) or any(map(names_palladium, value.values()))
    return isinstance(value, list | tuple) and any(map(names_palladium, value))


def check_shapes(raw: Mapping[str, Any]) -> None:
    """Raise `ConfigError` where an entry of `_MAPPINGS` is no mapping, or a model's entries are none."""
    for key, example in _MAPPINGS.items():
        if not isinstance(raw.get(key, {}), Mapping):
            raise ConfigError(f"{key}: {raw[key]!r}; write a mapping such as {example}")
    for name, entries in raw.get("models", {}).items():
        if not isinstance(entries, Mapping):
            raise ConfigError(f"models: {name!r}: {entries!r}; write a mapping such as {{'model': ...}}")


def of_numbers(entry: str, said: Any, kind: type[_Kind]) -> _Kind:
    """Return an entry as a value of a dataclass, whose fields are numbers; raises `ConfigError` for anything else."""
    known = {each.name for each in fields(kind)}
    if not isinstance(said, Mapping) or said.keys() - known or not all(map(_is_number, said.values())):
        raise ConfigError(f"{entry}: {said!r}; write numbers for some of {', '.join(sorted(known))}")
    return kind(**said)


def refuse_unknown(where: str, entries: Mapping[Any, Any], known: Collection[str]) -> None:
    """Raise `ConfigError` where a mapping has entries that nobody knows."""
    if unknown := sorted(set(map(str, entries)) - set(known)):
        raise ConfigError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(known)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
