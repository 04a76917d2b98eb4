"""Author's values as JSON text, and back.

The rule: what JSON cannot say as a number (NaN, infinities) becomes null; numpy's scalars and arrays become
numbers and lists; dates become ISO 8601 text; keys that are not text become their JSON text. Anything else
is refused by its place, because a store that guesses cannot be read by the next program.
"""

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from triglot.errors import StoreError


def to_json(value: Mapping[str, Any] | None, name: str) -> str:
    """Return `value` as JSON text in plain ASCII; None is the empty object."""
    try:
        # ASCII, because PostgreSQL's text takes no NUL and no lone surrogate, and JSON can escape both
        return json.dumps(_plain({} if value is None else value, name), allow_nan=False)
    except (RecursionError, ValueError) as error:
        raise StoreError(f"{name} cannot be written as JSON ({error})") from error


def from_json(text: str) -> dict[str, Any]:
    """Return what `to_json` wrote."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise StoreError("the store holds JSON that is not an object; restore it from a backup")
    return value


def _plain(value: Any, place: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _plain_object(value, place)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    if callable(convert := getattr(value, "tolist", None)):
        return _plain(convert(), place)
    raise StoreError(
        f"{place} is of type {type(value).__name__}, which has no JSON form; "
        "give text, numbers, booleans, null, lists and objects"
    )


def _plain_object(value: Mapping[Any, Any], place: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = key if isinstance(key, str) else json.dumps(_plain(key, f"a key of {place}"))
        if name in result:
            raise StoreError(f"{place} has two keys that JSON writes as {name!r}; rename one")
        result[str(name)] = _plain(item, f"{place}.{name}")
    return result
