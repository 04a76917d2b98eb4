"""What the training data of a version looked like, column by column, as its manifest keeps it.

Of each column there are the bins that its rows make up, their counts, and how many values are missing. A number is told
as the edges between bins in six digits, a text only where `FEW` rows share it; levels of categories are in the schema
anyway. Of less data than `LEAST_ROWS` nothing is kept: chance alone would look like drift.
"""

import json
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from triglot.drift.bins import LEVELS, Bins, levelled, parted
from triglot.errors import BadRequest
from triglot.tables.schema import Schema
from triglot.tables.table import NUMERIC, Column, Table

LEAST_ROWS: Final = 100
COLUMNS: Final = 100  # the first ones of a wider table
FEW: Final = 10  # of fewer rows no text is kept, and no number as a level
LONGEST_TEXT: Final = 60
SAMPLE: Final = 20_000  # rows, evenly spaced, that are looked at
_DISTINCT: Final = 10  # values; a column of numbers that has more has edges between them


@dataclass(frozen=True)
class Profile:
    """What a training table looked like: the bins of its columns; `rows` are those that were looked at."""

    rows: int
    columns: tuple[Bins, ...]

    @cached_property
    def mark(self) -> int:
        """A number of 32 bits that is another one where the bins are others."""
        return zlib.crc32(json.dumps(self.to_json(), sort_keys=True).encode())

    def fits(self, schema: Schema) -> bool:
        """Whether rows of a schema can be counted by it."""
        known = {each.name: each for each in schema.fields}
        return all(each.name in known and each.fits(known[each.name]) for each in self.columns)

    def to_json(self) -> dict[str, Any]:
        """Return the profile as JSON values."""
        return {"rows": self.rows, "columns": [column.to_json() for column in self.columns]}

    @classmethod
    def from_json(cls, said: Any) -> Self | None:
        """Return the profile that `to_json` gave; None where there is none, or one that this release does not know."""
        if not isinstance(said, Mapping) or not isinstance(columns := said.get("columns"), Sequence):
            return None
        try:
            return cls(int(said["rows"]), tuple(map(Bins.from_json, columns)))
        except (KeyError, TypeError, ValueError):
            return None


def profile_of(X: Table, schema: Schema, without: Collection[str] = ()) -> Profile | None:
    """Return the profile of a training table; None where it has too few rows.

    without: the columns of which nothing is kept. Raises `BadRequest` where one of them is none of the table's, as what
    was meant would be kept otherwise.
    """
    if unknown := sorted(set(without) - set(X.names)):
        raise BadRequest(f"profile: without: {', '.join(map(repr, unknown))}: the data have no such column")
    if X.rows < LEAST_ROWS:
        return None
    few = X if X.rows <= SAMPLE else X.take(np.arange(0, X.rows, -(-X.rows // SAMPLE)))
    kept = [(name, column) for name, column in zip(few.names, few.columns, strict=True) if name not in without]
    return Profile(few.rows, tuple(_bins(name, column, whole=few is X) for name, column in kept[:COLUMNS]))


def _bins(name: str, column: Column, *, whole: bool) -> Bins:
    """Return the bins of a column, of which `whole` says that all of its rows are here."""
    there = column.take(np.flatnonzero(~column.gaps()))
    missing = len(column) - len(there)
    if column.kind == "category":
        counts = Counter(there.to_list()).most_common(LEVELS)
        return levelled(name, counts, len(there) - _rows(counts), missing, complete=True)
    if column.kind == "string":
        shared = [each for each in Counter(there.to_list()).most_common(LEVELS) if _names_nobody(*each)]
        rest = len(there) - _rows(shared)
        return levelled(name, shared, rest, missing, complete=whole and not rest and bool(shared))
    if column.kind not in NUMERIC:
        return Bins(name, (), None, False, (len(there),), missing)
    values, rows = np.unique(there.values, return_counts=True)
    few = 0 < len(values) <= _DISTINCT and len(values) * FEW <= len(there)
    if few and np.isfinite(values).all():
        return levelled(name, list(zip(values.tolist(), rows.tolist(), strict=True)), 0, missing, complete=whole)
    return parted(name, there.values, missing)


def _rows(counts: Sequence[tuple[Any, int]]) -> int:
    return sum(rows for _, rows in counts)


def _names_nobody(text: str, rows: int) -> bool:
    return rows >= FEW and len(text) <= LONGEST_TEXT
