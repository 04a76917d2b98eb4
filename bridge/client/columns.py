"""Arrow tables as requests, and answers as Arrow tables; pyarrow comes with the first of them."""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from triglot.errors import BadRequest, Problem

MOST_ROWS: Final = 65_536  # of a record batch
MOST_BYTES: Final = 2**24
NAME: Final = "prediction"
ANY: Final = {b"content": b"json"}  # of a column whose text is JSON


def of_pandas(frame: Any) -> Any:
    """Return the table of a data frame of pandas, without its index."""
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise BadRequest(f"the data frame has columns of the same name: {', '.join(map(repr, twice))}")
    arrays = [_array(name, frame.iloc[:, place], pa) for place, name in enumerate(names)]
    return pa.table(dict(zip(names, arrays, strict=True)))


def _array(name: str, values: Any, pa: Any) -> Any:
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise _wrong(name, f"must be values of one type: {error}") from None


def stream(table: Any) -> bytes:
    """Return a table as an Arrow stream, whose record batches are no larger than a service reads at a time."""
    import pyarrow as pa

    body = io.BytesIO()
    most = max(1, min(MOST_ROWS, table.num_rows * MOST_BYTES // max(1, table.nbytes)))
    with pa.ipc.new_stream(body, table.schema) as written:
        written.write_table(table, max_chunksize=most)
    return body.getvalue()


def read(content: bytes) -> Any:
    """Return the table of an Arrow stream; classes of text are text, as they are in JSON."""
    import pyarrow as pa

    table = pa.ipc.open_stream(content).read_all()
    plain = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(plain, schema=_named(table, plain, pa))


def _named(table: Any, columns: Sequence[Any], pa: Any) -> Any:
    fields = zip(table.schema, columns, strict=True)
    return pa.schema([pa.field(field.name, column.type, metadata=field.metadata) for field, column in fields])


def of_json(result: Sequence[Any], classes: Sequence[Any] | None, *, any_json: bool = False) -> Any:
    """Return the table of a list of answers: of lists a column each, named by `classes` where there are any.

    With `any_json` they are one column, of the text of each.
    """
    import pyarrow as pa

    if any_json:
        texts = pa.array([orjson.dumps(value).decode() for value in result], type=pa.string())
        return pa.table([texts], schema=pa.schema([pa.field(NAME, pa.string(), metadata=ANY)]))
    if classes is None and not (result and isinstance(result[0], list)):
        return pa.table({NAME: _answers(result, pa)})
    width = len(result[0]) if result else len(classes or ())
    names = [f"{NAME}_{place}" for place in range(width)] if classes is None else [*map(_text, classes)]
    parts = zip(*result, strict=True) if result else [()] * width
    return pa.table([_answers(part, pa) for part in parts], names=names)


def values_of_any(table: Any) -> list[Any] | None:
    """Return the values of answers that are any JSON; None where they are not."""
    if table.num_columns != 1 or table.schema.field(0).metadata != ANY:
        return None
    return [None if text is None else orjson.loads(text) for text in table.column(0).to_pylist()]


def _answers(values: Sequence[Any], pa: Any) -> Any:
    """Return answers as an array: of numbers where none is known."""
    array = pa.array(values)
    return array.cast(pa.float64()) if pa.types.is_null(array.type) else array


def _text(label: Any) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def plain(table: Any) -> Mapping[str, list[Any]]:
    """Return the columns of a table as JSON has them.

    Raises:
        BadRequest: a column has values that JSON cannot say; the error names it.
    """
    return {name: _plain(name, column) for name, column in zip(table.column_names, table.columns, strict=True)}


def _plain(name: str, column: Any) -> list[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(name, column.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        column = _microseconds(name, column, pa)
    convert = _converter(name, kind, pa)
    values: list[Any] = column.to_pylist()
    return values if convert is None else [None if value is None else convert(value) for value in values]


def _converter(name: str, kind: Any, pa: Any) -> Callable[[Any], Any] | None:
    """Return how a value of a type is made one of JSON; None where it is one."""
    types = pa.types
    if types.is_floating(kind):
        return lambda value: _finite(name, float(value))
    if types.is_date(kind) or types.is_timestamp(kind):
        return lambda value: value.isoformat()
    if types.is_decimal(kind):
        return str if kind.scale > 0 else int
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    if text or types.is_boolean(kind) or types.is_integer(kind) or types.is_null(kind):
        return None
    raise _wrong(name, f"is of type {kind}; make it numbers, text, truth values, dates or times")


def _finite(name: str, value: float) -> float | None:
    if math.isinf(value):
        raise _wrong(name, "must be finite")
    return None if math.isnan(value) else value


def _microseconds(name: str, column: Any, pa: Any) -> Any:
    try:
        return column.cast(pa.timestamp("us", column.type.tz))
    except pa.ArrowInvalid:
        raise _wrong(name, "has times finer than a microsecond; round them") from None


def _wrong(name: str, message: str) -> BadRequest:
    return BadRequest("this table cannot be sent", [Problem(name, message)])
