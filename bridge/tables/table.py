"""Table: named, typed, equally long columns with explicit missing values; the unit that crosses every border.

A table of one numeric type is kept as a single column-major matrix, so that it crosses the wire as one buffer
and reaches numpy and Julia as it lies there. Everything else is a tuple of `Column`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from triglot.errors import BadRequest
from triglot.tables import times

Kind: TypeAlias = Literal["float64", "float32", "int64", "int32", "bool", "string", "category", "date", "datetime"]
Array: TypeAlias = NDArray[Any]

FLOATS: tuple[Kind, ...] = ("float64", "float32")
WHOLE: tuple[Kind, ...] = ("int64", "int32")
NUMERIC: tuple[Kind, ...] = (*FLOATS, *WHOLE, "bool")
EXACT = 2**53  # up to here every whole number is a float64
_KIND_OF_DTYPE: dict[np.dtype[Any], Kind] = {np.dtype(kind): kind for kind in NUMERIC}


def numeric_kind(dtype: np.dtype[Any]) -> Kind:
    """Return the kind that stands for a numpy dtype; raises `TypeError` for one that no column can have."""
    try:
        return _KIND_OF_DTYPE[dtype]
    except KeyError:
        raise TypeError(f"no column holds numpy's {dtype}; use one of {', '.join(NUMERIC)}") from None


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of n values.

    `values` has shape (n,): the kind's own dtype, `object` holding `str` for "string", int32 codes into `levels`
    for "category", days for "date", microseconds for "datetime" (`triglot.tables.times`): of UTC where the column has a
    `zone`, else what a clock on the wall showed. `missing` is a boolean mask of shape (n,), or None where nothing is
    missing; what `values` holds at a missing place means nothing, but for `field.UNSEEN` of a category. A NaN of a
    float column is a number, not a missing value.
    """

    kind: Kind
    values: Array
    missing: NDArray[np.bool_] | None = None
    levels: tuple[str, ...] = ()
    ordered: bool = False
    zone: str = ""

    @classmethod
    def numeric(cls, values: Array, missing: NDArray[np.bool_] | None = None) -> "Column":
        """Return a column of numbers or booleans of the array's own type."""
        return cls(numeric_kind(values.dtype), values, missing)

    @classmethod
    def times(cls, values: Array, missing: NDArray[np.bool_] | None = None, zone: str = "") -> "Column":
        """Return a column of numpy's `datetime64[D]` or `datetime64[us]`; what is not a time is missing."""
        gone = np.isnat(values) if missing is None else missing | np.isnat(values)
        if gone.any():
            values = np.where(gone, np.zeros((), values.dtype), values)
        return cls("date" if values.dtype == times.DAY else "datetime", values, gone if gone.any() else None, zone=zone)

    @classmethod
    def strings(cls, values: Iterable[str | None]) -> "Column":
        """Return a column of text; None is a missing value."""
        array = np.array(list(values), dtype=object)
        missing = np.array([value is None for value in array], dtype=bool)
        return cls("string", array, missing if missing.any() else None)

    @classmethod
    def category(
        cls,
        codes: Array,
        levels: Sequence[str],
        *,
        ordered: bool = False,
        missing: NDArray[np.bool_] | None = None,
    ) -> "Column":
        """Return a column of zero-based codes into `levels`."""
        return cls("category", codes.astype(np.int32, copy=False), missing, tuple(levels), ordered)

    def __len__(self) -> int:
        return len(self.values)

    def utf8(self) -> tuple[NDArray[np.int64], bytes]:
        """Return text as Arrow and Julia have it: where each value starts and the last one ends, and all bytes.

        A missing value is empty; half a surrogate pair, which JSON can say, is told by its escape.
        """
        texts = self.values.tolist()
        if self.missing is not None:
            texts = ["" if gone else text for text, gone in zip(texts, self.missing.tolist(), strict=True)]
        whole = "".join(texts)
        if whole.isascii():
            data, sizes = whole.encode(), map(len, texts)
        else:
            encoded = [text.encode("utf-8", "backslashreplace") for text in texts]
            data, sizes = b"".join(encoded), map(len, encoded)
        ends = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(sizes, np.int64, len(texts)), out=ends[1:])
        return ends, data

    def slice(self, start: int, stop: int) -> "Column":
        """Return rows start to stop without copying."""
        missing = None if self.missing is None else self.missing[start:stop]
        return replace(self, values=self.values[start:stop], missing=missing)

    def take(self, rows: Array) -> "Column":
        """Return a copy of the rows of these indexes, in their order."""
        missing = None if self.missing is None else self.missing[rows]
        return replace(self, values=self.values[rows], missing=missing)

    def gaps(self) -> NDArray[np.bool_]:
        """Return which values are missing, or no numbers."""
        gone = np.zeros(len(self), dtype=bool) if self.missing is None else self.missing
        return gone | np.isnan(self.values) if self.kind in FLOATS else gone

    def to_list(self) -> list[Any]:
        """Return plain Python values: a missing value and NaN are None, a category its level, a time ISO 8601 text."""
        if self.kind == "category":
            codes = self.values if self.missing is None else np.where(self.missing, -1, self.values)
            out: list[Any] = [self.levels[code] if code >= 0 else None for code in codes.tolist()]
        elif self.kind in ("date", "datetime"):
            out = times.texts(self.values, self.zone)
        else:
            out = self.values.tolist()
            if self.kind in FLOATS:
                out = [None if value != value else value for value in out]
        if self.missing is not None:
            out = [None if gone else value for value, gone in zip(out, self.missing.tolist(), strict=True)]
        return out


class Table:
    """An immutable set of named columns of equal length; see the module's first lines."""

    __slots__ = ("_columns", "_matrix", "names", "rows")

    def __init__(
        self,
        names: Sequence[str],
        *,
        matrix: Array | None = None,
        columns: Sequence[Column] | None = None,
    ) -> None:
        self.names = tuple(names)
        if matrix is not None:
            if matrix.ndim != 2 or matrix.shape[1] != len(self.names):
                raise ValueError(f"a matrix of shape (rows, {len(self.names)}) is needed, not {matrix.shape}")
            numeric_kind(matrix.dtype)
            self.rows = int(matrix.shape[0])
        else:
            lengths = {len(column) for column in columns or ()}
            if len(columns or ()) != len(self.names) or len(lengths) > 1:
                raise ValueError("columns must be as many as their names, and all of one length")
            self.rows = lengths.pop() if lengths else 0
        self._matrix = matrix
        self._columns = None if columns is None else tuple(columns)

    @classmethod
    def of(cls, columns: Mapping[str, Column]) -> "Table":
        """Return a table of these columns, as one matrix where they are all of one numeric kind."""
        table = cls(tuple(columns), columns=tuple(columns.values()))
        kinds = {column.kind for column in columns.values()}
        if len(kinds) == 1 and kinds < set(NUMERIC) and all(c.missing is None for c in columns.values()):
            return cls(table.names, matrix=_stack([column.values for column in columns.values()]))
        return table

    def _rows_of(self, matrix: Array) -> "Table":
        """Return a table like this one, a matrix of the same dtype and names, whose rows are these."""
        table = object.__new__(Table)
        table.names, table.rows, table._matrix, table._columns = self.names, len(matrix), matrix, None
        return table

    @property
    def is_matrix(self) -> bool:
        """True where the whole table is one matrix of one numeric dtype."""
        return self._matrix is not None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns; views of the matrix where there is one."""
        if self._columns is None:
            assert self._matrix is not None
            kind = numeric_kind(self._matrix.dtype)
            self._columns = tuple(Column(kind, self._matrix[:, j]) for j in range(len(self.names)))
        return self._columns

    def matrix(self) -> Array:
        """Return the (rows, columns) matrix in column-major order; the table's own memory where it is one.

        Numeric columns of several kinds become float64, missing values NaN. Raises `TypeError`, naming the
        column, where one is no number, and `BadRequest` where a whole number is too large for a float64.
        """
        if self._matrix is not None:
            return np.asfortranarray(self._matrix)
        arrays = []
        for name, column in zip(self.names, self.columns, strict=True):
            if column.kind not in NUMERIC:
                raise TypeError(f"column {name!r} is of kind {column.kind} and cannot be part of a matrix")
            arrays.append(column.values if column.missing is None else doubles(name, column))
        if not arrays:
            return np.empty((self.rows, 0), dtype=np.float64, order="F")
        if len({array.dtype for array in arrays}) > 1:
            arrays = [doubles(name, column) for name, column in zip(self.names, self.columns, strict=True)]
        return _stack(arrays)

    def renamed(self, names: Sequence[str]) -> "Table":
        """Return the same columns under other names, in order."""
        return Table(names, matrix=self.matrix()) if self.is_matrix else Table(names, columns=self.columns)

    def slice(self, start: int, stop: int) -> "Table":
        """Return rows start to stop without copying."""
        if self._matrix is not None:
            return self._rows_of(self._matrix[start:stop])
        return Table(self.names, columns=[column.slice(start, stop) for column in self.columns])

    def take(self, rows: Array) -> "Table":
        """Return a copy of the rows of these indexes, in their order."""
        if self._matrix is not None:
            return self._rows_of(np.asfortranarray(self._matrix[rows]))
        return Table(self.names, columns=[column.take(rows) for column in self.columns])

    def gaps(self) -> NDArray[np.bool_]:
        """Return which rows lack a value."""
        found = np.zeros(self.rows, dtype=bool)
        for column in self.columns:
            found |= column.gaps()
        return found

    @staticmethod
    def concat(tables: Sequence["Table"]) -> "Table":
        """Return the rows of all tables, in order; their names, kinds and levels must be the same."""
        first = tables[0]
        if len(tables) == 1:
            return first
        signature = first.signature()
        if any(table.signature() != signature for table in tables):
            raise ValueError("only tables with the same names, kinds and levels can be joined")
        matrices = [table._matrix for table in tables if table._matrix is not None]
        if matrices:  # they are alike, so either all are or none is
            out = np.empty((sum(map(len, matrices)), len(first.names)), dtype=matrices[0].dtype, order="F")
            return first._rows_of(np.concatenate(matrices, out=out))
        columns = []
        for j, column in enumerate(first.columns):
            parts = [table.columns[j] for table in tables]
            missing = None
            if any(part.missing is not None for part in parts):
                missing = np.concatenate(
                    [np.zeros(len(p), dtype=bool) if p.missing is None else p.missing for p in parts]
                )
            columns.append(replace(column, values=np.concatenate([part.values for part in parts]), missing=missing))
        return Table(first.names, columns=columns)

    def signature(self) -> tuple[Any, ...]:
        """Return what two tables must share to be joined: names, kinds, levels."""
        if self._matrix is not None:
            return (self.names, self._matrix.dtype.str)
        return (self.names, tuple((c.kind, c.levels, c.ordered, c.zone) for c in self.columns))

    def __repr__(self) -> str:
        return f"Table({self.rows} rows: {', '.join(self.names)})"


def doubles(name: str, column: Column) -> Array:
    """Return numbers or booleans as float64, missing values as NaN; raises `BadRequest` where one is not exact."""
    values = column.values
    if column.kind == "int64":
        seen = values if column.missing is None else values[~column.missing]
        if seen.size and (seen.max() > EXACT or seen.min() < -EXACT):
            found = int(seen.max() if seen.max() > EXACT else seen.min())
            raise BadRequest(
                f"column {name!r}: {found} is beyond 2^53, where not every whole number has a float64; make the column "
                "text or a category"
            )
    values = values.astype(np.float64, copy=False)
    return values if column.missing is None else np.where(column.missing, np.nan, values)


def _stack(arrays: Sequence[Array]) -> Array:
    out = np.empty((len(arrays[0]), len(arrays)), dtype=arrays[0].dtype, order="F")
    for j, array in enumerate(arrays):
        out[:, j] = array
    return out
