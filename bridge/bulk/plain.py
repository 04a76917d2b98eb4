"""Arrow arrays as other programs write them, in one of the few types that tables know.

What an array is may be hidden behind how it is written down: extensions, runs, views, codes of whatever width. Its
values are the same without. Decimal numbers become the numbers that JSON has for the same digits.
"""

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute  # whose functions are made when it is imported, which type checkers do not see

DIGITS = 15  # so many every float64 gives back as they were
_WIDER = {
    pa.int8(): pa.int32(),
    pa.int16(): pa.int32(),
    pa.uint8(): pa.int32(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
    pa.large_string(): pa.string(),
    pa.null(): pa.string(),
}


def plain(array: Any) -> Any:
    """Return the same values without extensions, runs and views; of dictionaries only those of text stay.

    These have codes of 32 bits, as every program can read them.
    """
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        storage = plain(array.storage)
        return storage.cast(pa.bool_()) if kind.extension_name == "arrow.bool8" else storage
    if pa.types.is_run_end_encoded(kind):
        # of runs of codes or views pyarrow decodes none
        whole = pa.RunEndEncodedArray.from_arrays(array.run_ends, decoded(array.values))
        return pc.run_end_decode(whole).slice(array.offset, len(array))
    if pa.types.is_dictionary(kind):
        return _coded(array)
    if pa.types.is_string_view(kind):
        return array.cast(pa.string())
    return array.cast(pa.binary()) if pa.types.is_binary_view(kind) else array


def decoded(array: Any) -> Any:
    """Return the same values in a type that every format can hold, if any can."""
    array = plain(array)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def widened(array: Any) -> Any:
    """Return a plain array in the type that tables know for its own; raises `ArrowInvalid` for values beyond that."""
    wider = _WIDER.get(array.type)
    return array if wider is None else array.cast(wider)


def _coded(array: Any) -> Any:
    values = plain(array.dictionary)
    if pa.types.is_large_string(values.type):
        values = values.cast(pa.string())
    if pa.types.is_string(values.type):
        return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), values, ordered=array.type.ordered)
    return values.take(array.indices)


def whole_numbers(array: Any) -> Any:
    """Return decimal numbers as int64; raises `ArrowInvalid` where one has a fraction or is beyond."""
    if pa.types.is_decimal32(array.type):  # of which pyarrow 26 makes no int64: it finds all of them out of bounds
        array = array.cast(pa.decimal64(array.type.precision, array.type.scale))
    return array.cast(pa.int64())


def floats(array: Any) -> tuple[Any, list[int]]:
    """Return decimal numbers as float64, and the rows of those that have more digits than these can hold.

    Text stands between: Arrow's own cast misses the nearest float for one in several, such as 861425.548.
    """
    numbers = array.cast(pa.string()).cast(pa.float64())
    if array.type.precision <= DIGITS:
        return numbers, []
    values = numbers.fill_null(0).to_numpy(zero_copy_only=False)
    long = np.flatnonzero(np.abs(values) >= 10.0 ** (DIGITS - 1 - array.type.scale)).tolist()
    return numbers, [row for row in long if Decimal(repr(float(values[row]))) != array[row].as_py()]
