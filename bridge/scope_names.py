"""How models of scopes are called: `NAME/VALUE/VALUE`, one of a family for each product, store or region.

A scope is a value of each of some columns. Values stand in the columns' order, and what would part them otherwise is
written as in a URL: `%`, `/`, what cannot be printed, blanks at the ends.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import unquote

from triglot.errors import ConfigError
from triglot.persister import NAME_LENGTH

BETWEEN: Final = "/"
SCOPE: Final = "scope"  # of a version's metadata: the values by their columns; a model without it is of no family
_ESCAPED: Final = "%/"
_NEAR = 3
_LOOKED_AT = 100  # names on either side: to compare one with ten thousand takes a tenth of a second


def scope_of(values: Sequence[str]) -> str:
    """Return the values as one text, of which each can be told apart again.

    Examples:
        >>> scope_of(["3", "a/b", " 100 %"])
        '3/a%2Fb/%20100 %25'
    """
    return BETWEEN.join(map(_escaped, values))


def values_of(scope: str) -> list[str]:
    """Return the values that stand in a scope.

    Examples:
        >>> values_of('3/a%2Fb/%20100 %25')
        ['3', 'a/b', ' 100 %']
    """
    return [unquote(value, errors="strict") for value in scope.split(BETWEEN)]


def model_of(family: str, values: Sequence[str]) -> str:
    """Return the name of a scope's model; raises `ConfigError` where that is no name of a model."""
    name = f"{family}{BETWEEN}{scope_of(values)}"
    if BETWEEN in family:
        raise ConfigError(f"model {family!r}: one that has scopes cannot have {BETWEEN!r} in its name; give it another")
    if "" in values:
        raise ConfigError(f"scope {name!r}: a value is empty; write what stands for nothing")
    if len(name) > NAME_LENGTH:
        raise ConfigError(f"scope {name[:60]!r}...: the name would have {len(name)} characters, and {NAME_LENGTH} fit")
    return name


def parted(model: str) -> tuple[str, str]:
    """Return the family and the scope that a model's name has; where it has none, the scope is empty."""
    family, _, scope = model.partition(BETWEEN)
    return family, scope


def is_of_a_family(model: str, metadata: Mapping[str, Any]) -> bool:
    """Tell whether a version with these metadata is one of a scope's model."""
    return BETWEEN in model and isinstance(metadata.get(SCOPE), Mapping)


def near(name: str, known: Sequence[str]) -> list[str]:
    """Return which of the sorted names are like this one; of many, those beside it in their order are looked at.

    None is like one that is too long for a name: to compare that costs what whoever sends it likes.
    """
    if len(name) > NAME_LENGTH:
        return []
    at = bisect_left(known, name)
    return get_close_matches(name, known[max(0, at - _LOOKED_AT) : at + _LOOKED_AT], n=_NEAR)


def _escaped(value: str) -> str:
    inner = value.strip(" ")
    if not inner:
        return "%20" * len(value)
    start = value.index(inner)
    ends = ("%20" * start, "%20" * (len(value) - start - len(inner)))
    return "".join(map(_escaped_character, inner)).join(ends)


def _escaped_character(character: str) -> str:
    if character.isprintable() and character not in _ESCAPED:
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
