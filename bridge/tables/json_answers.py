"""Answers that are any JSON: of each row its JSON text, in an array of objects of shape (rows, 1).

So they cross as a column of text, and nothing but the text is compared, kept or cut; what is no label and no number
costs nobody else anything.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from triglot.errors import ProtocolError
from triglot.tables.table import Array, Column, Table

NAME = "0"
DEEPEST = 64
LONGEST = 2**20  # letters of one answer
_KINDS = "biufUO"  # of numpy's; times would become numbers of who knows which unit
_WHOLE = range(-(2**63), 2**63)


class NoJson(ValueError):
    """A value that JSON, or a bound of ours, has no room for; says which it is, and what to answer instead."""


def is_json(answer: Array) -> bool:
    """Whether answers of a worker are texts of JSON, and not codes or numbers."""
    return answer.dtype.kind == "O"


def to_text(value: Any) -> str:
    """Return one answer as JSON; tuples, arrays and scalars of numpy are what their `tolist` says.

    Raises `NoJson` for what JSON has no word for, and beyond `DEEPEST` and `LONGEST`.
    """
    text = json.dumps(_plain(value, 0), ensure_ascii=False, separators=(",", ":"))
    if len(text) > LONGEST:
        raise NoJson(f"has {len(text):,} letters as JSON, and {LONGEST:,} are the most")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise NoJson("holds half a surrogate pair, which is no text")
    return text


def parsed(answer: Array) -> list[Any]:
    """Return the values of texts of JSON, one a row; raises `ProtocolError` where a worker sent something else."""
    try:
        values: list[Any] = json.loads(f"[{','.join(answer[:, 0].tolist())}]")
    except (ValueError, TypeError, RecursionError) as error:
        raise ProtocolError(f"a worker answered what is no JSON: {error}") from None
    if len(values) != len(answer):
        raise ProtocolError(f"a worker answered {len(values)} values of JSON for {len(answer)} rows")
    return values


def to_array(values: list[Any]) -> Array:
    """Return values as an array of one row a row, whose `tolist` gives them back: of numbers or texts where it can be.

    What is no array of one type is one of objects, of shape (rows,).
    """
    try:
        found = np.array(values)
        if found.dtype.kind in "biufU" and json.dumps(found.tolist()) == json.dumps(values):
            return found
    except (ValueError, OverflowError):  # rows of different lengths, say
        pass
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects


def to_table(answer: Array) -> Table:
    """Return answers of shape (rows, columns) as the table that crosses."""
    if is_json(answer):
        return Table((NAME,), columns=[Column("string", answer[:, 0])])
    return Table([str(place) for place in range(answer.shape[1])], matrix=answer)


def of_table(table: Table) -> Array:
    """Return the answers that crossed as a table, of shape (rows, columns)."""
    if table.is_matrix or [column.kind for column in table.columns] != ["string"]:
        return table.matrix()
    return table.columns[0].values.reshape(-1, 1)


def _plain(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise NoJson(f"is nested more than {DEEPEST} deep")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if value not in _WHOLE:
            raise NoJson("holds a whole number of more than 64 bits; answer its text")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NoJson(f"holds {value}, which JSON has no word for; answer None")
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, Mapping):
        return {_key(key): _plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in _KINDS:
        found = value.tolist()
        if type(found) is not type(value):  # a number of 128 bits is its own
            return _plain(found, depth)
    raise NoJson(f"holds a value of type {type(value).__name__}; answer text, numbers, lists or dicts of them")


def _key(key: Any) -> str:
    """Return the key of a dict as JSON has it; whole numbers are written out, as Palladium's answers had them."""
    if isinstance(key, str):
        return key
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return str(int(key))
    raise NoJson(f"has a key of type {type(key).__name__}; keys are text or whole numbers")
