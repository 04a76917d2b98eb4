"""Tables as Apache Arrow record batches; imported only where a table is not one matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from triglot.errors import BadRequest, ProtocolError
from triglot.tables.table import Array, Column, Kind, Table
from triglot.tables.times import DAY, INSTANT, zone_name

LARGE = 2**20  # bytes
LONGEST_TYPE = 60
SAMPLE = 1_000  # rows by which is judged whether texts come again and again
MOST_TEXT = 2**31 - 1  # bytes of one column: Arrow counts them in 32 bits
_TYPE_OF_KIND: dict[Kind, Any] = {
    "float64": pa.float64(),
    "float32": pa.float32(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "date": pa.date32(),
}
_KIND_OF_TYPE: dict[Any, Kind] = {arrow: kind for kind, arrow in _TYPE_OF_KIND.items()}


def dumps(table: Table) -> memoryview:
    """Return the table as an Arrow IPC stream of one record batch."""
    arrays = [_array(column) for column in table.columns]
    batch = pa.record_batch(arrays, names=list(table.names)) if arrays else _empty(table.rows)
    if batch.nbytes < LARGE:
        sink = pa.BufferOutputStream()
        _write(batch, sink)
        return memoryview(sink.getvalue())
    # a buffer that grows would be copied again and again, so that one is made when the size is known
    size = pa.MockOutputStream()
    _write(batch, size)
    buffer = pa.allocate_buffer(size.size())
    _write(batch, pa.FixedSizeBufferWriter(buffer))
    return memoryview(buffer)


def loads(buffer: Any) -> Table:
    """Return the table of an Arrow IPC stream; raises `ProtocolError` for anything else.

    The buffer is not trusted: the stream is validated in full before a value of it is read.
    """
    try:
        with pa.ipc.open_stream(pa.py_buffer(buffer)) as stream:
            batches = list(stream)
        batch = batches[0] if len(batches) == 1 else pa.Table.from_batches(batches).combine_chunks()
        batch.validate(full=True)
        names = batch.schema.names
        columns = [column(name, batch.column(i)) for i, name in enumerate(names)]
    except (pa.ArrowException, IndexError, ValueError, TypeError, OSError, OverflowError, MemoryError) as error:
        raise ProtocolError(f"not an Arrow stream of a table: {error}") from None
    return Table(names, columns=columns)


def packed(values: Array, missing: Array | None = None, kind: Any = None) -> Any:
    """Return numbers or booleans as an Arrow array of their own type, or of another one of the same bytes.

    So do all here rather than by `pyarrow.array` and `to_numpy`, which import pandas: it takes half a second, and 50 MB
    of a process that needs it for nothing else. missing: which of them are null.
    """
    held = np.packbits(values, bitorder="little") if values.dtype == np.bool_ else np.ascontiguousarray(values)
    present = None if missing is None or not missing.any() else np.packbits(~missing, bitorder="little")
    buffers = [None if present is None else pa.py_buffer(present), pa.py_buffer(held.view(np.uint8))]
    return pa.Array.from_buffers(kind or pa.from_numpy_dtype(values.dtype), len(values), buffers)


def unpacked(array: Any) -> Array:
    """Return the values of an Arrow array of numbers or booleans; what stands where one is null is of no meaning."""
    dtype, held = np.dtype(_KIND_OF_TYPE[array.type]), array.buffers()[1]
    if held is None or not len(array):
        return np.empty(0, dtype)
    if dtype != np.bool_:
        return np.frombuffer(held, dtype, len(array), array.offset * dtype.itemsize)
    first = array.offset // 8
    bits = np.frombuffer(held, np.uint8, (array.offset + len(array) + 7) // 8 - first, first)
    return np.unpackbits(bits, count=array.offset % 8 + len(array), bitorder="little")[array.offset % 8 :].view(
        np.bool_
    )


def _write(batch: Any, sink: Any) -> None:
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)


def _empty(rows: int) -> Any:
    return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, type=pa.struct([])))


def _array(column: Column) -> Any:
    mask = column.missing
    if column.kind == "category":
        codes = packed(column.values.astype(np.int32, copy=False), mask)
        levels = pa.array(column.levels, type=pa.string())
        return pa.DictionaryArray.from_arrays(codes, levels, ordered=column.ordered)
    if column.kind == "datetime":
        return packed(column.values, mask, pa.timestamp("us", tz=column.zone or None))
    if column.kind == "string":
        return text(column)
    values = column.values.astype(np.int32) if column.kind == "date" else column.values
    return packed(values, mask, _TYPE_OF_KIND[column.kind])


def text(column: Column) -> Any:
    """Return a string array; pyarrow's own way through Python's strings takes several times as long."""
    ends, data = column.utf8()
    if ends[-1] > MOST_TEXT:
        raise BadRequest(f"a column holds {ends[-1]:,} bytes of text; send fewer rows at a time")
    present = None if column.missing is None else pa.py_buffer(np.packbits(~column.missing, bitorder="little"))
    offsets = pa.py_buffer(ends.astype(np.int32))
    return pa.StringArray.from_buffers(len(column), offsets, pa.py_buffer(data), present)


def column(name: str, array: Any) -> Column:
    """Return the column of an Arrow array; raises `TypeError`, naming the column, for a type that no kind has."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    missing = unpacked(array.is_null()) if array.null_count else None
    if pa.types.is_dictionary(array.type):
        codes = _without(missing, unpacked(array.indices.cast(pa.int32())), -1)
        levels = array.dictionary.cast(pa.string()).to_pylist()
        if None in levels:
            raise TypeError(f"column {name!r}: a category level is null")
        return Column.category(codes, levels, ordered=array.type.ordered, missing=missing)
    if pa.types.is_timestamp(array.type):
        if array.type.unit != "us":
            try:
                array = array.cast(pa.timestamp("us", tz=array.type.tz))
            except pa.ArrowInvalid:  # it would cut off nanoseconds, or seconds are too many
                wrong = (
                    "finer than a microsecond; round them" if array.type.unit == "ns" else "out of the years 1 to 9999"
                )
                raise TypeError(f"column {name!r} has times {wrong}") from None
        instants = _without(missing, unpacked(array.cast(pa.int64())))
        return Column.times(instants.view(INSTANT), missing, zone_name(array.type.tz))
    if array.type == pa.date32():
        return Column.times(_without(missing, unpacked(array.cast(pa.int32()))).astype(DAY), missing)
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    kind = _KIND_OF_TYPE.get(array.type)
    if kind is None:
        raise TypeError(
            f"column {name!r} is of Arrow type {shown(array.type)}; use one of "
            f"{', '.join(map(str, _KIND_OF_TYPE))}, timestamp[us] or a dictionary of strings"
        )
    if kind == "string":
        return Column(kind, _texts(array if missing is None else array.fill_null("")), missing)
    return Column(kind, _without(missing, unpacked(array)), missing)


def _without(missing: Array | None, values: Array, filler: int = 0) -> Array:
    """Return values with another one where they are missing."""
    return values if missing is None else np.where(missing, values.dtype.type(filler), values)


def shown(kind: Any) -> str:
    """Return the name of an Arrow type, cut off where it is long, as that of nested types may be."""
    text = str(kind)
    return text if len(text) <= LONGEST_TYPE else f"{text[: LONGEST_TYPE - 3]}..."


def matrix(arrays: Sequence[Any], kind: Kind) -> Array | None:
    """Return arrays of one kind of numbers as the column-major matrix that they are in memory, or None.

    They are one where nothing is missing and each begins where the one before it ends, as the columns of a record
    batch do that came as one message. The matrix must not be written into.
    """
    if not arrays or any(array.type != _TYPE_OF_KIND[kind] or array.null_count for array in arrays):
        return None
    dtype = np.dtype(kind)
    buffers = [array.buffers()[1] for array in arrays]
    rows, first = len(arrays[0]), buffers[0]
    starts = [buffer.address + array.offset * dtype.itemsize for buffer, array in zip(buffers, arrays, strict=True)]
    whole = first.parent
    if whole is None or any(start != starts[0] + j * rows * dtype.itemsize for j, start in enumerate(starts)):
        return None
    offset, size = starts[0] - whole.address, rows * len(arrays) * dtype.itemsize
    if offset < 0 or offset + size > whole.size:
        return None  # they lie side by side by chance, and not in one buffer
    values = np.frombuffer(whole, dtype, rows * len(arrays), offset)
    return values.reshape((rows, len(arrays)), order="F")


def _texts(array: Any) -> Array:
    """Return Python's strings; a text that comes again and again is made once."""
    if len(array) > SAMPLE and len(array.slice(0, SAMPLE).unique()) < SAMPLE // 2:
        encoded = array.dictionary_encode()
        distinct = encoded.dictionary.to_numpy(zero_copy_only=False).astype(object, copy=False)
        found: Array = distinct[encoded.indices.to_numpy()]
        return found
    strings: Array = array.to_numpy(zero_copy_only=False).astype(object, copy=False)
    return strings
