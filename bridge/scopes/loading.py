"""The data of one scope: what a configured loader gives, for the values of some columns.

A loader of one's own is called with the values by their columns' names, or has a method `scoped(values)` that returns
the loader of a scope. Values are the text that the file of scopes has.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from triglot.config.components import explain_arguments
from triglot.dataset import CSV, SQL, Parquet, ScheduledDatasetLoader
from triglot.errors import ConfigError
from triglot.foreign import JuliaDataset, RDataset
from triglot.training.fit_worker import Bench

if TYPE_CHECKING:
    pass

Values: TypeAlias = Mapping[str, str]
Workers: TypeAlias = Callable[[str], Bench]  # gives the worker of a language

_tables: "WeakKeyDictionary[CSV, dict[tuple[str, ...], _Table]]" = WeakKeyDictionary()


def of_scope(loader: Any, values: Values, workers: Workers) -> Any:
    """Return the loader of a scope's data; functions of R and Julia are called in the worker that is given.

    Raises `ConfigError` where the loader takes no values.
    """
    if loader is None:
        return None
    if isinstance(loader, ScheduledDatasetLoader):
        loader = loader.impl
    if callable(own := getattr(loader, "scoped", None)):
        return own(dict(values))
    if isinstance(loader, CSV):
        return _Rows(loader, values)
    if isinstance(loader, Parquet):
        return _Filtered(loader, values)
    if isinstance(loader, SQL):
        return _bound(loader, values)
    if isinstance(loader, (RDataset, JuliaDataset)):
        return _Foreign(loader, values, workers)
    return _Called(loader, values)


def said(values: Values) -> str:
    """Return the values of a scope as messages have them."""
    return ", ".join(f"{column}={value!r}" for column, value in values.items())


class _Called:
    """A loader of the author's own."""

    def __init__(self, loader: Any, values: Values) -> None:
        if reason := explain_arguments(loader, values):
            name = getattr(loader, "__name__", type(loader).__name__)
            raise ConfigError(
                f"dataset loader {name} {reason}. It is called with the values of a scope, by the columns of the file "
                f"of scopes: {', '.join(values)}"
            )
        self._loader = loader
        self._values = dict(values)

    def __call__(self) -> Any:
        return self._loader(**self._values)


class _Foreign:
    """What a function of R or Julia returns, called with the values among its named arguments."""

    def __init__(self, loader: RDataset | JuliaDataset, values: Values, workers: Workers) -> None:
        self._loader = replace(loader, params={**loader.params, **values})
        self._workers = workers

    def frame(self) -> tuple[Any, Any]:
        return self._loader.read(self._workers(self._loader.language))

    def __call__(self) -> tuple[Any, Any]:
        return self._loader.given(*self.frame())


class _Rows:
    """The rows of a table of text that have the values, without those columns; the table is read once a process."""

    def __init__(self, loader: CSV, values: Values) -> None:
        self._loader = loader
        self._values = dict(values)

    def frame(self) -> tuple[Any, Any]:
        columns = tuple(self._values)
        tables = _tables.setdefault(self._loader, {})
        if columns not in tables:
            tables[columns] = _Table(self._loader, columns)
        return tables[columns].rows(self._values)

    def __call__(self) -> tuple[Any, Any]:
        return self._loader.given(*self.frame())


class _Table:
    """A whole table, and where the rows of each scope are."""

    def __init__(self, loader: CSV, columns: Sequence[str]) -> None:
        whole = copy.copy(loader)
        # as the file has them, and marked: 007 is no 7, and NA may be a region, which pandas takes for a missing value
        whole.kwargs = {
            **loader.kwargs,
            "converters": {**loader.kwargs.get("converters", {}), **dict.fromkeys(columns, _marked)},
        }
        self._data, self._target = whole.frame()
        _require(loader.path, self._data.columns, columns)
        found = self._data.groupby(list(columns), sort=False).indices
        self._places = {key if isinstance(key, tuple) else (key,): places for key, places in found.items()}
        self._path = loader.path

    def rows(self, values: Values) -> tuple[Any, Any]:
        places = self._places.get(tuple(map(_marked, values.values())))
        if places is None:
            raise _no_rows(self._path, values)
        data = self._data.iloc[places].drop(columns=list(values)).reset_index(drop=True)
        return data, None if self._target is None else self._target.iloc[places].reset_index(drop=True)


class _Filtered:
    """The rows of a Parquet file or folder that have the values, without those columns; no others are read."""

    def __init__(self, loader: Parquet, values: Values) -> None:
        self._loader = loader
        self._values = dict(values)

    def frame(self) -> tuple[Any, Any]:
        filtered = copy.copy(self._loader)
        filtered.kwargs = {**self._loader.kwargs, "filters": self._filter()}
        data, target = filtered.frame()
        if not len(data):
            raise _no_rows(self._loader.path, self._values)
        return data.drop(columns=list(self._values)), target

    def __call__(self) -> tuple[Any, Any]:
        return self._loader.given(*self.frame())

    def _filter(self) -> Any:
        """Return the condition, each value in its column's own type."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.dataset as ds

        schema = ds.dataset(self._loader.path, format="parquet", partitioning="hive").schema
        _require(self._loader.path, schema.names, list(self._values))
        condition = self._loader.kwargs.get("filters")
        for column, value in self._values.items():
            kind = schema.field(column).type
            try:
                typed = pa.scalar(value).cast(kind.value_type if pa.types.is_dictionary(kind) else kind)
            except pa.ArrowInvalid:
                raise _no_rows(self._loader.path, self._values) from None
            equal = pc.field(column) == typed
            condition = equal if condition is None else condition & equal
        return condition


class _Without:
    """What another loader gives, without some columns."""

    def __init__(self, loader: SQL, columns: Sequence[str]) -> None:
        self._loader = loader
        self._columns = list(columns)

    def frame(self) -> tuple[Any, Any]:
        data, target = self._loader.frame()
        return data.drop(columns=self._columns), target

    def __call__(self) -> tuple[Any, Any]:
        return self._loader.given(*self.frame())


def _bound(loader: SQL, values: Values) -> Any:
    """Return the loader of a query with the values bound to its parameters, or of a table's rows that have them."""
    from sqlalchemy import text

    is_table = not any(map(str.isspace, loader.sql.strip()))
    query = text(_of_table(loader, values) if is_table else loader.sql)
    asked = query.compile().params
    if lacking := [column for column in values if column not in asked]:
        raise ConfigError(
            f"dataset_loader: the query {loader.sql!r} has no :{lacking[0]}, so that every {lacking[0]} would get the "
            f"same rows; write a condition such as {lacking[0]} = :{lacking[0]}"
        )
    found = copy.copy(loader)
    found.sql = query
    given = loader.kwargs.get("params")
    found.kwargs = {**loader.kwargs, "params": {**(given if isinstance(given, Mapping) else {}), **values}}
    return _Without(found, list(values)) if is_table else found


def _of_table(loader: SQL, values: Values) -> str:
    quote = loader.parsed_url().get_dialect()().identifier_preparer.quote
    table = ".".join(map(quote, loader.sql.strip().split(".")))
    conditions = " AND ".join(f"{quote(column)} = :{column}" for column in values)
    return f"SELECT * FROM {table} WHERE {conditions}"


def _marked(value: str) -> str:
    return f"={value}"


def _require(path: str, known: Any, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in known:
            raise ConfigError(
                f"dataset {path!r}: there is no column {column!r}, which the file of scopes has; the columns are "
                f"{', '.join(map(repr, known))}"
            )


def _no_rows(path: str, values: Values) -> ConfigError:
    return ConfigError(f"dataset {path!r}: no row has {said(values)}")
