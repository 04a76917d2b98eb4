"""Real databases for the store's tests: a SQLite file, and a PostgreSQL server of the session's own."""

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.helpers import PATIENCE_S
from triglot.artefact import Artefact, seal
from triglot.store import ModelStore

KEY = b"a key for tests, 32 bytes long.."


def missing(what: str) -> None:
    """Skip on a laptop; fail where the run promised to have it."""
    if os.environ.get("CI") or what in os.environ.get("TRIGLOT_REQUIRE", "").split():
        pytest.fail(f"{what} is required here and cannot be found")
    pytest.skip(f"{what} is not installed")


def make_artefact(blob: bytes = b"a model", key: bytes = KEY, **fields: Any) -> Artefact:
    manifest = {
        "language": "r",
        "task": "classification",
        "spec": {"fit": "fit"},
        "sources": {"model.R": "fit <- function(x, y) lm(y ~ x)  # süß\n"},
        "runtime": {"R": "4.2.2"},
        "classes": ["setosa", "virginica"],
        "created": "2026-01-02T03:04:05+00:00",
    }
    return seal(manifest | fields, blob, key)


def pattern(size: int) -> bytes:
    """Bytes in which any exchange, loss or repetition of pieces changes the whole."""
    return b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(size // 32 + 1))[:size]


def with_driver(url: str) -> str:
    return url.replace("postgresql:", "postgresql+psycopg:").replace("mariadb:", "mariadb+pymysql:")


def _binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    return installed[-1].parent if installed else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server without its database name; the server ends with the session."""
    binaries = _binaries()
    if binaries is None:
        missing("postgresql")
        return
    # The server refuses to run as root, and its user cannot enter pytest's own folders.
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="triglot-postgresql-", dir="/tmp"))
    data, port = folder / "data", _free_port()
    options = (
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 "
        "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
    )

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [binaries / program, "-D", data, *arguments],
            cwd=folder,
            check=True,
            timeout=PATIENCE_S,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **user,
        )

    try:
        if user:
            shutil.chown(folder, "postgres", "postgres")
        run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://postgres:secret-word@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


# A running server, as in mariadb://root@127.0.0.1:3306, whose user may make and drop databases.
MARIADB = os.environ.get("TRIGLOT_TEST_MARIADB", "")


@pytest.fixture(params=["sqlite", "postgresql", *(["mariadb"] if MARIADB else [])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/folder/store.db"
        return
    if request.param == "mariadb":
        server, first = MARIADB.rstrip("/"), "mysql"
    else:
        server, first = request.getfixturevalue("postgresql"), "postgres"
    name = f"test_{uuid4().hex}"
    admin = sa.create_engine(with_driver(f"{server}/{first}"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield f"{server}/{name}"
    if request.param == "mariadb":  # the other server ends with the session
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name}"))


@pytest.fixture
def open_store(url: str) -> Iterator[Callable[..., ModelStore]]:
    """Open stores on the same database, each with connections of its own."""
    stores: list[ModelStore] = []

    def open_one(**options: Any) -> ModelStore:
        stores.append(ModelStore(url, **options))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., ModelStore]) -> ModelStore:
    return open_store(chunk_size=1000)


@pytest.fixture
def sql(url: str) -> Iterator[sa.Engine]:
    """The database behind the store's back, without the store's rules."""
    engine = sa.create_engine(with_driver(url), poolclass=sa.NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def artefact() -> Callable[..., Artefact]:
    return make_artefact


@pytest.fixture
def several_chunks() -> bytes:
    """More than seven chunks of the store's 1000 bytes, the last one short."""
    return pattern(7013)


@pytest.fixture
def key() -> bytes:
    return KEY
