"""Tables and parameters into R, answers and datasets out of R: one copy of a column, through R's C interface.

Only numbers and pointers are handled here. R may collect its garbage at any allocation, so whatever is not yet
part of something protected is put there before the next allocation. This module needs an R that runs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rpy2 import rinterface
from rpy2.rinterface_lib import conversion, openrlib

from triglot.errors import BadRequest
from triglot.table import NUMERIC, Array, Column, Kind, Table, numeric_kind

_lib: Any = openrlib.rlib
_ffi: Any = openrlib.ffi

NA_INTEGER = -(2**31)  # R's NA of integers, logicals and factors
_INTEGER_MAX = 2**31 - 1
_NA_REAL_BITS = 0x7FF00000000007A2  # of all NaNs, R knows the one with payload 1954 as NA
_PAYLOAD = 0xFFFFFFFF  # where R looks for it: arithmetic may set bits above
_TEMPLATES = 256

_names, _row_names, _dim, _dimnames, _levels = (
    _lib.Rf_install(name) for name in (b"names", b"row.names", b"dim", b"dimnames", b"levels")
)
_templates: dict[tuple[str, ...], Any] = {}


def data_frame(table: Table) -> Any:
    """Return an R data.frame of the table's columns, under their very names."""
    frame = _lib.Rf_protect(_lib.Rf_allocVector(_lib.VECSXP, len(table.names)))
    try:
        if table.is_matrix and table.matrix().dtype == np.float64:
            _set_doubles(frame, table.matrix())
        else:
            for j, column in enumerate(_columns(table)):
                try:
                    _set_column(frame, j, *column)
                except BadRequest as error:
                    raise BadRequest(f"column {table.names[j]!r}: {error}") from None
        _set(frame, _names, _strings(table.names))
        rows = _lib.Rf_allocVector(_lib.INTSXP, 2)
        _view(rows, np.int32, 2)[:] = (NA_INTEGER, -table.rows)  # R's own short form of 1..n
        _set(frame, _row_names, rows)
        _set(frame, _lib.R_ClassSymbol, _strings(("data.frame",)))
        return _wrapped(frame)
    finally:
        _lib.Rf_unprotect(1)


def matrix(table: Table) -> Any:
    """Return an R matrix with the table's column names: integer or logical where all columns are, else double."""
    for name, column in zip(table.names, table.columns, strict=True):
        if column.kind not in NUMERIC:
            raise BadRequest(
                f"column {name!r} is of kind {column.kind} and cannot be part of a matrix; set x to data.frame"
            )
    kinds = {_r_type(kind, values, missing) for kind, values, missing, _ in _columns(table)}
    common = kinds.pop() if len(kinds) == 1 else _lib.REALSXP
    size = table.rows * len(table.names)
    whole = _lib.Rf_protect(_lib.Rf_allocVector(common, size))
    try:
        dtype = np.float64 if common == _lib.REALSXP else np.int32
        if size:
            out = _view(whole, dtype, size).reshape((table.rows, -1), order="F")
            for j, (_, values, missing, _) in enumerate(_columns(table)):
                _fill(out[:, j], values, missing)
        shape = _lib.Rf_allocVector(_lib.INTSXP, 2)
        _view(shape, np.int32, 2)[:] = (table.rows, len(table.names))
        _set(whole, _dim, shape)
        labels = _lib.Rf_protect(_lib.Rf_allocVector(_lib.VECSXP, 2))
        _lib.SET_VECTOR_ELT(labels, 1, _strings(table.names))
        _lib.Rf_setAttrib(whole, _dimnames, labels)
        _lib.Rf_unprotect(1)
        return _wrapped(whole)
    finally:
        _lib.Rf_unprotect(1)


def numbers(values: Array) -> Any:
    """Return an R vector of the numbers: integer where all fit, else double."""
    vector = _vector(_r_type(numeric_kind(values.dtype), values, None), values, None)
    return _kept(vector)


def factor(codes: NDArray[np.int32], levels: Sequence[str]) -> Any:
    """Return an R factor of zero-based codes, with exactly these levels."""
    vector = _lib.Rf_protect(_vector(_lib.INTSXP, codes, None, shift=1))
    try:
        _make_factor(vector, tuple(levels), ordered=False)
        return _wrapped(vector)
    finally:
        _lib.Rf_unprotect(1)


def strings(values: Sequence[str]) -> Any:
    """Return an R character vector."""
    return _kept(_strings(tuple(values)))


def parameter(value: Any) -> Any:
    """Return the R value of a JSON value: a vector where all items are of one type, else a list."""
    if value is None:
        return rinterface.NULL
    if isinstance(value, Mapping):
        out = rinterface.ListSexpVector([parameter(item) for item in value.values()])
        names = _lib.Rf_protect(_strings(tuple(value)))
        _lib.Rf_setAttrib(out.__sexp__._cdata, _names, names)
        _lib.Rf_unprotect(1)
        return out
    items = list(value) if isinstance(value, list | tuple) else [value]
    kinds = {type(item) for item in items if item is not None}
    if kinds == {bool}:
        return rinterface.BoolSexpVector([rinterface.NA_Logical if i is None else i for i in items])
    if kinds == {str}:
        return rinterface.StrSexpVector([rinterface.NA_Character if i is None else _text(i) for i in items])
    if kinds == {int} and all(i is None or -_INTEGER_MAX <= i <= _INTEGER_MAX for i in items):
        return rinterface.IntSexpVector([rinterface.NA_Integer if i is None else i for i in items])
    if kinds and kinds <= {int, float}:
        return rinterface.FloatSexpVector([rinterface.NA_Real if i is None else float(i) for i in items])
    if isinstance(value, list | tuple):
        return rinterface.ListSexpVector([parameter(item) for item in items])
    raise BadRequest(f"R has no value for a parameter of type {type(value).__name__}")


def raw(blob: bytes) -> Any:
    """Return an R raw vector of the bytes."""
    vector = _lib.Rf_allocVector(_lib.RAWSXP, len(blob))
    _ffi.memmove(_lib.RAW(vector), blob, len(blob))
    return _kept(vector)


def told(outcome: Any) -> tuple[Any, list[str], list[str]]:
    """Return value, warnings and failure (message, class, traceback; or nothing) of what `guarded()` tells."""
    cdata = outcome.__sexp__._cdata
    value = _wrapped(_lib.VECTOR_ELT(cdata, 0))
    warned, failure = _lib.VECTOR_ELT(cdata, 1), _lib.VECTOR_ELT(cdata, 2)
    warnings = list(_wrapped(warned)) if _lib.Rf_xlength(warned) else []
    return value, warnings, [str(part[0]) for part in _wrapped(failure)] if failure != _lib.R_NilValue else []


def to_bytes(vector: Any) -> bytes:
    """Return the bytes of an R raw vector."""
    return bytes(_ffi.buffer(_lib.RAW(vector.__sexp__._cdata), len(vector)))


def to_array(answer: Any) -> Array:
    """Return a copy of an R vector or matrix of integers or doubles.

    rpy2's `memoryview()` would lose a reference to None at each call.
    """
    cdata = answer.__sexp__._cdata
    size = _lib.Rf_xlength(cdata)
    dtype = np.float64 if isinstance(answer, rinterface.FloatSexpVector) else np.int32
    values = _view(cdata, dtype, size).copy()
    shape = _lib.Rf_getAttrib(cdata, _dim)
    if shape == _lib.R_NilValue:
        return values
    return values.reshape(tuple(_view(shape, np.int32, 2).tolist()), order="F")


def dataset(value: Any) -> tuple[Table, Column | None]:
    """Return copies of what `as_dataset()` gives: the columns under their names, and the target if there is one."""
    names, columns, target = (_lib.VECTOR_ELT(value.__sexp__._cdata, i) for i in range(3))
    found = {str(name): _column(_lib.VECTOR_ELT(columns, j)) for j, name in enumerate(_texts(names))}
    return Table.of(found), None if target == _lib.R_NilValue else _column(target)


def _column(cdata: Any) -> Column:
    """Return a copy of a protected vector or factor; R's NA is missing, NaN is a number."""
    size = _lib.Rf_xlength(cdata)
    vector = _wrapped(cdata)
    if isinstance(vector, rinterface.StrSexpVector):
        return Column.strings(_texts(cdata))
    if isinstance(vector, rinterface.FloatSexpVector):
        doubles = _view(cdata, np.float64, size).copy()
        gone = np.isnan(doubles) & (doubles.view(np.uint64) & _PAYLOAD == _NA_REAL_BITS & _PAYLOAD)
        return Column("float64", doubles, gone if gone.any() else None)
    values = _view(cdata, np.int32, size).copy()
    gone = values == NA_INTEGER
    missing = gone if gone.any() else None
    values[gone] = 0
    if isinstance(vector, rinterface.BoolSexpVector):
        return Column("bool", values != 0, missing)
    levels = _lib.Rf_getAttrib(cdata, _levels)
    if levels == _lib.R_NilValue:
        return Column("int32", values, missing)
    ordered = "ordered" in _texts(_lib.Rf_getAttrib(cdata, _lib.R_ClassSymbol))
    return Column.category(values - 1, [str(level) for level in _texts(levels)], ordered=ordered, missing=missing)


def _texts(cdata: Any) -> list[str | None]:
    """Return the texts of a protected character vector of UTF-8; each different one is decoded once."""
    known: dict[Any, str | None] = {_lib.R_NaString: None}
    found = []
    for i in range(_lib.Rf_xlength(cdata)):
        text = _lib.STRING_ELT(cdata, i)
        if text not in known:
            known[text] = _ffi.string(_lib.R_CHAR(text)).decode()
        found.append(known[text])
    return found


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
    source = _ffi.from_buffer(whole.T)
    allocate, address, copy, put = _lib.Rf_allocVector, _lib.REAL, _ffi.memmove, _lib.SET_VECTOR_ELT
    for j in range(columns):
        vector = allocate(_lib.REALSXP, rows)
        copy(address(vector), source + j * size, size)
        put(frame, j, vector)


def _set_column(
    frame: Any, j: int, kind: Kind, values: Array, missing: NDArray[np.bool_] | None, column: Column | None
) -> None:
    if kind == "string":
        vector = _lib.Rf_allocVector(_lib.STRSXP, len(values))
        _lib.SET_VECTOR_ELT(frame, j, vector)
        _write_strings(vector, values.tolist(), missing)
    elif kind == "category":
        assert column is not None
        gone = values < 0 if missing is None else missing | (values < 0)
        vector = _vector(_lib.INTSXP, values, gone, shift=1)
        _lib.SET_VECTOR_ELT(frame, j, vector)
        _make_factor(vector, column.levels, column.ordered)
    else:
        _lib.SET_VECTOR_ELT(frame, j, _vector(_r_type(kind, values, missing), values, missing))


def _r_type(kind: Kind, values: Array, missing: NDArray[np.bool_] | None) -> int:
    """Return the type of R's vector; integers that R's 32 bits cannot hold become doubles."""
    if kind in ("float64", "float32"):
        return int(_lib.REALSXP)
    if kind == "bool":
        return int(_lib.LGLSXP)
    seen = values if missing is None else values[~missing]
    fits = not len(seen) or (seen.min() > NA_INTEGER and seen.max() <= _INTEGER_MAX)
    return int(_lib.INTSXP if fits else _lib.REALSXP)


def _vector(r_type: int, values: Array, missing: NDArray[np.bool_] | None, shift: int = 0) -> Any:
    """Return an R vector of the values, not protected yet."""
    size = len(values)
    vector = _lib.Rf_allocVector(r_type, size)
    if r_type == _lib.REALSXP and missing is None and values.dtype == np.float64 and values.flags.c_contiguous:
        _ffi.memmove(_lib.REAL(vector), _ffi.from_buffer(values), 8 * size)
    elif size:
        _fill(_view(vector, np.float64 if r_type == _lib.REALSXP else np.int32, size), values, missing, shift)
    return vector


def _fill(out: Array, values: Array, missing: NDArray[np.bool_] | None, shift: int = 0) -> None:
    if shift:
        np.add(values, shift, out=out)
    else:
        np.copyto(out, values, casting="unsafe")
    if missing is not None:
        if out.dtype == np.float64:
            out.view(np.uint64)[missing] = _NA_REAL_BITS
        else:
            out[missing] = NA_INTEGER


def _view(cdata: Any, dtype: type[np.float64] | type[np.int32], size: int) -> Array:
    """Return R's own memory as an array, good until the vector is collected."""
    if size == 0:
        return np.empty(0, dtype)
    # LOGICAL and INTEGER are the same to C, but each refuses the other's vectors.
    address = _lib.REAL(cdata) if dtype is np.float64 else _ffi.cast("int *", _lib.DATAPTR(cdata))
    return np.frombuffer(_ffi.buffer(address, size * (8 if dtype is np.float64 else 4)), dtype)


def _make_factor(vector: Any, levels: tuple[str, ...], ordered: bool) -> None:
    """Make a factor of a protected vector of codes; setting slots would leave R's object bit unset."""
    _set(vector, _levels, _strings(levels))
    _set(vector, _lib.R_ClassSymbol, _strings(("ordered", "factor") if ordered else ("factor",)))


def _strings(values: tuple[str, ...]) -> Any:
    """Return a new R character vector, not protected yet, of names that come again and again."""
    template = _templates.get(values)
    if template is None:
        if len(_templates) >= _TEMPLATES:
            _templates.clear()
        vector = _lib.Rf_protect(_lib.Rf_allocVector(_lib.STRSXP, len(values)))
        try:
            _write_strings(vector, values, None)
            template = _templates[values] = _wrapped(vector)
        finally:
            _lib.Rf_unprotect(1)
    # A copy, because packages exist that rename columns in place.
    return _lib.Rf_duplicate(template.__sexp__._cdata)


def _write_strings(vector: Any, values: Sequence[str], missing: NDArray[np.bool_] | None) -> None:
    """Write text into a protected character vector; equal texts are made once."""
    made: dict[str, Any] = {}
    gone = missing.tolist() if missing is not None else None
    for i, value in enumerate(values):
        if gone is not None and gone[i]:
            _lib.SET_STRING_ELT(vector, i, _lib.R_NaString)
            continue
        text = made.get(value)
        if text is None:
            data = _text(value).encode()
            # Part of the vector before anything else is allocated, so it stays while `made` knows it.
            text = made[value] = _lib.Rf_mkCharLenCE(data, len(data), _lib.CE_UTF8)
        _lib.SET_STRING_ELT(vector, i, text)


def _text(value: str) -> str:
    if "\0" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
        raise BadRequest(f"R cannot hold the text {value!r}: it contains a NUL or half a surrogate pair")
    return value


def _set(vector: Any, symbol: Any, attribute: Any) -> None:
    """Set an attribute that is not protected yet on a vector that is."""
    _lib.Rf_protect(attribute)
    _lib.Rf_setAttrib(vector, symbol, attribute)
    _lib.Rf_unprotect(1)


def _wrapped(cdata: Any) -> Any:
    """Return a protected value as an object that keeps it from R's collector."""
    return conversion._cdata_to_rinterface(cdata)


def _kept(cdata: Any) -> Any:
    """Return a value that is not protected yet as an object that keeps it from R's collector."""
    _lib.Rf_protect(cdata)
    try:
        return _wrapped(cdata)
    finally:
        _lib.Rf_unprotect(1)
