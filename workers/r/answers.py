"""Answers and datasets out of R: copies of R's vectors as arrays, columns and tables. Needs an R that runs."""

from typing import Any

import numpy as np
from rpy2 import rinterface

from triglot.tables.table import Array, Column, Table
from triglot.tables.times import DAY, INSTANT
from triglot.workers.r.memory import DIM, LEVELS, NA_INTEGER, NA_REAL_BITS, TZONE, ffi, lib, view, wrapped

_PAYLOAD = 0xFFFFFFFF  # where R looks for its NA: arithmetic may set bits above
_NAT = -(2**63)


def told(outcome: Any) -> tuple[Any, list[str], list[list[str]]]:
    """Return value, warnings and failure of what `guarded()` tells.

    A failure is message, class and traceback, and where a model met levels that it does not know, names of the column,
    these levels and those that it knows; each is a list of texts.
    """
    cdata = outcome.__sexp__._cdata
    value = wrapped(lib.VECTOR_ELT(cdata, 0))
    warned, failure = lib.VECTOR_ELT(cdata, 1), lib.VECTOR_ELT(cdata, 2)
    warnings = list(wrapped(warned)) if lib.Rf_xlength(warned) else []
    return value, warnings, [[*map(str, part)] for part in wrapped(failure)] if failure != lib.R_NilValue else []


def to_bytes(vector: Any) -> bytes:
    """Return the bytes of an R raw vector."""
    return bytes(ffi.buffer(lib.RAW(vector.__sexp__._cdata), len(vector)))


def to_array(answer: Any) -> Array:
    """Return a copy of an R vector or matrix of integers or doubles.

    rpy2's `memoryview()` would lose a reference to None at each call.
    """
    cdata = answer.__sexp__._cdata
    size = lib.Rf_xlength(cdata)
    dtype = np.float64 if isinstance(answer, rinterface.FloatSexpVector) else np.int32
    values = view(cdata, dtype, size).copy()
    shape = lib.Rf_getAttrib(cdata, DIM)
    if shape == lib.R_NilValue:
        return values
    return values.reshape(tuple(view(shape, np.int32, 2).tolist()), order="F")


def dataset(value: Any) -> tuple[Table, Column | None]:
    """Return copies of what `as_dataset()` gives: the columns under their names, and the target if there is one."""
    names, columns, target = (lib.VECTOR_ELT(value.__sexp__._cdata, i) for i in range(3))
    found = {str(name): _column(lib.VECTOR_ELT(columns, j)) for j, name in enumerate(_texts(names))}
    return Table.of(found), None if target == lib.R_NilValue else _column(target)


def _column(cdata: Any) -> Column:
    """Return a copy of a protected vector or factor; R's NA is missing, NaN is a number."""
    size = lib.Rf_xlength(cdata)
    vector = wrapped(cdata)
    if isinstance(vector, rinterface.StrSexpVector):
        return Column.strings(_texts(cdata))
    if isinstance(vector, rinterface.FloatSexpVector):
        doubles = view(cdata, np.float64, size).copy()
        classes = _texts(lib.Rf_getAttrib(cdata, lib.R_ClassSymbol))
        if "Date" in classes:
            return Column.times(_units(doubles).astype(DAY))
        if "POSIXct" in classes:
            (zone,) = _texts(lib.Rf_getAttrib(cdata, TZONE))
            return Column.times(_units(doubles * 1e6).astype(INSTANT), zone=str(zone))
        gone = np.isnan(doubles) & (doubles.view(np.uint64) & _PAYLOAD == NA_REAL_BITS & _PAYLOAD)
        return Column("float64", doubles, gone if gone.any() else None)
    values = view(cdata, np.int32, size).copy()
    gone = values == NA_INTEGER
    missing = gone if gone.any() else None
    values[gone] = 0
    if isinstance(vector, rinterface.BoolSexpVector):
        return Column("bool", values != 0, missing)
    levels = lib.Rf_getAttrib(cdata, LEVELS)
    if levels == lib.R_NilValue:
        return Column("int32", values, missing)
    ordered = "ordered" in _texts(lib.Rf_getAttrib(cdata, lib.R_ClassSymbol))
    return Column.category(values - 1, [str(level) for level in _texts(levels)], ordered=ordered, missing=missing)


def _units(doubles: Array) -> Array:
    """Return whole days or microseconds, and numpy's word for none where there is none."""
    return np.where(np.isfinite(doubles), np.rint(np.where(np.isfinite(doubles), doubles, 0)), _NAT).astype(np.int64)


def _texts(cdata: Any) -> list[str | None]:
    """Return the texts of a protected character vector of UTF-8; each different one is decoded once."""
    known: dict[Any, str | None] = {lib.R_NaString: None}
    found = []
    for i in range(lib.Rf_xlength(cdata)):
        text = lib.STRING_ELT(cdata, i)
        if text not in known:
            known[text] = ffi.string(lib.R_CHAR(text)).decode()
        found.append(known[text])
    return found
