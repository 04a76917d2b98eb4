"""Answers and datasets, copied out of Julia's memory."""

import ctypes
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from triglot.tables.table import NUMERIC, Array, Column, Table
from triglot.tables.times import DAY, INSTANT
from triglot.workers.julia.inputs import UNITS


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
        return Column.times(counts.astype(UNITS[kind]).astype(DAY if kind == "date" else INSTANT), missing)
    dtype = np.dtype(NUMERIC[NUMERIC.index(kind)])
    return Column.numeric(copied(address, rows, 1, dtype.itemsize * rows, dtype.type), missing)
