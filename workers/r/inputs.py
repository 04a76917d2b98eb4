"""Tables and parameters into R: one copy of a column, through R's C interface.

R may collect its garbage at any allocation, so whatever is not yet part of something protected is put there before
the next allocation. This module needs an R that runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rpy2 import rinterface

from triglot.errors import BadRequest
from triglot.tables.table import EXACT, FLOATS, NUMERIC, Array, Column, Kind, Table, numeric_kind
from triglot.tables.times import DAY
from triglot.workers.r.memory import (
    DIM,
    DIMNAMES,
    LEVELS,
    NA_INTEGER,
    NA_REAL_BITS,
    NAMES,
    ROW_NAMES,
    TZONE,
    ffi,
    kept,
    lib,
    set_attribute,
    view,
    wrapped,
)
from triglot.workers.r.text import MANY, as_text, packed

_INTEGER_MAX = 2**31 - 1
_TEMPLATES = 256

_read_bin, _encoding = rinterface.baseenv["readBin"], rinterface.baseenv["Encoding<-"]
_templates: dict[tuple[str, ...], Any] = {}


def data_frame(table: Table) -> Any:
    """Return an R data.frame of the table's columns, under their very names."""
    frame = lib.Rf_protect(lib.Rf_allocVector(lib.VECSXP, len(table.names)))
    try:
        if table.is_matrix and table.matrix().dtype == np.float64:
            _set_doubles(frame, table.matrix())
        else:
            for j, column in enumerate(_columns(table)):
                _named(table.names[j], _set_column, frame, j, *column)
        set_attribute(frame, NAMES, _strings(table.names))
        rows = lib.Rf_allocVector(lib.INTSXP, 2)
        view(rows, np.int32, 2)[:] = (NA_INTEGER, -table.rows)  # R's own short form of 1..n
        set_attribute(frame, ROW_NAMES, rows)
        set_attribute(frame, lib.R_ClassSymbol, _strings(("data.frame",)))
        return wrapped(frame)
    finally:
        lib.Rf_unprotect(1)


def matrix(table: Table) -> Any:
    """Return an R matrix with the table's column names: integer or logical where all columns are, else double."""
    for name, column in zip(table.names, table.columns, strict=True):
        if column.kind not in NUMERIC:
            raise BadRequest(
                f"column {name!r} is of kind {column.kind} and cannot be part of a matrix; set x to data.frame"
            )
    kinds = {_named(name, _r_type, *column[:3]) for name, column in zip(table.names, _columns(table), strict=True)}
    common = kinds.pop() if len(kinds) == 1 else lib.REALSXP
    size = table.rows * len(table.names)
    whole = lib.Rf_protect(lib.Rf_allocVector(common, size))
    try:
        dtype = np.float64 if common == lib.REALSXP else np.int32
        if size:
            out = view(whole, dtype, size).reshape((table.rows, -1), order="F")
            for j, (_, values, missing, _) in enumerate(_columns(table)):
                _fill(out[:, j], values, missing)
        shape = lib.Rf_allocVector(lib.INTSXP, 2)
        view(shape, np.int32, 2)[:] = (table.rows, len(table.names))
        set_attribute(whole, DIM, shape)
        labels = lib.Rf_protect(lib.Rf_allocVector(lib.VECSXP, 2))
        lib.SET_VECTOR_ELT(labels, 1, _strings(table.names))
        lib.Rf_setAttrib(whole, DIMNAMES, labels)
        lib.Rf_unprotect(1)
        return wrapped(whole)
    finally:
        lib.Rf_unprotect(1)


def _named(name: str, make: Callable[..., Any], *args: Any) -> Any:
    """Return what `make` makes of a column; what it refuses is told with the column's name."""
    try:
        return make(*args)
    except BadRequest as error:
        raise BadRequest(f"column {name!r}: {error}") from None


def numbers(values: Array) -> Any:
    """Return an R vector of the numbers: integer where all fit, else double."""
    vector = _vector(_r_type(numeric_kind(values.dtype), values, None), values, None)
    return kept(vector)


def factor(codes: NDArray[np.int32], levels: Sequence[str]) -> Any:
    """Return an R factor of zero-based codes, with exactly these levels."""
    vector = lib.Rf_protect(_vector(lib.INTSXP, codes, None, shift=1))
    try:
        _make_factor(vector, tuple(levels), ordered=False)
        return wrapped(vector)
    finally:
        lib.Rf_unprotect(1)


def strings(values: Sequence[str]) -> Any:
    """Return an R character vector."""
    return kept(_strings(tuple(values)))


def parameter(value: Any) -> Any:
    """Return the R value of a JSON value: a vector where all items are of one type, else a list."""
    if value is None:
        return rinterface.NULL
    if isinstance(value, Mapping):
        out = rinterface.ListSexpVector([parameter(item) for item in value.values()])
        names = lib.Rf_protect(_strings(tuple(value)))
        lib.Rf_setAttrib(out.__sexp__._cdata, NAMES, names)
        lib.Rf_unprotect(1)
        return out
    items = list(value) if isinstance(value, list | tuple) else [value]
    kinds = {type(item) for item in items if item is not None}
    if kinds == {bool}:
        return rinterface.BoolSexpVector([rinterface.NA_Logical if i is None else i for i in items])
    if kinds == {str}:
        return rinterface.StrSexpVector([rinterface.NA_Character if i is None else as_text(i) for i in items])
    if kinds == {int} and all(i is None or -_INTEGER_MAX <= i <= _INTEGER_MAX for i in items):
        return rinterface.IntSexpVector([rinterface.NA_Integer if i is None else i for i in items])
    if kinds and kinds <= {int, float}:
        return rinterface.FloatSexpVector([rinterface.NA_Real if i is None else float(i) for i in items])
    if isinstance(value, list | tuple):
        return rinterface.ListSexpVector([parameter(item) for item in items])
    raise BadRequest(f"R has no value for a parameter of type {type(value).__name__}")


def raw(blob: bytes) -> Any:
    """Return an R raw vector of the bytes."""
    vector = lib.Rf_allocVector(lib.RAWSXP, len(blob))
    ffi.memmove(lib.RAW(vector), blob, len(blob))
    return kept(vector)


def _columns(table: Table) -> list[tuple[Kind, Array, NDArray[np.bool_] | None, Column | None]]:
    if table.is_matrix:
        whole = table.matrix()
        kind = numeric_kind(whole.dtype)
        return [(kind, whole[:, j], None, None) for j in range(len(table.names))]
    return [(column.kind, column.values, column.missing, column) for column in table.columns]


def _set_doubles(frame: Any, whole: Array) -> None:
    """Write the columns of a column-major matrix of doubles: the path of nearly every request."""
    rows, columns = whole.shape
    size = 8 * rows
    source = ffi.from_buffer(whole.T)
    allocate, address, copy, put = lib.Rf_allocVector, lib.REAL, ffi.memmove, lib.SET_VECTOR_ELT
    for j in range(columns):
        vector = allocate(lib.REALSXP, rows)
        copy(address(vector), source + j * size, size)
        put(frame, j, vector)


def _set_column(
    frame: Any, j: int, kind: Kind, values: Array, missing: NDArray[np.bool_] | None, column: Column | None
) -> None:
    if kind == "string":
        lib.SET_VECTOR_ELT(frame, j, _text_vector(values, missing))
    elif kind == "category":
        assert column is not None
        gone = values < 0 if missing is None else missing | (values < 0)
        vector = _vector(lib.INTSXP, values, gone, shift=1)
        lib.SET_VECTOR_ELT(frame, j, vector)
        _make_factor(vector, column.levels, column.ordered)
    elif kind in ("date", "datetime"):
        assert column is not None
        vector = _vector(lib.REALSXP, _since_1970(values), missing)
        lib.SET_VECTOR_ELT(frame, j, vector)
        set_attribute(vector, lib.R_ClassSymbol, _strings(("Date",) if kind == "date" else ("POSIXct", "POSIXt")))
        if kind == "datetime":  # what a clock of no zone showed is counted as if the clock hung in UTC
            set_attribute(vector, TZONE, _strings((column.zone or "UTC",)))
    else:
        lib.SET_VECTOR_ELT(frame, j, _vector(_r_type(kind, values, missing), values, missing))


def _since_1970(values: Array) -> Array:
    """Return days, or seconds of which the microsecond is the nearest double's."""
    units = values.astype(np.int64)
    return units.astype(np.float64) if values.dtype == DAY else units / 1e6


def _text_vector(values: Array, missing: NDArray[np.bool_] | None) -> Any:
    """Return an R character vector, not protected yet; R itself cuts many texts out of one run of bytes."""
    size = len(values)
    if size < MANY:
        vector = lib.Rf_protect(lib.Rf_allocVector(lib.STRSXP, size))
        try:
            _write_strings(vector, values.tolist(), missing)
        finally:
            lib.Rf_unprotect(1)
        return vector
    bytes_of_all = packed(values, missing)
    whole = raw(bytes_of_all)
    read = _read_bin(whole, "character", size)
    if not bytes_of_all.isascii():
        read = _encoding(read, "UTF-8")
    cdata = read.__sexp__._cdata
    for i in () if missing is None else np.flatnonzero(missing).tolist():
        lib.SET_STRING_ELT(cdata, i, lib.R_NaString)
    return cdata


def _r_type(kind: Kind, values: Array, missing: NDArray[np.bool_] | None) -> int:
    """Return the type of R's vector; integers that R's 32 bits cannot hold become doubles."""
    if kind in FLOATS:
        return int(lib.REALSXP)
    if kind == "bool":
        return int(lib.LGLSXP)
    seen = values if missing is None else values[~missing]
    low, high = (int(seen.min()), int(seen.max())) if len(seen) else (0, 0)
    if low > NA_INTEGER and high <= _INTEGER_MAX:
        return int(lib.INTSXP)
    if low < -EXACT or high > EXACT:
        raise BadRequest(
            f"{high if high > EXACT else low} is beyond 2^53, where R has no exact number for it; make the column text "
            "or a category"
        )
    return int(lib.REALSXP)


def _vector(r_type: int, values: Array, missing: NDArray[np.bool_] | None, shift: int = 0) -> Any:
    """Return an R vector of the values, not protected yet."""
    size = len(values)
    vector = lib.Rf_allocVector(r_type, size)
    if r_type == lib.REALSXP and missing is None and values.dtype == np.float64 and values.flags.c_contiguous:
        ffi.memmove(lib.REAL(vector), ffi.from_buffer(values), 8 * size)
    elif size:
        _fill(view(vector, np.float64 if r_type == lib.REALSXP else np.int32, size), values, missing, shift)
    return vector


def _fill(out: Array, values: Array, missing: NDArray[np.bool_] | None, shift: int = 0) -> None:
    if shift:
        np.add(values, shift, out=out)
    else:
        np.copyto(out, values, casting="unsafe")
    if missing is not None:
        if out.dtype == np.float64:
            out.view(np.uint64)[missing] = NA_REAL_BITS
        else:
            out[missing] = NA_INTEGER


def _make_factor(vector: Any, levels: tuple[str, ...], ordered: bool) -> None:
    """Make a factor of a protected vector of codes; setting slots would leave R's object bit unset."""
    set_attribute(vector, LEVELS, _strings(levels))
    set_attribute(vector, lib.R_ClassSymbol, _strings(("ordered", "factor") if ordered else ("factor",)))


def _strings(values: tuple[str, ...]) -> Any:
    """Return a new R character vector, not protected yet, of names that come again and again."""
    template = _templates.get(values)
    if template is None:
        if len(_templates) >= _TEMPLATES:
            _templates.clear()
        vector = lib.Rf_protect(lib.Rf_allocVector(lib.STRSXP, len(values)))
        try:
            _write_strings(vector, values, None)
            template = _templates[values] = wrapped(vector)
        finally:
            lib.Rf_unprotect(1)
    # A copy, because packages exist that rename columns in place.
    return lib.Rf_duplicate(template.__sexp__._cdata)


def _write_strings(vector: Any, values: Sequence[str], missing: NDArray[np.bool_] | None) -> None:
    """Write text into a protected character vector; equal texts are made once."""
    made: dict[str, Any] = {}
    gone = missing.tolist() if missing is not None else None
    for i, value in enumerate(values):
        if gone is not None and gone[i]:
            lib.SET_STRING_ELT(vector, i, lib.R_NaString)
            continue
        text = made.get(value)
        if text is None:
            data = as_text(value).encode()
            # Part of the vector before anything else is allocated, so it stays while `made` knows it.
            text = made[value] = lib.Rf_mkCharLenCE(data, len(data), lib.CE_UTF8)
        lib.SET_STRING_ELT(vector, i, text)
