"""Dataset loaders: callables that return the data and the target.

A loader may have a method `frame() -> (DataFrame, Series or None)`; what needs names and types asks that one, by
`load`. pandas and SQLAlchemy are imported when data is loaded, so that naming a loader costs nothing.
"""

import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Protocol

from triglot.decorators import pluggable
from triglot.errors import ConfigError
from triglot.process_store import process_store
from triglot.schedule import RruleThread

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("triglot")


class DatasetLoader(Protocol):
    """What a configuration names under `dataset_loader_train` and `dataset_loader_test`."""

    def __call__(self) -> tuple[Any, Any]:
        """Return data of n rows and a target of n values, or None for either."""
        ...


def load(loader: DatasetLoader) -> tuple[Any, Any]:
    """Return the loader's data and target, as a data frame with names and types where it can give one."""
    # what a schedule holds was decorated when it was loaded
    return loader.frame() if isinstance(loader, ScheduledDatasetLoader) else load_data(loader)


@pluggable("load_data_decorators")
def load_data(loader: DatasetLoader) -> tuple[Any, Any]:
    """Have the loader load, inside the decorators of the configuration; `load` is for callers."""
    name = type(loader).__name__
    give = getattr(loader, "frame", loader)
    if not callable(give):
        raise ConfigError(f"a dataset loader is called to load, and {name} cannot be; name a class with __call__")
    pair = give()
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ConfigError(
            f"dataset loader {name} gave {type(pair).__name__}; it must give a pair, the data and the target"
        )
    data, target = pair
    return data, target


class _Frames(ABC):
    """A loader whose data comes as one data frame; one column of it may be the target."""

    target_column: Hashable | None
    ndarray: bool

    def __call__(self) -> tuple[Any, Any]:
        """Return data and target, as arrays unless `ndarray` is false; loaded anew each time."""
        return self.given(*self.frame())

    def given(self, data: Any, target: Any) -> tuple[Any, Any]:
        """Return data and target of `frame` as a call gives them."""
        if not self.ndarray:
            return data, target
        return data.to_numpy(), None if target is None else target.to_numpy()

    def frame(self) -> "tuple[pd.DataFrame, pd.Series[Any] | None]":
        """Return the data with its names and types, in the order of the source, and the target."""
        frame = self._read()
        if self.target_column is None:
            return frame, None
        found = sum(name == self.target_column for name in frame.columns)
        if found != 1:
            columns = ", ".join(map(repr, frame.columns))
            fault = "does not exist" if found == 0 else "is there more than once"
            raise ConfigError(
                f"{self._source()}: target_column {self.target_column!r} {fault}; the columns are {columns}"
            )
        return frame.drop(columns=[self.target_column]), frame[self.target_column]

    @abstractmethod
    def _read(self) -> "pd.DataFrame":
        """Return everything that the source has."""

    @abstractmethod
    def _source(self) -> str:
        """Return what messages call the source."""

    def _checked(self, frame: Any) -> "pd.DataFrame":
        if not hasattr(frame, "columns"):
            if hasattr(frame, "close"):  # a reader in chunks holds its file open
                frame.close()
            raise ConfigError(
                f"{self._source()}: pandas gave {type(frame).__name__} instead of a data frame; "
                "leave out chunksize and iterator"
            )
        checked: pd.DataFrame = frame
        return checked


class CSV(_Frames):
    """Loads a file of comma-separated values, by path or URL.

    Args:
        path: Relative to the working directory, or a URL.
        target_column: The column that is the target; None where there is no target.
        ndarray: Whether a call gives arrays of shape (rows, columns) and (rows,) instead of a data frame and a Series.
        **kwargs: Go to `pandas.read_csv`.

    Raises:
        ConfigError: When it loads: there is no such file, pandas cannot read it, or the target column is not there.

    Examples:
        >>> names = ["sepal length", "sepal width", "petal length", "petal width", "species"]
        >>> X, y = CSV("examples/data/iris.data", target_column="species", names=names, nrows=3)()
        >>> X.shape, list(y)
        ((3, 4), ['Iris-setosa', 'Iris-setosa', 'Iris-versicolor'])
    """

    def __init__(self, path: str, target_column: Hashable | None = None, ndarray: bool = True, **kwargs: Any) -> None:
        self.path = path
        self.target_column = target_column
        self.ndarray = ndarray
        self.kwargs = kwargs

    def _reader(self) -> Callable[..., Any]:
        import pandas as pd

        return pd.read_csv

    def _read(self) -> "pd.DataFrame":
        read = self._reader()
        try:
            return self._checked(read(self.path, **self.kwargs))
        except FileNotFoundError as error:
            where = os.path.abspath(self.path)
            remedy = "relative paths start at the working directory"
            raise ConfigError(f"{self._source()}: there is no file {where!r}; {remedy}") from error
        except (OSError, TypeError, ValueError) as error:  # ValueError: what the parser and wrong arguments raise
            raise ConfigError(f"{self._source()}: cannot be read: {type(error).__name__}: {error}") from error

    def _source(self) -> str:
        return f"dataset {str(self.path)!r}"


class Table(CSV):
    """Loads a file of values separated by tabs, or by `sep`; otherwise like `CSV`, with `pandas.read_table`.

    Examples:
        >>> X, y = Table("examples/data/tooth_growth.csv", target_column="len", sep=",", ndarray=False)()
        >>> list(X.columns), y.iloc[0].item()
        (['supp', 'dose'], 4.2)
    """

    def _reader(self) -> Callable[..., Any]:
        import pandas as pd

        return pd.read_table


class SQL(_Frames):
    """Loads the rows of a query or a table of a database; a connection is open only while rows are read.

    Args:
        url: SQLAlchemy's: `sqlite:///flowers.db`, `postgresql+psycopg://user:password@host/name`.
        sql: A query, or the name of a table.
        target_column: As of `CSV`.
        ndarray: As of `CSV`.
        **kwargs: Go to `pandas.read_sql`.

    Raises:
        ConfigError: When it loads: the URL is none, its driver is not installed, or the database refuses. Passwords are
            left out of the message.

    Examples:
        >>> X, y = SQL("sqlite://", "SELECT 1.5 AS length, 'rose' AS name", target_column="name")()
        >>> X.tolist(), y.tolist()
        ([[1.5]], ['rose'])
    """

    def __init__(
        self, url: str, sql: str, target_column: Hashable | None = None, ndarray: bool = True, **kwargs: Any
    ) -> None:
        self.url = url
        self.sql = sql
        self.target_column = target_column
        self.ndarray = ndarray
        self.kwargs = kwargs

    def _read(self) -> "pd.DataFrame":
        import pandas as pd
        from sqlalchemy import create_engine
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import NullPool

        source = self._source()
        try:
            engine = create_engine(self.url, poolclass=NullPool)
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigError(f"{source}: cannot be opened: {error}; correct url, or install the driver") from error
        try:
            with engine.connect() as connection:
                return self._checked(pd.read_sql(self.sql, connection, **self.kwargs))
        except (SQLAlchemyError, OSError, TypeError, ValueError) as error:  # OSError: pandas' DatabaseError is one
            raise ConfigError(f"{source}: {self.sql!r} cannot be read: {error}") from error
        finally:
            engine.dispose()

    def _source(self) -> str:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            return f"database {make_url(self.url).render_as_string(hide_password=True)!r}"
        except ArgumentError:  # what cannot be parsed may hold a password, so it is not shown, nor is its error
            raise ConfigError("the url of the SQL loader is none; write dialect://user:password@host/name") from None


class EmptyDatasetLoader:
    """Loads nothing: neither data nor target.

    Examples:
        >>> EmptyDatasetLoader()()
        (None, None)
    """

    def __call__(self) -> tuple[None, None]:
        """Return two times None."""
        return None, None


class OpenML:
    """Loads a data set of openml.org; it is fetched once and then kept in scikit-learn's data folder.

    Args:
        name: The name of the data set.
        **kwargs: Go to `sklearn.datasets.fetch_openml`.

    Raises:
        ConfigError: When it loads: there is no such data set, or no way to it.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        self.name = name
        self.kwargs = kwargs

    def __call__(self) -> tuple[Any, Any]:
        """Return data and target as scikit-learn gives them."""
        from sklearn.datasets import fetch_openml

        try:
            fetched: Any = fetch_openml(self.name, **self.kwargs)
        except (OSError, ValueError) as error:
            raise ConfigError(f"OpenML data set {self.name!r}: cannot be fetched: {error}") from error
        return fetched.data, fetched.target


class ScheduledDatasetLoader:
    """Keeps what another loader gave, and loads it anew at the occurrences of a rule.

    The first call loads and starts the schedule, so that only a process that needs the data has it; `process_store`
    holds it under the component's own key of the configuration. Where a later load fails, the data stays and the
    failure is logged.

    Args:
        impl: The other loader.
        update_cache_rrule: The rule, as of `triglot.schedule`.

    Raises:
        ConfigError: The rule is none.

    Examples:
        >>> rows = SQL("sqlite://", "SELECT 1 AS x, 2 AS y", target_column="y")
        >>> kept = ScheduledDatasetLoader(rows, {"freq": "DAILY", "dtstart": "2026-01-01T03:00:00"})
        >>> kept()
        (array([[1]]), array([2]))
    """

    __pld_config_key__ = "data"

    def __init__(self, impl: DatasetLoader, update_cache_rrule: Any) -> None:
        self.impl = impl
        self._thread = RruleThread(self.update_cache, update_cache_rrule)
        self._filled = False
        self._filling = threading.Lock()

    def __call__(self) -> tuple[Any, Any]:
        """Return the data that is held, in the form in which the other loader's calls give it."""
        data, target = self.frame()
        give = getattr(self.impl, "given", None)
        return (data, target) if give is None else give(data, target)

    def frame(self) -> tuple[Any, Any]:
        """Return the data that is held, with names and types where the other loader can give them."""
        with self._filling:
            if not self._filled:
                self.update_cache()
                logger.info("ScheduledDatasetLoader: initial fill of cache done.")
                self._thread.start()
                self._filled = True
        held: tuple[Any, Any] = process_store[self.__pld_config_key__]
        return held

    @pluggable("update_data_decorators")
    def update_cache(self) -> tuple[Any, Any]:
        """Load now; return what is held from then on."""
        loaded = load_data(self.impl)
        process_store[self.__pld_config_key__] = loaded
        return loaded
