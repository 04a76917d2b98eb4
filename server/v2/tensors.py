"""Named tensors become the table that a model was fitted on: an input a column, or one input for all of them."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from triglot.errors import BadRequest, Problem, TooLarge
from triglot.server.v2.datatypes import (
    BOOL,
    BYTES,
    Buffer,
    Datatype,
    Misfit,
    from_base64,
    from_bytes,
    from_flat,
    from_json,
    shown,
    texts,
)
from triglot.tables.field import Field
from triglot.tables.schema import MAX_NAMES, MAX_PROBLEMS, Schema
from triglot.tables.table import EXACT, FLOATS, NUMERIC, WHOLE, Array, Column, Table

MISFIT = "the request does not fit the model"
_MISSING = "must not be missing: the model was fitted to no gaps in this column, or fails on them"


class Tensor(NamedTuple):
    """One input: its values are a flat list, as JSON has them, or bytes as the datatype has them.

    `shape` has one or two numbers. With `is_base64` the text of BYTES stands for what is meant.
    """

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    data: "list[Any] | Buffer"
    is_base64: bool = False


class _Values(NamedTuple):
    """What one column is given."""

    datatype: Datatype
    array: Array
    missing: Array | None


def table_of(schema: Schema, tensors: Sequence[Tensor], max_rows: int) -> Table:
    """Return the table of a request's inputs, or raise one `BadRequest` naming every bad column and row.

    An only input of as many columns as the model has, all of them numbers, is these columns in fitted order, whatever
    it is called. Otherwise inputs are columns by name, in any order, each of shape [rows] or [rows, 1].
    """
    rows = tensors[0].shape[0] if tensors and tensors[0].shape else 0
    if rows > max_rows:
        raise TooLarge(f"a request may have {max_rows:,} rows, not {rows:,}; send fewer at a time")
    table = _at_once(schema, tensors, rows)
    if table is not None:
        return table
    if _is_matrix(schema, tensors):
        return _of_matrix(schema, tensors[0])
    _require_columns(schema, tensors, rows)
    by_name = {tensor.name: tensor for tensor in tensors}
    return _collected(schema, rows, [partial(_values, by_name[name]) for name in schema.names])


def _is_matrix(schema: Schema, tensors: Sequence[Tensor]) -> bool:
    if len(tensors) != 1 or len(tensors[0].shape) != 2 or tensors[0].shape[1] != len(schema.fields):
        return False
    return all(field.kind in NUMERIC for field in schema.fields)


def _require_columns(schema: Schema, tensors: Sequence[Tensor], rows: int) -> None:
    """Raise one `BadRequest` for all that is wrong with names and shapes."""
    if len(tensors) == 1 and len(tensors[0].shape) > 1 and tensors[0].shape != (rows, 1):
        raise BadRequest(MISFIT, [Problem(tensors[0].name, _no_matrix(schema, tensors[0]))])
    problems = [
        Problem(tensor.name, f"has shape {_shape(tensor)}, not [{rows}] or [{rows}, 1]")
        for tensor in tensors
        if tensor.shape not in ((rows,), (rows, 1))
    ]
    problems += schema.name_problems([tensor.name for tensor in tensors])
    if problems:
        raise BadRequest(MISFIT, problems[:MAX_PROBLEMS])


def _no_matrix(schema: Schema, tensor: Tensor) -> str:
    """Return why an only input that was meant to be all columns cannot be that."""
    if any(field.kind not in NUMERIC for field in schema.fields):
        return "cannot be all columns at once, which are not all numbers; send an input a column"
    width, names = len(schema.names), ", ".join(schema.names[:MAX_NAMES])
    return f"has shape {_shape(tensor)}, not [rows, {width}] with the columns {names}, nor is it one of several inputs"


@lru_cache(64)
def _is_plain(schema: Schema) -> bool:
    return all(field.kind == "float64" for field in schema.fields)


def _at_once(schema: Schema, tensors: Sequence[Tensor], rows: int) -> Table | None:
    """Return the table where all is as plain as can be: finite numbers of one datatype for columns of float64.

    Whoever finds out what is wrong or missing takes longer.
    """
    width = len(schema.names)
    if not tensors or not _is_plain(schema):
        return None
    if len(tensors) == 1 and tensors[0].shape == (rows, width):
        numbers = _numbers(tensors, rows * width)
        return None if numbers is None else Table(schema.names, matrix=numbers.reshape(rows, width))
    shapes = ((rows, 1), (rows,))
    by_name = {tensor.name: tensor for tensor in tensors if tensor.shape in shapes}
    if len(tensors) != width or not by_name.keys() >= set(schema.names):
        return None
    numbers = _numbers([by_name[name] for name in schema.names], rows * width)
    return None if numbers is None else Table(schema.names, matrix=numbers.reshape(width, rows).T)


def _numbers(tensors: Sequence[Tensor], count: int) -> Array | None:
    """Return the values of inputs that are alike, one behind the other, where all of them are finite numbers."""
    first = tensors[0]
    kind, size, datatype = type(first.data), len(first.data), first.datatype
    if datatype.dtype.kind != "f":
        return None
    if any(type(each.data) is not kind or len(each.data) != size or each.datatype is not datatype for each in tensors):
        return None
    data = [each.data for each in tensors]
    values: Array | None = None
    if isinstance(first.data, list):
        values = from_flat(datatype, first.data if len(data) == 1 else list(chain.from_iterable(data)))
    elif sum(map(len, data)) == count * datatype.size:
        values = from_bytes(datatype, b"".join(data), count)  # type: ignore[arg-type]
    if values is None or len(values) != count or not np.isfinite(values).all():
        return None
    return values.astype(np.float64, copy=False)


def _shape(tensor: Tensor) -> str:
    return shown(list(tensor.shape))


def _of_matrix(schema: Schema, tensor: Tensor) -> Table:
    rows, width = tensor.shape
    try:
        values = _values(tensor)
    except Misfit as error:
        raise BadRequest(MISFIT, _in_columns(error, tensor, schema)) from None
    array = values.array.reshape(rows, width)
    missing = None if values.missing is None else values.missing.reshape(rows, width)

    def column(place: int) -> _Values:
        gone = None if missing is None or not missing[:, place].any() else missing[:, place]
        return _Values(tensor.datatype, array[:, place], gone)

    return _collected(schema, rows, [partial(column, place) for place in range(width)])


def _in_columns(error: Misfit, tensor: Tensor, schema: Schema) -> list[Problem]:
    """Return the problems of a matrix's values with the columns and rows where they stand."""
    rows, width = tensor.shape
    problems = []
    for place, message in error.wrong:
        if place is None:
            problems.append(Problem(tensor.name, message))
        else:
            problems.append(Problem(schema.names[place % width], message, place // width if rows > 1 else None))
    return problems


def _collected(schema: Schema, rows: int, sources: Sequence[Callable[[], _Values]]) -> Table:
    """Return the table of what each field is given, or raise one `BadRequest` for all that does not fit."""
    problems: list[Problem] = []
    columns: dict[str, Column] = {}
    for field, source in zip(schema.fields, sources, strict=True):
        try:
            columns[field.name] = _column(source(), field)
        except Misfit as error:
            for row, message in error.wrong:
                problems.append(Problem(field.name, message, row if rows > 1 else None))
        except BadRequest as error:
            problems += error.problems
    if problems:
        raise BadRequest(MISFIT, problems[:MAX_PROBLEMS])
    return Table.of(columns) if columns else Table((), columns=())


def _values(tensor: Tensor) -> _Values:
    """Return the values of an input; raises `Misfit` where they are not as many as its shape says."""
    datatype, count = tensor.datatype, math.prod(tensor.shape)
    if isinstance(tensor.data, list):
        array, missing = from_json(datatype, tensor.data)
        if len(array) != count:
            raise Misfit((None, f"has {len(array)} values where its shape {_shape(tensor)} has {count}"))
        return _Values(datatype, texts(from_base64(array)) if tensor.is_base64 else array, missing)
    array = from_bytes(datatype, tensor.data, count)
    if datatype is BYTES:
        array = texts(from_base64(array) if tensor.is_base64 else array)
    return _Values(datatype, array, None)


def _column(values: _Values, field: Field) -> Column:
    """Return what a field is given as a column of it, where nothing is lost."""
    if values.datatype is BYTES and field.kind not in NUMERIC:
        return _read(values, field)
    no_number = values.datatype is BYTES or (values.datatype is BOOL and field.kind != "bool")
    if no_number or field.kind not in NUMERIC:
        raise Misfit((None, f"must be {wanted(field)}, not {values.datatype.name}: the column is one of {field.kind}"))
    array, missing = _without_nan(values)
    if missing is not None:
        if not field.nullable:
            raise Misfit(*((row, _MISSING) for row in np.flatnonzero(missing)[:MAX_PROBLEMS].tolist()))
        array = np.where(missing, array.dtype.type(0), array)
    with np.errstate(invalid="ignore", over="ignore"):  # what does not fit comes back as something else
        numbers = array.astype(field.kind)
        _require_the_same(array, numbers, field)
    return Column(field.kind, numbers, missing)


def wanted(field: Field) -> str:
    """Return which datatypes a column takes, as messages say it."""
    if field.kind in FLOATS:
        return "FP64, or another datatype of numbers"
    if field.kind in WHOLE:
        return "INT64, or another datatype of numbers, which must be whole"
    return "BOOL, or numbers that are 0 or 1" if field.kind == "bool" else "BYTES"


def _without_nan(values: _Values) -> tuple[Array, Array | None]:
    """Return numbers, and which of them are missing, as NaN is; raises where one is infinite."""
    array, missing = values.array, values.missing
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array, missing
    _refuse(np.isinf(array), array, "must be a finite number, not {}")
    return array, np.isnan(array) if missing is None else np.isnan(array) | missing


def _require_the_same(given: Array, made: Array, field: Field) -> None:
    """Raise where a number has become another one, but for floats of fewer digits."""
    if field.kind == "bool":
        _refuse(made != given, given, "must be true or false, or 0 or 1, not {}")
    elif field.kind in WHOLE:
        lost = (made.astype(given.dtype) != given) | ((made < 0) != (given < 0))
        _refuse(lost, given, f"must be a whole number of {8 * made.itemsize} bits, not {{}}, as in training")
    elif given.dtype.kind in "iu":
        _refuse((given > EXACT) | (given < -EXACT), given, "{} is beyond 2^53, where floats leave whole numbers out")
    else:
        _refuse(~np.isfinite(made), given, "{} is too large for this column")


def _refuse(wrong: Array, given: Array, message: str) -> None:
    if wrong.any():
        rows = np.flatnonzero(wrong)[:MAX_PROBLEMS].tolist()
        raise Misfit(*((row, message.format(given[row].item())) for row in rows))


def _read(values: _Values, field: Field) -> Column:
    """Return what text spells, as JSON's rows and columns are read."""
    given = values.array.tolist()
    if values.missing is not None:
        given = [None if gone else text for text, gone in zip(given, values.missing.tolist(), strict=True)]
    return _alone(field).columns({field.name: given}).columns[0]


@lru_cache(256)
def _alone(field: Field) -> Schema:
    return Schema([field])
