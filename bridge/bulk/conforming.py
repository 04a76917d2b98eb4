"""Record batches to tables that fit a model: the rules are those of JSON, whole columns are looked at at once.

Only distinct values are ever looked at one by one, and only where a column is not of the model's own kind. What does
not fit is named with its column and its row, rows counted from 0 over the whole body.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from triglot.bulk import cells, plain
from triglot.bulk.cells import NUMBERS, Dialect
from triglot.errors import BadRequest, Problem
from triglot.tables import arrow, times
from triglot.tables.field import Field, cast, column_of, converter
from triglot.tables.schema import MAX_PROBLEMS, Schema
from triglot.tables.table import FLOATS, WHOLE, Array, Column, Kind, Table

pc: Any = pyarrow.compute  # whose functions are made when it is imported, which type checkers do not see

_NOT_FINITE = "must be a finite number, not {}"
_MISSING = "must not be missing: the model was fitted to no gaps in this column, or fails on them"
_TOO_LONG = "must have no more digits than a number of 64 bits, not {}; round it"
_LEVELS = (pa.string(), pa.bool_(), pa.int32(), pa.int64(), pa.float32(), pa.float64())
_FIRST_DAY, _BEHIND_LAST_DAY = np.datetime64("0001-01-01"), np.datetime64("10000-01-01")


class _Misfit(Exception):
    """A column does not fit: messages, each with the row where there is one; they are made when they are read."""

    def __init__(self, found: Iterable[tuple[int | None, str]]) -> None:
        super().__init__()
        self.found = found


def _whole(message: str) -> list[tuple[int | None, str]]:
    """Return what is wrong with a column in whatever row."""
    return [(None, message)]


class Conforming:
    """Makes tables of a schema of record batches whose columns have these names.

    Raises `BadRequest` for names that do not fit; with `lenient` other columns beside are ignored. `written`: the
    values are text because they were written down, as in CSV, and not because they are text; this is how. `keep`:
    columns that are kept as they are, be they the model's or not.
    """

    def __init__(
        self,
        names: Sequence[str],
        schema: Schema,
        *,
        lenient: bool = False,
        written: Dialect | None = None,
        keep: Sequence[str] = (),
    ) -> None:
        beside = set(keep) - set(schema.names)
        own = [name for name in names if name not in beside]
        problems = schema.name_problems(own, allow_extra=lenient)
        problems += [Problem(name, "is not there to be kept") for name in keep if name not in names]
        if problems:
            raise BadRequest("the columns do not fit the model", problems[:MAX_PROBLEMS])
        places = {name: place for place, name in enumerate(names)}
        self._places = [places[field.name] for field in schema.fields]
        self._fields = schema.fields
        self._written = written
        self._kept = [(name, places[name]) for name in keep]
        kinds: set[Kind] = {field.kind for field in schema.fields}
        self._numeric: Kind | None = kinds.pop() if len(kinds) == 1 and kinds <= {*NUMBERS} else None

    def kept(self, batch: Any) -> list[tuple[str, Any]]:
        """Return the columns that are kept as they are, by name."""
        return [(name, _kept(name, batch.column(place))) for name, place in self._kept]

    def table(self, batch: Any, first: int) -> Table:
        """Return the table of a batch whose first row has this number; raises `BadRequest` naming columns and rows."""
        table, problems = self._read(batch)
        if table is None:
            shown = [_moved(problem, first) for problem in islice(problems, MAX_PROBLEMS)]
            raise BadRequest("the rows do not fit the model", shown)
        return table

    def sifted(self, batch: Any) -> tuple[Table, dict[int, Problem]]:
        """Return the table of the rows that fit, and of each other row of the batch the first thing that is wrong.

        Raises `BadRequest` where a column fits in no row.
        """
        wrong: dict[int, Problem] = {}
        places = np.arange(batch.num_rows)
        while True:
            table, problems = self._read(batch)
            if table is not None:
                return table, wrong
            fits = np.ones(len(places), dtype=bool)
            for problem in problems:
                if problem.row is None:
                    raise BadRequest("the rows do not fit the model", [problem])
                fits[problem.row] = False
                place = int(places[problem.row])
                wrong.setdefault(place, replace(problem, row=place))
            batch, places = batch.filter(arrow.packed(fits)), places[fits]

    def _read(self, batch: Any) -> tuple[Table | None, Iterable[Problem]]:
        """Return the table of a batch, or what is wrong with its columns, rows counted from its first."""
        if (matrix := self._matrix(batch)) is not None:
            return Table([field.name for field in self._fields], matrix=matrix), ()
        problems: list[Iterable[Problem]] = []
        columns: dict[str, Column] = {}
        for field, place in zip(self._fields, self._places, strict=True):
            try:
                columns[field.name] = _column(batch.column(place), field, self._written)
            except _Misfit as misfit:
                problems.append(_named(field.name, misfit.found))
        if problems:
            return None, chain.from_iterable(problems)
        return (Table.of(columns) if columns else Table((), columns=())), ()

    def _matrix(self, batch: Any) -> Array | None:
        """Return the columns as they lie in the batch, where they are the model's own kind and need no second look."""
        if self._numeric is None:
            return None
        matrix = arrow.matrix([batch.column(place) for place in self._places], self._numeric)
        if matrix is None or matrix.dtype.kind != "f":
            return matrix
        with np.errstate(all="ignore"):
            return matrix if np.isfinite(np.sum(matrix)) else None


def _named(name: str, found: Iterable[tuple[int | None, str]]) -> Iterator[Problem]:
    return (Problem(name, message, row) for row, message in found)


def _moved(problem: Problem, first: int) -> Problem:
    return problem if problem.row is None else replace(problem, row=first + problem.row)


def _kept(name: str, array: Any) -> Any:
    try:
        return plain.decoded(array)
    except (pa.ArrowException, NotImplementedError):  # pyarrow's words for a type that it cannot do this with
        raise BadRequest(f"column {name!r} is of Arrow type {arrow.shown(array.type)}, which cannot be kept") from None


def _column(array: Any, field: Field, written: Dialect | None) -> Column:
    if written and field.kind != "string":
        array = cells.without_gaps(array, field)
    array = _known(array, field)
    if array.null_count and not field.nullable:
        _raise(np.flatnonzero(arrow.unpacked(array.is_null())), lambda _: _MISSING)
    text = pa.types.is_string(array.type)
    if text and field.kind != "string":
        return _read(array, field, written)
    if pa.types.is_dictionary(array.type) and field.kind != "category":
        return _column(array.dictionary_decode(), field, written)
    return _levels(array, field) if field.kind == "category" else _values(array, field)


def _levels(array: Any, field: Field) -> Column:
    if array.type not in _LEVELS and not pa.types.is_dictionary(array.type):
        raise _Misfit(_whole(f"must be of kind category, not of Arrow type {arrow.shown(array.type)}"))
    return _by_value(array, field, converter(field))


def _values(array: Any, field: Field) -> Column:
    """Return the column of an array that is no text, or whose field is."""
    try:
        column = arrow.column(field.name, array)
    except TypeError as error:
        raise _Misfit(_whole(str(error).removeprefix(f"column {field.name!r} "))) from None
    if column.kind in FLOATS:
        column = _without_nan(column, field)
    if column.kind in ("date", "datetime"):
        _within_years(column)
    try:
        return cast(column, field)
    except ValueError as error:
        if column.kind in (*NUMBERS, "bool") and field.kind in (*NUMBERS, "bool"):
            return _by_value(array, field, converter(field))
        raise _Misfit(_whole(str(error))) from None
    except BadRequest as error:
        raise _Misfit(_whole(str(error))) from None


def _known(array: Any, field: Field) -> Any:
    """Return the array in one of the types that tables know."""
    kind = array.type
    try:
        array = plain.plain(array)
        return _decimal(array, field) if pa.types.is_decimal(array.type) else plain.widened(array)
    except pa.ArrowInvalid as error:
        raise _Misfit(_whole(f"of Arrow type {arrow.shown(kind)} has values that do not fit: {error}")) from None
    except NotImplementedError:  # pyarrow's word for a type that it has no such step for
        raise _Misfit(_whole(f"must be of kind {field.kind}, not of Arrow type {arrow.shown(kind)}")) from None


def _decimal(array: Any, field: Field) -> Any:
    """Return decimal numbers as whole ones where the field has such, or where they can have no fraction."""
    if field.kind in WHOLE or (array.type.scale <= 0 and field.kind not in FLOATS):
        try:
            return plain.whole_numbers(array)
        except pa.ArrowInvalid:
            pass  # as floats it is told which of them it is
    numbers, lossy = plain.floats(array)
    if lossy:
        _raise(np.array(lossy), lambda row: _TOO_LONG.format(array[row].as_py()))
    return numbers


def _within_years(column: Column) -> None:
    """Raise where a time is one that JSON has no text for."""
    if len(column) and not (column.values.min() >= _FIRST_DAY and column.values.max() < _BEHIND_LAST_DAY):
        outside = (column.values < _FIRST_DAY) | (column.values >= _BEHIND_LAST_DAY)
        _raise(np.flatnonzero(outside), lambda _: "is out of the years 1 to 9999")


def _without_nan(column: Column, field: Field) -> Column:
    """Return a column of numbers whose NaN are missing; raises where one is infinite, or missing and must not be."""
    values = column.values
    with np.errstate(all="ignore"):
        if np.isfinite(np.sum(values)):  # quicker to have than a mask
            return column
    infinite = np.isinf(values) if column.missing is None else np.isinf(values) & ~column.missing
    if infinite.any():
        _raise(np.flatnonzero(infinite), lambda row: _NOT_FINITE.format(values[row]))
    gone = np.isnan(values) if column.missing is None else np.isnan(values) | column.missing
    if gone.any() and not field.nullable:
        _raise(np.flatnonzero(gone), lambda _: _MISSING)
    return Column(column.kind, values, gone) if gone.any() else column


def _read(array: Any, field: Field, written: Dialect | None) -> Column:
    """Return what text spells, by Arrow's own readers where they read as ours do, else value by value."""
    number = field.kind in NUMBERS
    if number and written and written.decimal == ",":
        array = _with_points(array)
    try:
        if field.kind in FLOATS:
            column = arrow.column(field.name, pc.cast(array, pa.float64()))
            seen = column.values if column.missing is None else column.values[~column.missing]
            if np.isfinite(seen).all():
                return cast(column, field)
        elif field.kind in WHOLE and not pc.any(pc.match_substring(array, "x", ignore_case=True)).as_py():
            return cast(arrow.column(field.name, pc.cast(array, pa.int64())), field)
        elif field.kind == "date":
            return cast(arrow.column(field.name, pc.cast(array, pa.date32())), field)
        elif field.kind == "datetime":
            return _instants(array, field)
    except (pa.ArrowInvalid, ValueError, BadRequest):
        pass  # the slow way says which value it is, or reads what only ours do
    return _by_value(array, field, cells.number_reader(field) if written and number else converter(field))


def _with_points(array: Any) -> Any:
    """Return numbers with decimal commas as the same with points; raises where one has a point already."""
    pointed = np.flatnonzero(arrow.unpacked(pc.fill_null(pc.match_substring(array, "."), False)))
    if len(pointed):
        _raise(pointed, lambda row: f"must be a number with a decimal comma, not the text {array[row].as_py()[:60]!r}")
    return cells.with_points(array)


def _instants(array: Any, field: Field) -> Column:
    """Return times in ISO 8601, all of them with an offset or all without; raises `ValueError` for others."""
    if field.zone:
        try:
            return cast(arrow.column(field.name, pc.cast(array, pa.timestamp("us", tz="UTC"))), field)
        except pa.ArrowInvalid:
            pass
    column = arrow.column(field.name, pc.cast(array, pa.timestamp("us")))
    if not field.zone:
        return cast(column, field)
    return Column.times(times.from_the_wall(column.values, field.zone), column.missing, field.zone)


def _by_value(array: Any, field: Field, convert: Callable[[Any], Any]) -> Column:
    """Return the column of an array, each distinct value converted once, as a value of JSON is."""
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    distinct = coded.dictionary.to_pylist()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    used = np.zeros(len(distinct) + 1, dtype=bool)
    used[codes] = True  # a level that no row has may be unknown
    values: list[Any] = [None] * (len(distinct) + 1)  # the last is that of code -1, which is missing
    wrong: dict[int, str] = {}
    for code in np.flatnonzero(used[:-1]).tolist():
        try:
            if distinct[code] is not None:
                values[code] = convert(distinct[code])
            elif not field.nullable:
                raise ValueError(_MISSING)
        except ValueError as error:
            wrong[code] = str(error)
    if wrong:
        rows = np.flatnonzero(np.isin(codes, list(wrong)))
        _raise(rows, lambda row: wrong[int(codes[row])])
    return column_of(field, values).take(codes)


def _raise(rows: Array, message: Callable[[int], str]) -> None:
    raise _Misfit((row, message(row)) for row in rows.tolist())
