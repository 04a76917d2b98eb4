"""Tables as addresses that the Julia side reads."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from triglot.errors import BadRequest
from triglot.tables.table import Array, Column, Table, numeric_kind
from triglot.tables.times import DAY, on_the_wall

UNITS = {"date": DAY, "datetime": np.dtype("datetime64[ms]")}  # what Julia counts in


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
    elif column.kind in UNITS:
        # a DateTime has no zone and no microseconds: it shows what clocks showed there, to the millisecond
        values = on_the_wall(column.values, column.zone).astype(UNITS[column.kind]).view(np.int64)
    else:
        values = np.ascontiguousarray(column.values)
    held.append(values)
    if missing is None:
        return [column.kind, values.ctypes.data, 0, extra]
    mask = np.ascontiguousarray(missing)
    held.append(mask)
    return [column.kind, values.ctypes.data, mask.ctypes.data, extra]
