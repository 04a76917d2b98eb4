"""Rows that a model answers with what is no number: counted and named, so that a score of the others is none of all."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from triglot.tables.json_answers import is_json
from triglot.tables.schema import Schema
from triglot.tables.table import FLOATS, Array, Table

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Unanswered:
    """How many of how many rows have NaN or infinity as their answer, and the numbers of the first, counted from 1.

    `surprising` is how many of these rows lack nothing themselves; for others many models of R answer NA.
    """

    count: int = 0
    of: int = 0
    first: tuple[int, ...] = ()
    surprising: int = 0

    @classmethod
    def among(cls, answers: Array, X: Table, places: Array | None = None) -> "Unanswered":
        """Return what is known of these answers to X, whose rows are at these places among the data."""
        gone = unanswered(answers)
        rows = ((np.arange(X.rows) if places is None else places)[gone] + 1).tolist()
        return cls(len(rows), X.rows, tuple(rows[:SHOWN]), int((gone & ~X.gaps()).sum()))

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        rows = f"{', '.join(map(str, self.first))}{', ...' if self.count > len(self.first) else ''}"
        return f"{self.count:,} of {self.of:,} answers are no numbers: row{'s' * (self.count > 1)} {rows}"


def unanswered(answers: Array) -> Array:
    """Return which rows of answers, of shape (rows,) or (rows, outputs), hold what is no finite number.

    Any JSON is an answer.
    """
    if is_json(answers):
        return np.zeros(len(answers), dtype=bool)
    finite = np.isfinite(np.asarray(answers, dtype=np.float64))
    return np.asarray(~finite if finite.ndim == 1 else ~finite.all(axis=1))


def askable(X: Table, schema: Schema) -> Array:
    """Return the indexes of the rows that callers could send: whole where they must be, and without infinity."""
    bad = np.zeros(X.rows, dtype=bool)
    for field, column in zip(schema.fields, X.columns, strict=True):
        if not field.nullable:
            bad |= column.gaps()
        if column.kind in FLOATS:
            bad |= np.isinf(column.values)
    return np.flatnonzero(~bad)


def closed(X: Table, schema: Schema) -> list[str]:
    """Return the columns of training data that had gaps, and must have a value because the model fails on them."""
    pairs = zip(schema.fields, X.columns, strict=True)
    return [field.name for field, column in pairs if not field.nullable and column.gaps().any()]


def rows_of(values: Any, rows: Array) -> Any:
    """Return rows of a target, or of data, whatever they are held in."""
    if hasattr(values, "take") and not isinstance(values, np.ndarray):  # a Series keeps its levels, a Column as well
        return values.take(rows)
    return np.asarray(values)[rows]
