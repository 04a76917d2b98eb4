"""Tables as addresses that the Julia side reads; answers and datasets copied out of Julia's memory."""

import ctypes
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from triglot.errors import BadRequest
from triglot.tables.table import NUMERIC, Array, Column, Table, numeric_kind
from triglot.tables.times import DAY, INSTANT, on_the_wall

_UNITS = {"date": DAY, "datetime": np.dtype("datetime64[ms]")}  # what Julia counts in


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The description of X for Julia, and the arrays behind its addresses, to be held while Julia runs."""

    request: list[Any]
    held: list[Array] = field(default_factory=list)

    @classmethod
    def matrix(cls, X: Table, columns: bool) -> "Features":
        """Describe X as one column-major matrix: the table's own memory, or its one transposed copy."""
        try:
            matrix = X.matrix()
        except TypeError as error:
            raise BadRequest(f"x: {error}; leave it out, or set x to table") from None
        if columns:
            matrix = np.asfortranarray(matrix.T)
        return cls(["matrix", numeric_kind(matrix.dtype), matrix.ctypes.data, *matrix.shape], [matrix])

    @classmethod
    def table(cls, X: Table, nullable: Collection[str]) -> "Features":
        """Describe X as named columns; numbers stay where they are.

        The columns of `nullable` have room for `missing` whether or not there is any, because a column of another type
        would be compiled anew.
        """
        held: list[Array] = []
        parts = [_column(column, name in nullable, held) for name, column in zip(X.names, X.columns, strict=True)]
        return cls(["table", list(X.names), parts, X.rows], held)


def target(y: Array) -> tuple[list[Any], Array]:
    """Return the description of y for Julia, and the array to be held while Julia runs."""
    values = np.asfortranarray(y)
    return [numeric_kind(values.dtype), values.ctypes.data, *values.shape], values


def copied(address: int, rows: int, columns: int, nbytes: int, dtype: type[Any]) -> Array:
    """Return a copy of Julia's column-major memory of shape (rows, columns); (rows,) where there is one column."""
    out = np.empty((rows, columns) if columns != 1 else rows, dtype=dtype, order="F")
    if out.nbytes != nbytes:
        raise ValueError("the answer has more than two dimensions")
    ctypes.memmove(out.ctypes.data, address, nbytes)
    return out


def dataset(told: Mapping[str, Any]) -> tuple[Table, Column | None]:
    """Return copies of the columns that the Julia side described, and of the target if there is one."""
    rows = told["rows"]
    columns = {name: _copy(part, rows) for name, part in zip(told["names"], told["columns"], strict=True)}
    target = told["target"]
    return Table.of(columns), None if target is None else _copy(target, rows)


def _copy(part: list[Any], rows: int) -> Column:
    """Return the column of a kind, an address, the address of a mask (0 for none) and what else the kind needs."""
    kind, address, mask, extra = part
    missing = copied(mask, rows, 1, rows, np.bool_) if mask else None
    if kind == "string":
        ends = copied(extra[0], rows + 1, 1, 8 * (rows + 1), np.int64).tolist()
        text = ctypes.string_at(address, extra[1])
        values = [text[start:end].decode() for start, end in pairwise(ends)]
        return Column("string", np.array(values, dtype=object), missing)
    if kind == "category":
        return Column.category(copied(address, rows, 1, 4 * rows, np.int32), extra, missing=missing)
    if kind in ("date", "datetime"):
        counts = copied(address, rows, 1, 8 * rows, np.int64)
        return Column.times(counts.astype(_UNITS[kind]).astype(DAY if kind == "date" else INSTANT), missing)
    dtype = np.dtype(NUMERIC[NUMERIC.index(kind)])
    return Column.numeric(copied(address, rows, 1, dtype.itemsize * rows, dtype.type), missing)


def _column(column: Column, nullable: bool, held: list[Array]) -> list[Any]:
    """Return kind, address, address of the mask (0 for none) and what else the kind needs."""
    missing = np.zeros(len(column), dtype=bool) if nullable and column.missing is None else column.missing
    extra: Any = None
    if column.kind == "string":
        ends, data = column.utf8()
        values = np.frombuffer(data, dtype=np.uint8)
        held.append(ends)
        extra = [ends.ctypes.data, len(values)]
    elif column.kind == "category":
        beyond = (column.values < 0) | (column.values >= len(column.levels))
        missing = beyond if missing is None else missing | beyond
        # a missing place holds any code at all, and Julia indexes with it
        values = np.where(missing, 0, column.values).astype(np.int32)
        missing = missing if nullable or missing.any() else None
        # so that index 0 exists where a column of nothing but missing values has no levels
        extra = list(column.levels) or [""]
    elif column.kind in _UNITS:
        # a DateTime has no zone and no microseconds: it shows what clocks showed there, to the millisecond
        values = on_the_wall(column.values, column.zone).astype(_UNITS[column.kind]).view(np.int64)
    else:
        values = np.ascontiguousarray(column.values)
    held.append(values)
    if missing is None:
        return [column.kind, values.ctypes.data, 0, extra]
    mask = np.ascontiguousarray(missing)
    held.append(mask)
    return [column.kind, values.ctypes.data, mask.ctypes.data, extra]
