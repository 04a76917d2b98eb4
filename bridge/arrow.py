"""Tables as Apache Arrow record batches; imported only where a table is not one matrix."""

from typing import Any

import numpy as np
import pyarrow as pa

from triglot.errors import ProtocolError
from triglot.table import Column, Kind, Table
from triglot.times import DAY, INSTANT, zone_name

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
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return memoryview(sink.getvalue())


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
        columns = [_column(name, batch.column(i)) for i, name in enumerate(names)]
    except (pa.ArrowException, IndexError, ValueError, TypeError, OSError, OverflowError, MemoryError) as error:
        raise ProtocolError(f"not an Arrow stream of a table: {error}") from None
    return Table(names, columns=columns)


def _empty(rows: int) -> Any:
    return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, type=pa.struct([])))


def _array(column: Column) -> Any:
    mask = column.missing
    if column.kind == "category":
        codes = pa.array(column.values, type=pa.int32(), mask=mask)
        levels = pa.array(column.levels, type=pa.string())
        return pa.DictionaryArray.from_arrays(codes, levels, ordered=column.ordered)
    if column.kind == "datetime":
        return pa.array(column.values, type=pa.timestamp("us", tz=column.zone or None), mask=mask)
    return pa.array(column.values, type=_TYPE_OF_KIND[column.kind], mask=mask, from_pandas=False)


def _column(name: str, array: Any) -> Column:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    missing = np.asarray(array.is_null().to_numpy(zero_copy_only=False)) if array.null_count else None
    if pa.types.is_dictionary(array.type):
        codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        levels = array.dictionary.cast(pa.string()).to_pylist()
        if None in levels:
            raise TypeError(f"column {name!r}: a category level is null")
        return Column.category(codes, levels, ordered=array.type.ordered, missing=missing)
    if pa.types.is_timestamp(array.type):
        if array.type.unit != "us":
            array = array.cast(pa.timestamp("us", tz=array.type.tz))  # refuses to cut off nanoseconds
        instants = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        return Column.times(instants.view(INSTANT), missing, zone_name(array.type.tz))
    if array.type == pa.date32():
        days = array.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
        return Column.times(days.astype(DAY), missing)
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    kind = _KIND_OF_TYPE.get(array.type)
    if kind is None:
        raise TypeError(
            f"column {name!r} is of Arrow type {array.type}; use one of "
            f"{', '.join(map(str, _KIND_OF_TYPE))}, timestamp[us] or a dictionary of strings"
        )
    if missing is not None:
        array = array.fill_null("" if kind == "string" else False if kind == "bool" else 0)
    values = array.to_numpy(zero_copy_only=False)
    return Column(kind, values.astype(object) if kind == "string" else values, missing)
