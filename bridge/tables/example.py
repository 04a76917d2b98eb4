"""A row that stands for a table and is none of it: what documents and forms show of the columns of a model.

Each column is told for itself, in a form that names nobody: a number as the median in three digits, a day as the first
of its month, a text only where many rows share it. Where few rows are known, nothing of them is told.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from triglot.tables import times
from triglot.tables.field import Field, converter
from triglot.tables.schema import Schema
from triglot.tables.table import FLOATS, Column, Table

FEW = 10  # of fewer rows than these nothing is told
LONGEST_TEXT = 60
_ROWS, _CELLS = 20_000, 4_000_000  # looked at; a median of some thousand rows is as good as one of all
_PLAIN: dict[str, Any] = {
    "bool": False,
    "string": "text",
    "date": "2026-01-31",
    "datetime": "2026-01-31T12:00:00",
}


def typical(X: Table) -> list[Any]:
    """Return a typical value of each column, as JSON has it; None where nothing is to be told."""
    most = min(_ROWS, max(FEW, _CELLS // max(1, len(X.names))))
    few = X if X.rows <= most else X.take(np.arange(0, X.rows, -(-X.rows // most)))
    return [_typical(column) for column in few.columns]


def example(schema: Schema, known: Sequence[Any] = ()) -> dict[str, Any]:
    """Return a row that the schema takes: of the known values, one a field, where they are good, else of plain ones."""
    values = known if len(known) == len(schema.fields) else [None] * len(schema.fields)
    return {field.name: _taken(field, value) for field, value in zip(schema.fields, values, strict=True)}


def _typical(column: Column) -> Any:
    there = column.take(np.flatnonzero(~column.gaps()))
    if len(there) < FEW:
        return None
    if column.kind in ("string", "category"):
        text, rows = Counter(there.to_list()).most_common(1)[0]
        return text if rows >= FEW and (column.kind == "category" or len(text) <= LONGEST_TEXT) else None
    middle = np.sort(there.values)[len(there) // 2]
    if column.kind == "bool":
        return bool(middle)
    if column.kind in ("date", "datetime"):
        return _first_of_month(middle, column)
    number = float(f"{middle:.3g}")
    if column.kind not in FLOATS:
        return int(number)
    return number if math.isfinite(number) else None


def _first_of_month(moment: Any, column: Column) -> str:
    first = np.array([moment]).astype("datetime64[M]").astype(times.DAY if column.kind == "date" else times.INSTANT)
    return times.texts(first, column.zone)[0].replace(".000000", "")


def _taken(field: Field, value: Any) -> Any:
    """Return the value if the field takes it, else a plain one; None where it has no level and nothing may stand."""
    if value is not None:
        try:
            converter(field)(value)
            return value
        except ValueError:
            pass
    if field.kind == "category":
        return field.levels[0] if field.levels else None
    plain = _PLAIN.get(field.kind, 0.0 if field.kind in FLOATS else 0)
    return f"{plain}Z" if field.zone else plain
