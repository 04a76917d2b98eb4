"""R's memory as Python sees it: symbols, views of vectors, and what keeps a value from R's collector.

Only numbers and pointers are handled here. R may collect its garbage at any allocation, so whatever is not yet
part of something protected is put there before the next allocation. This module needs an R that runs.
"""

from typing import Any

import numpy as np
from rpy2.rinterface_lib import conversion, openrlib

from triglot.tables.table import Array

lib: Any = openrlib.rlib
ffi: Any = openrlib.ffi

NA_INTEGER = -(2**31)  # R's NA of integers, logicals and factors
NA_REAL_BITS = 0x7FF00000000007A2  # of all NaNs, R knows the one with payload 1954 as NA

NAMES, ROW_NAMES, DIM, DIMNAMES, LEVELS, TZONE = (
    lib.Rf_install(name) for name in (b"names", b"row.names", b"dim", b"dimnames", b"levels", b"tzone")
)


def view(cdata: Any, dtype: type[np.float64] | type[np.int32], size: int) -> Array:
    """Return R's own memory as an array, good until the vector is collected."""
    if size == 0:
        return np.empty(0, dtype)
    # LOGICAL and INTEGER are the same to C, but each refuses the other's vectors.
    address = lib.REAL(cdata) if dtype is np.float64 else ffi.cast("int *", lib.DATAPTR(cdata))
    return np.frombuffer(ffi.buffer(address, size * (8 if dtype is np.float64 else 4)), dtype)


def set_attribute(vector: Any, symbol: Any, attribute: Any) -> None:
    """Set an attribute that is not protected yet on a vector that is."""
    lib.Rf_protect(attribute)
    lib.Rf_setAttrib(vector, symbol, attribute)
    lib.Rf_unprotect(1)


def wrapped(cdata: Any) -> Any:
    """Return a protected value as an object that keeps it from R's collector."""
    return conversion._cdata_to_rinterface(cdata)


def kept(cdata: Any) -> Any:
    """Return a value that is not protected yet as an object that keeps it from R's collector."""
    lib.Rf_protect(cdata)
    try:
        return wrapped(cdata)
    finally:
        lib.Rf_unprotect(1)
