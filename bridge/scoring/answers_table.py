"""A table of a database as output: filled in one transaction at the end, so that it is whole or empty."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    MetaData,
    Table,
    Text,
    func,
    inspect,
    select,
)

from triglot.errors import BadRequest
from triglot.scoring.database import connected, shown
from triglot.scoring.outputs import PartFiles, batches_of

INSERTED: Final = 10_000  # rows of one statement


@dataclass(frozen=True, slots=True)
class OutTable:
    """A table that is new, or empty; the work keeps what it has to remember in a folder here."""

    url: str = field(repr=False)
    table: str
    here: Path

    @property
    def folder(self) -> Path:
        """Where the work keeps what it has to remember, and the parts until then."""
        return self.here / f".{self.table}.triglot"

    @property
    def parts(self) -> PartFiles:
        """Where the parts go."""
        return PartFiles(self.folder / "parts", "arrow")

    def check(self) -> None:
        """Raise `BadRequest` where the table has rows."""
        if not self.table.replace("_", "a").isalnum():
            raise BadRequest(f"--table: {self.table!r}: write a name of letters, digits and underscores")
        with connected(self.url, "output") as engine, engine.connect() as connection:
            self._refuse_rows(connection)

    def finish(self, paths: Sequence[Path], schema: Any) -> None:
        """Fill the table, and forget the work."""
        table = Table(self.table, MetaData(), *(Column(each.name, _type(each.type)) for each in schema))
        with connected(self.url, "output") as engine:
            table.create(engine, checkfirst=True)
            with engine.begin() as connection:
                self._refuse_rows(connection)  # which somebody else may have written meanwhile
                for batch in batches_of(paths):
                    _insert(connection, table, batch)
        self.forget()

    def forget(self) -> None:
        """Remove what the work remembers, and its parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def described(self) -> dict[str, Any]:
        """Return what makes these other answers than others, as JSON and without secrets."""
        return {"answers": shown(self.url), "--table": self.table}

    def _refuse_rows(self, connection: Connection) -> None:
        if inspect(connection).has_table(self.table):
            rows = connection.execute(select(func.count()).select_from(Table(self.table, MetaData()))).scalar_one()
            if rows:
                raise BadRequest(f"--table: {self.table!r} has {rows:,} rows already; name a new table, or empty it")


def _insert(connection: Connection, table: Table, batch: Any) -> None:
    for start in range(0, batch.num_rows, INSERTED):
        connection.execute(table.insert(), batch.slice(start, INSERTED).to_pylist())


def _type(kind: Any) -> Any:
    """Return the type of a column of a database that holds an Arrow type; text holds all others."""
    if pa.types.is_boolean(kind):
        return Boolean()
    if pa.types.is_integer(kind):
        return BigInteger()
    if pa.types.is_floating(kind):
        return Double()
    if pa.types.is_date(kind):
        return Date()
    return DateTime() if pa.types.is_timestamp(kind) else Text()
