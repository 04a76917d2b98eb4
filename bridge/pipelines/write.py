"""Steps that put the table somewhere; what was there before stays until all of the new is there.

The table goes on to the next step as it is, so that it may be written twice.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from triglot.errors import BadRequest, ConfigError
from triglot.pipelines import forms
from triglot.pipelines.databases import connected, shown
from triglot.pipelines.load import form_of
from triglot.pipelines.step import Frame, Step, Wants
from triglot.pipelines.template import Template

if TYPE_CHECKING:
    from triglot.pipelines.context import Context

logger = logging.getLogger("triglot")

_RUNS = "triglot_runs"
_NAME_LENGTH = 128


class File(Step):
    """Writes a file of CSV, JSON lines or Parquet, as its name ends. It is there only when it is whole.

    Args:
        path: Relative to the working directory; `{day}` stands for the run's parameter `day`. Its folder is made.

    Raises:
        ConfigError: The name has another ending.

    Examples:
        >>> sorted(File("answers/{day}.parquet").wants().needed)
        ['day']
    """

    writes: ClassVar[bool] = True

    def __init__(self, path: str) -> None:
        self._template = Template(path)
        self._kind = form_of(path)

    def wants(self) -> Wants:
        return Wants(needed=self._template.names, known=self._template.names)

    def run(self, context: "Context", table: Frame | None, parameters: Mapping[str, Any]) -> Frame:
        from triglot.bulk.files import written

        assert table is not None
        path = self._template.path(parameters)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with written(path) as sink:
                forms.write(table, self._kind, sink)
        except OSError as error:  # a full disk, above all
            why = error.strerror or error
            raise BadRequest(f"{str(path)!r} cannot be written: {why}; what was there is as it was") from None
        logger.info("%d rows are in %s", len(table), path)
        return table


class SQL(Step):
    """Writes the rows of a table of a database, in one transaction.

    With `append` they are added, once a run: a job that another runner takes over adds nothing twice, for which the
    table `triglot_runs` of the same database keeps the runs. A table that is not there is made.

    Args:
        url: As of `triglot.pipelines.load.SQL`.
        table: The table's name.
        mode: Whether its rows are replaced or added to.

    Raises:
        ConfigError: `mode` is neither.

    Examples:
        >>> SQL("sqlite://", "answers", mode="append").writes
        True
    """

    writes: ClassVar[bool] = True

    def __init__(self, url: str, table: str, mode: Literal["replace", "append"] = "replace") -> None:
        if mode not in ("replace", "append"):
            raise ConfigError(f"mode: {mode!r}; write 'replace' or 'append'")
        self.url = url
        self.table = table
        self.mode = mode

    def wants(self) -> Wants:
        return Wants()

    def run(self, context: "Context", table: Frame | None, parameters: Mapping[str, Any]) -> Frame:
        assert table is not None
        with connected(self.url, "written") as connection:
            if self.mode == "append" and not _first_time(connection, context.run_id, self.table):
                logger.info("table %s has the rows of this run already", self.table)
                return table
            if self.mode == "replace":
                _emptied(connection, self.table)
            table.to_sql(self.table, connection, if_exists="append", index=False, chunksize=forms.PIECE_ROWS)
        logger.info("%d rows are in table %s of %s", len(table), self.table, shown(self.url))
        return table


def _emptied(connection: Any, name: str) -> None:
    from sqlalchemy import delete, inspect, table

    if inspect(connection).has_table(name):
        connection.execute(delete(table(name)))


def _first_time(connection: Any, run_id: str, name: str) -> bool:
    """Note that a run adds to a table; False where it has done so."""
    from sqlalchemy import Column, MetaData, String, Table, insert, select

    columns = (Column(each, String(_NAME_LENGTH), primary_key=True) for each in ("run", "target"))
    runs = Table(_RUNS, MetaData(), *columns)
    runs.create(connection, checkfirst=True)
    this = {"run": run_id, "target": name}
    if connection.execute(select(runs).where(runs.c.run == run_id, runs.c.target == name)).first() is not None:
        return False
    connection.execute(insert(runs).values(**this))
    return True
