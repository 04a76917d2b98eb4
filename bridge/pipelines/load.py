"""Steps that begin with data from elsewhere; each has a place for the run's parameters.

The dataset loaders of `triglot.dataset` and `triglot.foreign` are steps, too; they load the same whatever a run says.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triglot.errors import BadRequest, ConfigError
from triglot.pipelines.databases import connected
from triglot.pipelines.forms import ENDINGS
from triglot.pipelines.step import Frame, Step, Wants
from triglot.pipelines.template import Template

if TYPE_CHECKING:
    from triglot.pipelines.context import Context


class SQL(Step):
    """Loads the rows of a query.

    Args:
        url: SQLAlchemy's: `sqlite:///orders.db`, `postgresql+psycopg://user:password@host/name`.
        sql: The query. `:day` stands for the run's parameter `day`, which the database gets as a value and never reads
            as a part of the query.
        **kwargs: Go to `pandas.read_sql`.

    Raises:
        ConfigError: The URL is none, or its driver is not installed.

    Examples:
        >>> step = SQL("sqlite://", "SELECT 7 AS amount, :day AS day")
        >>> sorted(step.wants().needed)
        ['day']
    """

    def __init__(self, url: str, sql: str, **kwargs: Any) -> None:
        from sqlalchemy import text

        self.url = url
        self.kwargs = kwargs
        self._query = text(sql)
        self._names = frozenset(self._query.compile().params)

    def wants(self) -> Wants:
        return Wants(table=False, needed=self._names, known=self._names)

    def run(self, context: "Context", table: Frame | None, parameters: Mapping[str, Any]) -> Frame:
        import pandas as pd

        values = {name: parameters[name] for name in self._names}
        with connected(self.url, "read") as connection:
            frame: Frame = pd.read_sql(self._query, connection, params=values, **self.kwargs)
        return frame


class File(Step):
    """Loads a file of CSV, JSON lines or Parquet, as its name ends.

    Args:
        path: Relative to the working directory; `{day}` stands for the run's parameter `day`.
        **kwargs: Go to `pandas.read_csv`, `read_json` or `read_parquet`.

    Raises:
        ConfigError: The name has another ending.

    Examples:
        >>> sorted(File("orders/{day}.csv").wants().needed)
        ['day']
    """

    def __init__(self, path: str, **kwargs: Any) -> None:
        self._template = Template(path)
        self.kwargs = kwargs
        form_of(path)

    def wants(self) -> Wants:
        return Wants(table=False, needed=self._template.names, known=self._template.names)

    def run(self, context: "Context", table: Frame | None, parameters: Mapping[str, Any]) -> Frame:
        return read(self._template.path(parameters), self.kwargs)


def read(path: Path, options: Mapping[str, Any] | None = None) -> Frame:
    """Return the rows of a file; raises `BadRequest` where it cannot be read."""
    import pandas as pd

    kind = form_of(str(path))
    reader: Any = {"csv": pd.read_csv, "parquet": pd.read_parquet, "jsonl": pd.read_json}[kind]
    usual = {"lines": True} if kind == "jsonl" else {}
    try:
        frame: Frame = reader(path, **{**usual, **(options or {})})
    except FileNotFoundError:
        raise BadRequest(f"there is no file {str(path)!r}; relative paths start at the working directory") from None
    except (OSError, TypeError, ValueError) as error:  # ValueError: what a parser and wrong arguments raise
        raise BadRequest(f"{str(path)!r} cannot be read: {type(error).__name__}: {error}") from error
    return frame


def form_of(path: str) -> str:
    """Return the form that the ending of a path stands for; raises `ConfigError` for another one."""
    found = next((kind for ending, kind in ENDINGS.items() if path.lower().endswith(ending)), None)
    if found is None:
        raise ConfigError(f"path: {path!r} has none of the endings {', '.join(ENDINGS)}")
    return found
