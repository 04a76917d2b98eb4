"""Dataset loaders: callables that return the data and the target.

A loader may have a method `frame() -> (DataFrame, Series or None)`; what needs names and types asks that one, by
`load`. pandas and SQLAlchemy are imported when data is loaded, so that naming a loader costs nothing.
"""

import functools
import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from triglot.bygone import arguments as bygone
from triglot.decorators import pluggable
from triglot.errors import ConfigError, MissingKey
from triglot.process_store import process_store
from triglot.schedule import RruleThread, rule_of

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import URL

logger = logging.getLogger("triglot")

Call: TypeAlias = Callable[[Any], tuple[Any, Any]]
_loading: ContextVar[Any] = ContextVar("the loader that is loading", default=None)


class DatasetLoader(Protocol):
    """What a configuration names under `dataset_loader_train` and `dataset_loader_test`."""

    def __call__(self) -> tuple[Any, Any]:
        """Return data of n rows and a target of n values, or None for either."""
        ...


def load(loader: DatasetLoader) -> tuple[Any, Any]:
    """Return the loader's data and target, as a data frame with names and types where it can give one."""
    # what a schedule holds was decorated when it was loaded
    return loader.frame() if isinstance(loader, ScheduledDatasetLoader) else load_data(loader)


def decorated(call: Call) -> Call:
    """Return the `__call__` of a loader, inside the configuration's decorators also where it is called directly."""

    @functools.wraps(call)
    def calling(self: Any) -> tuple[Any, Any]:
        return call(self) if _loading.get() is self else load_data(self)

    return calling


@pluggable("load_data_decorators")
def load_data(loader: DatasetLoader) -> tuple[Any, Any]:
    """Have the loader load, inside the decorators of the configuration; `load` is for callers."""
    name = type(loader).__name__
    give = getattr(loader, "frame", loader)
    if not callable(give):
        raise ConfigError(f"a dataset loader is called to load, and {name} cannot be; name a class with __call__")
    before = _loading.set(loader)
    try:
        pair = give()
    finally:
        _loading.reset(before)
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
        return self.given(*load_data(self))

    def given(self, data: Any, target: Any) -> tuple[Any, Any]:
        """Return data and target of `frame` as a call gives them."""
        if not self.ndarray:
            return data, target
        return _plain(data), _plain(target)

    def frame(self) -> "tuple[pd.DataFrame, pd.Series[Any] | None]":
        """Return the data with its names and types, in the order of the source, and the target."""
        frame = self._read()
        if self.target_column is None:
            return frame, None
        found = sum(name == self.target_column for name in frame.columns)
        if found != 1:
            columns = ", ".join(map(repr, frame.columns))
            fault = "does not exist" if found == 0 else "is there more than once"
            raise MissingKey(
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


def _plain(values: Any) -> Any:
    """Return the array that is in a frame or a Series; what a decorator made of one is left as it is."""
    return values.to_numpy() if hasattr(values, "to_numpy") else values


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

    pandas_read: Callable[..., Any] | None = None  # of a subclass: what reads in place of pandas' own reader

    def __init__(self, path: str, target_column: Hashable | None = None, ndarray: bool = True, **kwargs: Any) -> None:
        self.path = path
        self.target_column = target_column
        self.ndarray = ndarray
        self.kwargs = kwargs

    def _reader(self) -> Callable[..., Any]:
        import pandas as pd

        return pd.read_csv

    def _read(self) -> "pd.DataFrame":
        read = self.pandas_read or self._reader()
        try:
            frame = read(self.path, **bygone.todays(read, self.kwargs, self._tell))
        except FileNotFoundError as error:
            where = os.path.abspath(self.path)
            remedy = "relative paths start at the working directory"
            raise ConfigError(f"{self._source()}: there is no file {where!r}; {remedy}") from error
        except (OSError, TypeError, ValueError) as error:  # ValueError: what the parser and wrong arguments raise
            raise ConfigError(f"{self._source()}: cannot be read: {type(error).__name__}: {error}") from error
        return self._checked(frame)

    def _tell(self, advice: str) -> None:
        logger.warning("%s: %s", self._source(), advice)

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


class Parquet(_Frames):
    """Loads a Parquet file, or a folder of them whose inner folders may be called `column=value`.

    Args:
        path: Relative to the working directory, or a URL.
        target_column: As of `CSV`.
        ndarray: As of `CSV`.
        **kwargs: Go to `pandas.read_parquet`.

    Raises:
        ConfigError: When it loads: there is no such file, pandas cannot read it, or the target column is not there.

    Examples:
        >>> Parquet("flowers.parquet", target_column="species")()
        Traceback (most recent call last):
        triglot.errors.ConfigError: dataset 'flowers.parquet': cannot be read: FileNotFoundError: flowers.parquet
    """

    def __init__(self, path: str, target_column: Hashable | None = None, ndarray: bool = True, **kwargs: Any) -> None:
        self.path = path
        self.target_column = target_column
        self.ndarray = ndarray
        self.kwargs = kwargs

    def _read(self) -> "pd.DataFrame":
        import pandas as pd

        try:
            return pd.read_parquet(self.path, **self.kwargs)
        except (OSError, TypeError, ValueError) as error:  # pyarrow's own are among these
            raise ConfigError(f"{self._source()}: cannot be read: {type(error).__name__}: {error}") from error

    def _source(self) -> str:
        return f"dataset {str(self.path)!r}"


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
        self.sql: Any = sql  # or what SQLAlchemy has made of one
        self.target_column = target_column
        self.ndarray = ndarray
        self.kwargs = kwargs

    def _read(self) -> "pd.DataFrame":
        import pandas as pd
        from sqlalchemy import create_engine
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import NullPool

        from triglot.database_words import reason, without_secrets

        source = self._source()
        try:
            engine = create_engine(self.url, poolclass=NullPool)
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigError(f"{source}: cannot be opened: {error}; correct url, or install the driver") from error
        try:
            with engine.connect() as connection:
                frame = pd.read_sql(self.sql, connection, **self.kwargs)
        except (SQLAlchemyError, OSError, TypeError, ValueError) as error:  # OSError: pandas' DatabaseError is one
            words = without_secrets(reason(error.__cause__ or error), engine.url)
            raise ConfigError(f"{source}: {str(self.sql)!r} cannot be read: {words}") from error
        finally:
            engine.dispose()
        return self._checked(frame)

    def parsed_url(self) -> "URL":
        """Return the URL; raises `ConfigError` where it is none."""
        from triglot.database_words import parsed

        found = parsed(self.url)
        if found is None:
            raise ConfigError("the url of the SQL loader is none; write dialect://user:password@host/name")
        return found

    def _source(self) -> str:
        from triglot.database_words import shown

        return f"database {shown(self.parsed_url())!r}"


class EmptyDatasetLoader:
    """Loads nothing: neither data nor target.

    Examples:
        >>> EmptyDatasetLoader()()
        (None, None)
    """

    @decorated
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

    @decorated
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
        self._thread = RruleThread(self.update_cache, rule_of(update_cache_rrule, "update_cache_rrule"))
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
