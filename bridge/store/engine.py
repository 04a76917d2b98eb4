"""The database behind the store: connections, transactions, and the errors that come out of them.

Safe for threads, for several processes, and after a fork. Between calls SQLite has no connection open, the
servers one a process at most, so that many front ends do not use up a database server.
"""

import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from triglot import database_words
from triglot.database_words import without_secrets
from triglot.errors import ConfigError, StoreError
from triglot.store import migrations

T = TypeVar("T")

BUSY_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 10
UPGRADE_TIMEOUT_S = 60
TRIES = 6  # of one transaction that loses races against others

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXTRAS = {"postgresql": "postgres", "mysql": "mariadb", "mariadb": "mariadb"}
_SERVERS_OF_MYSQL = ("mysql", "mariadb")
_ADVISORY_LOCK = 0x7472_6967  # any number that other programs on the same server do not use

# What a server answers when two transactions stood in each other's way and this one should start again.
_SQLSTATES_OF_LOST_RACES = {"40001", "40P01"}
_MYSQL_CODES_OF_LOST_RACES = {1020, 1205, 1213}

_databases: "weakref.WeakSet[Database]" = weakref.WeakSet()
_upgrading = threading.Lock()


class Database:
    """One SQL database whose tables are brought up to date when it is first used."""

    def __init__(self, url: str) -> None:
        self.url = _parse(url)
        self._engine = _make_engine(self.url)
        self.dialect = self._engine.dialect.name
        if self.dialect == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
            self._reader, self._writer = self._engine, self._engine.execution_options(triglot_writes=True)
        else:
            # A reader sees one state of the database however many statements it needs; a writer sees
            # what others committed while it waited for their lock.
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ")
            self._writer = self._engine.execution_options(isolation_level="READ COMMITTED")
        self._ready = False
        _databases.add(self)

    @property
    def largest_value(self) -> int:
        """The most bytes to send in one value.

        MariaDB takes statements of 16 MiB as it comes, and its client may double bytes to escape them.
        """
        return 6 * 1024 * 1024 if self.dialect in _SERVERS_OF_MYSQL else 512 * 1024 * 1024

    def __str__(self) -> str:
        return database_words.shown(self.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state of the database."""
        self._make_ready()
        with self._translated(), self._reader.begin() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returned, in one transaction, which starts again when it lost a race."""
        self._make_ready()
        attempt = 1
        while True:
            try:
                with self._writer.begin() as connection:
                    return work(connection)
            except SQLAlchemyError as error:
                if attempt == TRIES or not _lost_a_race(error):
                    raise self._store_error(error) from self._cause(error)
            time.sleep(random.uniform(0, 0.02 * attempt))  # seconds; apart, so that they do not meet again
            attempt += 1

    @property
    def file(self) -> Path | None:
        """The file of the database, None where a server keeps it."""
        database = self.url.database
        return Path(database) if self.dialect == "sqlite" and database and not database.startswith("file:") else None

    def revision(self) -> str | None:
        """Return the revision of the tables as it is, None where there are none; nothing is upgraded by asking."""
        with self._translated(), self._reader.begin() as connection:
            return migrations.current(connection)

    def upgrade(self) -> None:
        """Make the tables, or bring them up to date; any number of processes may do so at once."""
        with _upgrading, self._translated():
            self._make_folder()
            with self._reader.begin() as connection:
                found = migrations.current(connection)
            if found != migrations.HEAD:
                self._upgrade_alone()
            self._ready = True

    def close(self) -> None:
        """Close the idle connections; the next call opens new ones."""
        self._engine.dispose()

    def forget_connections(self) -> None:
        """Drop the connections without a word to the server: after a fork they belong to the parent."""
        self._engine.dispose(close=False)

    def _make_ready(self) -> None:
        if not self._ready:
            self.upgrade()

    def _make_folder(self) -> None:
        if self.dialect != "sqlite" or self.url.database is None or self.url.database.startswith("file:"):
            return
        folder = Path(self.url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder {folder} of the model store cannot be made ({error.strerror}); "
                "make it, or name another file in the store's URL"
            ) from error

    def _upgrade_alone(self) -> None:
        if self.dialect == "sqlite":
            self._switch_to_wal()
        with self._writer.begin() as connection:  # SQLite: BEGIN IMMEDIATE, so this is the lock already
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
            if self.dialect in _SERVERS_OF_MYSQL:
                self._upgrade_under_named_lock(connection)
            else:
                migrations.run(connection)

    def _upgrade_under_named_lock(self, connection: Connection) -> None:
        """Run the migrations under a lock of the session, as here each CREATE TABLE ends the transaction."""
        lock = {"name": f"triglot_upgrade_{self.url.database}"[:64], "seconds": UPGRADE_TIMEOUT_S}
        if connection.execute(text("SELECT GET_LOCK(:name, :seconds)"), lock).scalar() != 1:
            raise StoreError(
                f"another process has been upgrading {self} for {UPGRADE_TIMEOUT_S} s; "
                "end it if it hangs, then try again"
            )
        try:
            migrations.run(connection)
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": lock["name"]})

    def _switch_to_wal(self) -> None:
        """Let readers and a writer of the file go on side by side; the file remembers it.

        SQLite answers "locked" at once here, whatever the busy timeout, so the waiting is done by hand.
        """
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            with closing(self._engine.raw_connection()) as raw:
                try:
                    raw.cursor().execute("PRAGMA journal_mode = WAL").close()
                    return
                except sqlite3.OperationalError as error:
                    busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                    if not busy or time.monotonic() > deadline:
                        raise StoreError(f"the model store {self} cannot be opened: {error}") from error
            time.sleep(random.uniform(0.005, 0.03))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise self._store_error(error) from self._cause(error)

    def _store_error(self, error: SQLAlchemyError) -> StoreError:
        words = without_secrets(database_words.reason(error), self.url)
        return StoreError(f"the model store {self}: {words}{self._hint(error)}")

    def _cause(self, error: SQLAlchemyError) -> SQLAlchemyError | None:
        """Return the error for the traceback, unless it would print there what the message leaves out."""
        return error if without_secrets(str(error), self.url) == str(error) else None

    def _hint(self, error: SQLAlchemyError) -> str:
        if not isinstance(error, DBAPIError):
            return ""
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            return f" (another process has been writing for {BUSY_TIMEOUT_S:.0f} s; try again when it is done)"
        if code == sqlite3.SQLITE_CANTOPEN:
            return " (check that the folder exists and that this user may write to it)"
        if error.connection_invalidated or database_words.reason(error).startswith("connection"):
            return " (check that the database runs and that host, port, user and password are right)"
        return ""


def _parse(url: str) -> URL:
    parsed = database_words.parsed(url)
    if parsed is None:
        raise ConfigError(
            "the model store's URL cannot be read; write it as sqlite:///file.db or "
            "postgresql://user:password@host/database, with special characters percent-encoded"
        )
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    backend = parsed.get_backend_name()
    if backend not in _DRIVERS:
        raise ConfigError(f"the model store cannot be in {backend!r}; use sqlite, postgresql or mariadb")
    if backend != "sqlite":
        return parsed
    database = parsed.database or ""
    if not database or ":memory:" in database or parsed.query.get("mode") == "memory":
        raise ConfigError(
            "the model store cannot be in memory, as other processes would not see it; "
            "name a file: sqlite:///triglot.db"
        )
    if database.startswith("file:"):
        return parsed
    return parsed.set(database=os.path.abspath(database))  # a process that changes its folder keeps its store


def _make_engine(url: URL) -> Engine:
    backend = url.get_backend_name()
    options: dict[str, Any] = {"hide_parameters": True}  # they are whole models
    if backend == "sqlite":
        options |= {"poolclass": NullPool, "connect_args": {"timeout": BUSY_TIMEOUT_S}}
    else:
        options |= {"pool_size": 1, "max_overflow": 15, "pool_pre_ping": True}
        if "connect_timeout" not in url.query:
            options["connect_args"] = {"connect_timeout": CONNECT_TIMEOUT_S}
    try:
        return create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the driver for {backend} is missing ({error.name}); "
            f"run: pip install 'triglot[{_EXTRAS.get(backend, backend)}]'"
        ) from error
    except (ArgumentError, NoSuchModuleError):
        raise ConfigError(f"the model store's driver {url.drivername!r} is not known") from None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions at times of its own
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("triglot_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lost_a_race(error: SQLAlchemyError) -> bool:
    """Tell whether the same work may succeed when it starts again on what the others left."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error, IntegrityError):
        return True
    if getattr(error.orig, "sqlstate", None) in _SQLSTATES_OF_LOST_RACES:
        return True
    args: tuple[Any, ...] = getattr(error.orig, "args", ())
    return bool(args) and args[0] in _MYSQL_CODES_OF_LOST_RACES


def _after_fork() -> None:
    """Give the child its own locks and connections: the parent's threads will not release theirs here."""
    global _upgrading
    _upgrading = threading.Lock()
    for database in list(_databases):
        database.forget_connections()


os.register_at_fork(after_in_child=_after_fork)
