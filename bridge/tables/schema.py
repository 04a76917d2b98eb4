"""Schema: the columns a model was fitted on, learnt once, enforced on every request.

`Schema.rows` is the way in for JSON objects: either a whole table comes out, or one `BadRequest` that names every
bad field of every row. Numbers take a fast path; only what it cannot read is looked at field by field.
"""

import difflib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, get_args

import numpy as np

from triglot.errors import BadRequest, Problem
from triglot.tables.field import ODD, Field, Unseen, cast, column_of, converter, with_policy
from triglot.tables.table import FLOATS, Column, Table

MAX_PROBLEMS = 50
MOST_COMPARED = 4_000  # names, for all that one caller has misspelt
MAX_NAMES = 20
# what R, pandas and jsonlite call the names of rows, which they write beside the columns and no model was fitted to
ROW_NAMES = frozenset({"", "Unnamed: 0", "__index_level_0__", "_row"})


class Schema:
    """The ordered fields of a model's X."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.names = tuple(field.name for field in fields)
        if len(set(self.names)) != len(self.names):
            raise BadRequest(f"column names must differ: {', '.join(self.names)}")
        self._known = frozenset(self.names)
        self._passed = self._known | ROW_NAMES
        self._convert = tuple(map(converter, self.fields))
        self._all_float = all(f.kind == "float64" and not f.nullable for f in self.fields)
        self._values: Callable[[Any], Any] = (
            itemgetter(*self.names) if len(self.names) > 1 else lambda row: tuple(row[n] for n in self.names)
        )

    @classmethod
    def learn(cls, X: Table, unseen: Unseen = "error") -> "Schema":
        """Return the schema of a training table; a column may be missing later if it was missing here.

        With `unseen` "other" every category has the level `other`, behind its own where it is not among them.
        """
        if unseen not in get_args(Unseen):
            raise BadRequest(f"unseen_levels is {unseen!r}; use one of {', '.join(get_args(Unseen))}")
        fields = []
        for name, column in zip(X.names, X.columns, strict=True):
            nullable = column.missing is not None and bool(column.missing.any())
            if column.kind in FLOATS:
                nullable = nullable or bool(np.isnan(column.values).any())
            field = Field(name, column.kind, column.levels, column.ordered, nullable, column.zone)
            fields.append(with_policy(field, unseen) if column.kind == "category" else field)
        return cls(fields)

    @classmethod
    def from_json(cls, entries: Sequence[Mapping[str, Any]]) -> "Schema":
        """Return the schema that `to_json` gave."""
        return cls(
            [
                Field(
                    entry["name"],
                    entry["kind"],
                    tuple(entry.get("levels", ())),
                    entry.get("ordered", False),
                    entry.get("nullable", False),
                    entry.get("zone", ""),
                    entry.get("unseen", "error"),
                )
                for entry in entries
            ]
        )

    def to_json(self) -> list[dict[str, Any]]:
        """Return the fields as JSON values, in order."""
        return [field.to_json() for field in self.fields]

    def rows(self, rows: Sequence[Any], *, allow_extra: bool = False) -> Table:
        """Return the table of these JSON objects, or raise one `BadRequest` naming every bad field.

        Text that spells a number is a number (query strings are text). With `allow_extra` unknown fields are
        ignored, otherwise they are refused: a misspelt name would pass for a missing value. Names of rows are ignored.
        """
        if self._all_float:
            table = self._numbers(rows, allow_extra)
            if table is not None:
                return table
        return self._field_by_field(rows, allow_extra)

    def columns(self, columns: Mapping[str, Any], *, allow_extra: bool = False) -> Table:
        """Return the table of JSON lists by their names, otherwise like `rows`."""
        problems = self.name_problems(columns, allow_extra=allow_extra)
        found: dict[str, Column] = {}
        rows = next((len(values) for values in columns.values() if type(values) is list), 0)
        for field, convert in zip(self.fields, self._convert, strict=True):
            values = columns.get(field.name)
            if field.name not in columns:
                continue
            if type(values) is not list:
                problems.append(Problem(field.name, "must be a list with a value for each row"))
            elif len(values) != rows:
                problems.append(Problem(field.name, f"has {len(values)} values where another column has {rows}"))
            elif field.kind == "float64" and values and set(map(type, values)) <= {float, int}:
                found[field.name] = Column("float64", np.array(values, dtype=np.float64))
            else:
                found[field.name] = _converted(field, convert, values, problems)
        if problems:
            raise BadRequest("the request does not fit the model", problems[:MAX_PROBLEMS])
        return Table.of(found) if self.fields else Table((), columns=())

    def name_problems(self, names: Iterable[str], *, allow_extra: bool = False) -> list[Problem]:
        """Return what is wrong with the names of columns: which are unknown, there twice, or missing."""
        given = Counter(list(names))  # of a mapping they are its keys
        unknown = [] if allow_extra else [name for name in given if name not in self._passed]
        problems = self._strangers(unknown)
        problems += [Problem(name, "is there twice") for name in self.names if given[name] > 1]
        return problems + [Problem(name, "is missing") for name in self.names if name not in given]

    def check(self, table: Table) -> Table:
        """Return the table with this schema's names, order and kinds, or raise `BadRequest`.

        Names may come in any order; numbers are converted where nothing is lost.
        """
        if table.is_matrix and table.names == self.names and self._all_float:
            matrix = table.matrix()
            if matrix.dtype == np.float64:
                return table
        problems = self.name_problems(table.names)
        columns: dict[str, Column] = {}
        present = dict(zip(table.names, table.columns, strict=True))
        for field in self.fields:
            if field.name not in present:
                continue
            try:
                columns[field.name] = cast(present[field.name], field)
            except ValueError as error:
                problems.append(Problem(field.name, str(error)))
        if problems:
            raise BadRequest("the table does not fit the model", problems)
        return Table.of(columns)

    def _numbers(self, rows: Sequence[Any], allow_extra: bool) -> Table | None:
        width = len(self.names)
        try:
            if not allow_extra and set(map(len, rows)) != {width}:
                return None
            # one list of all, which numpy reads in half the time of a list of rows
            values = list(chain.from_iterable(map(self._values, rows)))
        except (KeyError, TypeError, IndexError):
            return None
        types = set(map(type, values))
        try:
            if types == {str}:  # a query string
                numbers = list(map(float, values))
                if not all(map(math.isfinite, numbers)) or ODD.search("".join(values)):
                    return None
                return Table(self.names, matrix=np.array(numbers).reshape(len(rows), width))
            if types <= {float, int}:
                return Table(self.names, matrix=np.array(values, dtype=np.float64).reshape(len(rows), width))
        except (OverflowError, ValueError):
            return None  # the slow path says which field it is
        return None

    def _field_by_field(self, rows: Sequence[Any], allow_extra: bool) -> Table:
        problems: list[Problem] = []
        columns: list[list[Any]] = [[] for _ in self.fields]
        number = None
        for index, row in enumerate(rows):
            number = index if len(rows) > 1 else None
            if not isinstance(row, Mapping):
                problems.append(Problem("", f"must be an object with the fields {self._fields()}", number))
                continue
            for field, convert, column in zip(self.fields, self._convert, columns, strict=True):
                try:
                    if field.name not in row:
                        raise ValueError(_absent(field))
                    value = row[field.name]
                    column.append(convert(value) if value is not None else _missing(field))
                except ValueError as error:
                    problems.append(Problem(field.name, str(error), number))
            if not allow_extra:
                unknown = [str(name) for name in row if name not in self._passed]
                problems += self._strangers(unknown, number, len(problems))
            if len(problems) >= MAX_PROBLEMS:
                break
        if problems:
            raise BadRequest("the request does not fit the model", problems[:MAX_PROBLEMS])
        return (
            Table.of({field.name: column_of(field, values) for field, values in zip(self.fields, columns, strict=True)})
            if self.fields
            else Table((), columns=())
        )

    def _strangers(self, names: Sequence[str], row: int | None = None, before: int = 0) -> list[Problem]:
        """Return the problems of unknown names, behind so many others; nobody reads more of them than there may be."""
        return [
            Problem(name, self._unknown(name, place * len(self.names)), row)
            for place, name in enumerate(names[:MAX_PROBLEMS], before + 1)
        ]

    def _unknown(self, name: str, compared: int) -> str:
        # what a name may have meant takes a while to find, and the caller says how many names there are to look for
        near = difflib.get_close_matches(name, self.names, n=1) if compared <= MOST_COMPARED else []
        hint = f"did you mean {near[0]!r}?" if near else f"known fields are {self._fields(repr)}"
        return f"is not a field of this model; {hint}"

    def _fields(self, spelt: Callable[[str], str] = str) -> str:
        beyond = len(self.names) - MAX_NAMES
        return ", ".join(map(spelt, self.names[:MAX_NAMES])) + (f" and {beyond} more" if beyond > 0 else "")


def _converted(field: Field, convert: Callable[[Any], Any], values: Sequence[Any], problems: list[Problem]) -> Column:
    """Return the column of JSON values, and note those that do not fit with their rows."""
    out: list[Any] = []
    for number, value in enumerate(values):
        try:
            out.append(convert(value) if value is not None else _missing(field))
        except ValueError as error:
            problems.append(Problem(field.name, str(error), number if len(values) > 1 else None))
            if len(problems) >= MAX_PROBLEMS:
                break
    return column_of(field, out)


def _absent(field: Field) -> str:
    hint = "; where there is no value, send null (R: toJSON(..., na = 'null'))"
    return f"is missing{hint if field.nullable else ''}"


def _missing(field: Field) -> Any:
    """Return the missing value of a field that may have one."""
    if not field.nullable:
        raise ValueError("must not be null: the model was fitted to no gaps in this column, or fails on them")
    return None
