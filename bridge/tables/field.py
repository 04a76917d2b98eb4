"""Field: one column that a model was fitted on, and how values from outside become values of it.

Values come from JSON and query strings (`converter`, `column_of`) or as columns of other kinds (`cast`). What does
not fit raises `ValueError` with a message that reads on from the field's name.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from triglot.errors import BadRequest
from triglot.tables import times
from triglot.tables.table import FLOATS, NUMERIC, WHOLE, Column, Kind

# What becomes of a level that training did not know: it is refused, is missing, or is the level named OTHER.
Unseen: TypeAlias = Literal["error", "missing", "other"]
OTHER = "other"
UNSEEN: Final = -2  # the code, where a category's value is missing because training did not know its level
_TRUE = {"true", "1", "t", "yes"}
_FALSE = {"false", "0", "f", "no"}
# Python reads more as numbers than anybody writes as one: blanks around, underscores within, the digits of all scripts.
ODD: Final = re.compile(r"[^0-9+\-.eE]")
_LONGEST = 100  # of text that a whole number of 64 bits may be; Python reads thousands of digits, slowly
_WHOLE = re.compile(r"[+-]?[0-9]+")
_GAPS = ("NA", "NaN", "nan")  # how R and others spell what is missing
_NULL = "; what is missing must be null (R: toJSON(..., na = 'null'))"
_JSON_NAME = {
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column: name, kind, whether a value may be missing; levels and policy of a category, zone of instants."""

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    ordered: bool = False
    nullable: bool = False
    zone: str = ""
    unseen: Unseen = "error"

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values, without what is at its default."""
        out: dict[str, Any] = {"name": self.name, "kind": self.kind}
        if self.kind == "category":
            out["levels"] = list(self.levels)
            out["ordered"] = self.ordered
        if self.nullable:
            out["nullable"] = True
        if self.zone:
            out["zone"] = self.zone
        if self.unseen != "error":
            out["unseen"] = self.unseen
        return out


def with_policy(field: Field, unseen: Unseen) -> Field:
    """Return a category's field with what becomes of unseen levels; `other` adds a level of that name."""
    if unseen != "other":
        return replace(field, unseen=unseen)
    if field.ordered:
        raise BadRequest(
            f"column {field.name!r} is ordered, and {OTHER!r} has no place among its levels; set unseen_levels to "
            "missing or error"
        )
    levels = field.levels if OTHER in field.levels else (*field.levels, OTHER)
    return replace(field, levels=levels, unseen=unseen)


def converter(field: Field) -> Callable[[Any], Any]:
    """Return the function that turns a JSON value other than null, or text, into a value of the field."""
    if field.kind in FLOATS:
        return _to_float
    if field.kind in WHOLE:
        return lambda value: _to_int(value, 63 if field.kind == "int64" else 31)
    if field.kind == "bool":
        return _to_bool
    if field.kind == "category":
        codes = {level: code for code, level in enumerate(field.levels)}
        if field.unseen == "error":
            return lambda value: _to_code(value, codes)
        unseen = codes[OTHER] if field.unseen == "other" else UNSEEN
        return lambda value: codes.get(_level_text(value), unseen)
    if field.kind == "date":
        return times.read_day
    if field.kind == "datetime":
        return times.reader(field.zone)
    return _to_text


def _to_float(value: Any) -> float:
    if type(value) is float or type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise ValueError("is too large for a number of 64 bits") from None
    if type(value) is str:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"must be a number, not the text {_shown(value)}{_hint(value)}") from None
        if not math.isfinite(number):
            raise ValueError(f"must be a finite number, not {_shown(value)}{_hint(value)}")
        if ODD.search(value):
            raise ValueError(f"must be a number, not the text {_shown(value)}; write digits alone")
        return number
    raise ValueError(f"must be a number, not {_type_name(value)}")


def _to_int(value: Any, bits: int) -> int:
    if type(value) is str:
        if not _WHOLE.fullmatch(value):
            raise ValueError(f"must be a whole number, not the text {_shown(value)}{_hint(value)}")
        value = int(value) if len(value) < _LONGEST else 2**bits
    elif type(value) is float:
        if not value.is_integer():
            raise ValueError(f"must be a whole number, not {value!r}: it was one when the model was fitted")
        value = int(value)
    elif type(value) is not int:
        raise ValueError(f"must be a whole number, not {_type_name(value)}")
    if not -(2**bits) <= value < 2**bits:
        raise ValueError(f"does not fit a whole number of {bits + 1} bits")
    return int(value)


def _to_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is str and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ValueError(f"must be true or false, not {_shown(value)}")


def _to_code(value: Any, codes: Mapping[str, int]) -> int:
    try:
        return codes[_level_text(value)]
    except KeyError:
        known = ", ".join(map(repr, list(codes)[:10])) + (", ..." if len(codes) > 10 else "")
        raise ValueError(f"{_shown(value)} is none of the levels {known}") from None


def _level_text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) in (bool, int, float):
        return str(value)
    raise ValueError(f"must be a level's text, not {_type_name(value)}")


def _to_text(value: Any) -> str:
    if type(value) is str:
        return value
    raise ValueError(f"must be text, not {_type_name(value)}")


def _type_name(value: Any) -> str:
    """Return what a value is, to people who sent JSON; a value of another type came from Python code."""
    kind = type(value)
    return _JSON_NAME.get(kind) or f"a value of type {kind.__module__}.{kind.__qualname__}"


def _hint(value: Any) -> str:
    """Return what to send instead of text that stands for nothing."""
    return _NULL if value in _GAPS else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def column_of(field: Field, values: list[Any]) -> Column:
    """Return the column of converted values; None is a missing value."""
    missing = np.array([value is None for value in values], dtype=bool)
    mask = missing if missing.any() else None
    if field.kind == "string":
        return Column("string", np.array(values, dtype=object), mask)
    if field.kind in ("date", "datetime"):
        unit = times.DAY if field.kind == "date" else times.INSTANT
        return Column.times(np.array(values, dtype=unit), zone=field.zone)
    filled = [0 if value is None else value for value in values] if mask is not None else values
    if field.kind == "category":
        codes = np.array(filled, dtype=np.int32)
        mask = missing | (codes < 0)
        return Column.category(codes, field.levels, ordered=field.ordered, missing=mask if mask.any() else None)
    return Column(field.kind, np.array(filled, dtype=field.kind), mask)


def cast(column: Column, field: Field) -> Column:
    """Return the column as one of the field, where nothing is lost."""
    may_be_missing = field.nullable or field.unseen == "missing"  # a front end has made unseen levels missing already
    if not may_be_missing and column.missing is not None and column.missing.any():
        raise ValueError("must not be missing: the model was fitted to no gaps in this column, or fails on them")
    if column.kind == field.kind and column.levels == field.levels and column.zone == field.zone:
        return column
    cast = _CASTS.get(field.kind, _as_number)(column, field)
    if cast is None:
        raise ValueError(f"must be of kind {field.kind}, not {column.kind}")
    return cast


def _read(column: Column, field: Field) -> Column:
    """Read a column of text as the values of a request are read."""
    convert = converter(field)
    return column_of(field, [None if value is None else convert(value) for value in column.to_list()])


def _as_category(column: Column, field: Field) -> Column | None:
    if column.kind == "string":
        return _read(column, field)
    if column.kind != "category":
        return None
    convert = converter(field)
    gone = column.values < 0 if column.missing is None else column.missing | (column.values < 0)
    place = np.full(len(column.levels) + 1, -1, dtype=np.int32)  # the last is that of code -1
    for code in np.unique(column.values[~gone]).tolist():  # a level that no row has may be unknown
        place[code] = convert(column.levels[code])
    codes = np.where(gone, np.int32(-1), place[column.values])
    gone = codes < 0
    return Column.category(codes, field.levels, ordered=field.ordered, missing=gone if gone.any() else None)


def _as_text(column: Column, field: Field) -> Column | None:
    return Column.strings(column.to_list()) if column.kind == "category" else None


def _as_day(column: Column, field: Field) -> Column | None:
    if column.kind == "string":
        return _read(column, field)
    if column.kind != "datetime":
        return None
    days = column.values.astype(times.DAY)
    if column.zone or (days.astype(times.INSTANT) != column.values).any():
        raise ValueError("must be days, not times within days")
    return Column.times(days, column.missing)


def _as_instant(column: Column, field: Field) -> Column | None:
    if column.kind == "string":
        return _read(column, field)
    if column.kind != "datetime":
        return None
    if not field.zone:
        raise ValueError(f"must be times without a zone, as in training, not in {column.zone}")
    values = column.values if column.zone else times.from_the_wall(column.values, field.zone)
    return replace(column, values=values, zone=field.zone)


def _as_number(column: Column, field: Field) -> Column | None:
    if column.kind not in NUMERIC or "bool" in (field.kind, column.kind):
        return None
    given = column.values if column.missing is None else np.where(column.missing, 0, column.values)
    with np.errstate(invalid="ignore", over="ignore"):  # what does not fit comes back as something else
        values = given.astype(field.kind)
        lossless = np.array_equal(values.astype(given.dtype), given, equal_nan=True)
    return Column(field.kind, values, column.missing) if lossless or field.kind in FLOATS else None


_CASTS: dict[Kind, Callable[[Column, Field], Column | None]] = {
    "category": _as_category,
    "string": _as_text,
    "date": _as_day,
    "datetime": _as_instant,
}
