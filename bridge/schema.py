"""Schema: the columns a model was fitted on, learnt once, enforced on every request.

`Schema.rows` is the way in for JSON objects: either a whole table comes out, or one `BadRequest` that names every
bad field of every row. Numbers take a fast path; only what it cannot read is looked at field by field.
"""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from triglot.errors import BadRequest, Problem
from triglot.table import NUMERIC, Column, Kind, Table

MAX_PROBLEMS = 50
_TRUE = {"true", "1", "t", "yes"}
_FALSE = {"false", "0", "f", "no"}
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
    """One column: name, kind, its levels if it is a category, and whether a value may be missing."""

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    ordered: bool = False
    nullable: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values, without what is at its default."""
        out: dict[str, Any] = {"name": self.name, "kind": self.kind}
        if self.kind == "category":
            out["levels"] = list(self.levels)
            out["ordered"] = self.ordered
        if self.nullable:
            out["nullable"] = True
        return out


class Schema:
    """The ordered fields of a model's X."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.names = tuple(field.name for field in fields)
        if len(set(self.names)) != len(self.names):
            raise BadRequest(f"column names must differ: {', '.join(self.names)}")
        self._known = frozenset(self.names)
        self._convert = tuple(map(_converter, self.fields))
        self._all_float = all(f.kind == "float64" and not f.nullable for f in self.fields)
        self._values: Callable[[Any], Any] = (
            itemgetter(*self.names) if len(self.names) > 1 else lambda row: tuple(row[n] for n in self.names)
        )

    @classmethod
    def learn(cls, X: Table) -> "Schema":
        """Return the schema of a training table; a column may be missing later if it was missing here."""
        fields = []
        for name, column in zip(X.names, X.columns, strict=True):
            nullable = column.missing is not None and bool(column.missing.any())
            if column.kind in ("float64", "float32"):
                nullable = nullable or bool(np.isnan(column.values).any())
            fields.append(Field(name, column.kind, column.levels, column.ordered, nullable))
        return cls(fields)

    @classmethod
    def from_json(cls, entries: Sequence[Mapping[str, Any]]) -> "Schema":
        """Return the schema that `to_json` gave."""
        return cls(
            [
                Field(
                    entry["name"],
                    entry["kind"],
                    tuple(entry.get("levels", ())),
                    entry.get("ordered", False),
                    entry.get("nullable", False),
                )
                for entry in entries
            ]
        )

    def to_json(self) -> list[dict[str, Any]]:
        """Return the fields as JSON values, in order."""
        return [field.to_json() for field in self.fields]

    def rows(self, rows: Sequence[Any], *, allow_extra: bool = False) -> Table:
        """Return the table of these JSON objects, or raise one `BadRequest` naming every bad field.

        Text that spells a number is a number (query strings are text). With `allow_extra` unknown fields are
        ignored, otherwise they are refused: a misspelt name would pass for a missing value.
        """
        if self._all_float:
            table = self._numbers(rows, allow_extra)
            if table is not None:
                return table
        return self._field_by_field(rows, allow_extra)

    def check(self, table: Table) -> Table:
        """Return the table with this schema's names, order and kinds, or raise `BadRequest`.

        Names may come in any order; numbers are converted where nothing is lost.
        """
        if table.is_matrix and table.names == self.names and self._all_float:
            matrix = table.matrix()
            if matrix.dtype == np.float64:
                return table
        problems = [Problem(name, self._unknown(name)) for name in table.names if name not in self._known]
        problems += [Problem(name, "is there twice") for name in self.names if table.names.count(name) > 1]
        columns: dict[str, Column] = {}
        present = dict(zip(table.names, table.columns, strict=True))
        for field in self.fields:
            if field.name not in present:
                problems.append(Problem(field.name, "is missing"))
                continue
            try:
                columns[field.name] = _cast(present[field.name], field)
            except ValueError as error:
                problems.append(Problem(field.name, str(error)))
        if problems:
            raise BadRequest("the table does not fit the model", problems)
        return Table.of(columns)

    def _numbers(self, rows: Sequence[Any], allow_extra: bool) -> Table | None:
        width = len(self.names)
        try:
            if not allow_extra and any(len(row) != width for row in rows):
                return None
            values = list(map(self._values, rows))
        except (KeyError, TypeError, IndexError):
            return None
        types = {type(value) for value in chain.from_iterable(values)}
        try:
            if types == {str}:  # a query string
                array = np.array([list(map(float, row)) for row in values]).reshape(len(rows), width)
                return Table(self.names, matrix=array) if np.isfinite(array).all() else None
            if types <= {float, int}:
                return Table(self.names, matrix=np.array(values, dtype=np.float64).reshape(len(rows), width))
        except (OverflowError, ValueError):
            return None  # the slow path says which field it is
        return None

    def _field_by_field(self, rows: Sequence[Any], allow_extra: bool) -> Table:
        problems: list[Problem] = []
        columns: list[list[Any]] = [[] for _ in self.fields]
        number = None
        for index, row in enumerate(rows):
            number = index if len(rows) > 1 else None
            if not isinstance(row, Mapping):
                problems.append(Problem("", f"must be an object with the fields {', '.join(self.names)}", number))
                continue
            for field, convert, column in zip(self.fields, self._convert, columns, strict=True):
                try:
                    if field.name not in row:
                        raise ValueError("is missing")
                    value = row[field.name]
                    column.append(convert(value) if value is not None else _missing(field))
                except ValueError as error:
                    problems.append(Problem(field.name, str(error), number))
            if not allow_extra:
                unknown = [str(name) for name in row if name not in self._known]
                problems += [Problem(name, self._unknown(name), number) for name in unknown]
            if len(problems) >= MAX_PROBLEMS:
                break
        if problems:
            raise BadRequest("the request does not fit the model", problems[:MAX_PROBLEMS])
        return (
            Table.of({field.name: _column(field, values) for field, values in zip(self.fields, columns, strict=True)})
            if self.fields
            else Table((), columns=())
        )

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known fields are {', '.join(map(repr, self.names[:20]))}"
        return f"is not a field of this model; {hint}"


def _missing(field: Field) -> Any:
    """Return the missing value of a field that may have one."""
    if not field.nullable:
        raise ValueError("must not be null: nothing was missing in this column when the model was fitted")
    return None


def _converter(field: Field) -> Callable[[Any], Any]:
    if field.kind in ("float64", "float32"):
        return _to_float
    if field.kind in ("int64", "int32"):
        return lambda value: _to_int(value, 63 if field.kind == "int64" else 31)
    if field.kind == "bool":
        return _to_bool
    if field.kind == "category":
        codes = {level: code for code, level in enumerate(field.levels)}
        return lambda value: _to_code(value, codes)
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
            raise ValueError(f"must be a number, not the text {_shown(value)}") from None
        if not math.isfinite(number):
            raise ValueError(f"must be a finite number, not {_shown(value)}")
        return number
    raise ValueError(f"must be a number, not {_JSON_NAME.get(type(value), 'this')}")


def _to_int(value: Any, bits: int) -> int:
    if type(value) is str:
        try:
            value = int(value)
        except ValueError:
            raise ValueError(f"must be a whole number, not the text {_shown(value)}") from None
    elif type(value) is float:
        if not value.is_integer():
            raise ValueError(f"must be a whole number, not {value!r}: it was one when the model was fitted")
        value = int(value)
    elif type(value) is not int:
        raise ValueError(f"must be a whole number, not {_JSON_NAME.get(type(value), 'this')}")
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
        return codes[value if type(value) is str else _level_text(value)]
    except KeyError:
        known = ", ".join(map(repr, list(codes)[:10])) + (", ..." if len(codes) > 10 else "")
        raise ValueError(f"{_shown(value)} is none of the levels {known}") from None


def _level_text(value: Any) -> str:
    if type(value) in (bool, int, float):
        return str(value)
    raise ValueError(f"must be a level's text, not {_JSON_NAME.get(type(value), 'this')}")


def _to_text(value: Any) -> str:
    if type(value) is str:
        return value
    raise ValueError(f"must be text, not {_JSON_NAME.get(type(value), 'this')}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _column(field: Field, values: list[Any]) -> Column:
    missing = np.array([value is None for value in values], dtype=bool)
    mask = missing if missing.any() else None
    if field.kind == "string":
        return Column("string", np.array(values, dtype=object), mask)
    if field.kind in ("float64", "float32"):
        return Column(field.kind, np.array(values, dtype=field.kind))
    filled = [0 if value is None else value for value in values] if mask is not None else values
    if field.kind == "category":
        return Column.category(np.array(filled, dtype=np.int32), field.levels, ordered=field.ordered, missing=mask)
    return Column(field.kind, np.array(filled, dtype=field.kind), mask)


def _cast(column: Column, field: Field) -> Column:
    if not field.nullable and column.missing is not None and column.missing.any():
        raise ValueError("must not be missing: nothing was missing in this column when the model was fitted")
    if column.kind == field.kind and column.levels == field.levels:
        return column
    if field.kind == "category" and column.kind in ("category", "string"):
        convert = _converter(field)
        codes = [0 if value is None else convert(value) for value in column.to_list()]
        return Column.category(
            np.array(codes, dtype=np.int32), field.levels, ordered=field.ordered, missing=column.missing
        )
    if field.kind == "string" and column.kind == "category":
        return Column.strings(column.to_list())
    if field.kind in NUMERIC and column.kind in NUMERIC and "bool" not in (field.kind, column.kind):
        given = column.values if column.missing is None else np.where(column.missing, 0, column.values)
        with np.errstate(invalid="ignore", over="ignore"):  # what does not fit comes back as something else
            values = given.astype(field.kind)
            lossless = np.array_equal(values.astype(given.dtype), given, equal_nan=True)
        if lossless or field.kind in ("float64", "float32"):
            return Column(field.kind, values, column.missing)
    raise ValueError(f"must be of kind {field.kind}, not {column.kind}")
