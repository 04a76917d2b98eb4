"""The history of the tables, and the means to bring a database to its end.

Alembic is imported only to change a database: a process that finds it up to date stays small.
"""

from pathlib import Path

from sqlalchemy import ColumnClause, Connection, column, inspect, select, table

from triglot.errors import StoreError

HEAD = "0004"
VERSION_TABLE = "triglot_schema"


def current(connection: Connection) -> str | None:
    """Return the revision of the database's tables, None where there are none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    number: ColumnClause[str] = column("version_num")
    return connection.execute(select(number).select_from(table(VERSION_TABLE))).scalar_one_or_none()


def run(connection: Connection) -> None:
    """Bring the tables to `HEAD` on `connection`; the caller sees to it that nobody else does so now."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"the store's tables are at revision {current(connection)!r}, which this version of Triglot "
            f"(revision {HEAD!r}) cannot bring up to date; install the newest Triglot: {error}"
        ) from error
