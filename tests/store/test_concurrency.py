"""Many processes and threads on one store, some of which die."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.helpers import PATIENCE_S
from triglot.artefact import Artefact
from triglot.errors import StoreError, VersionInUse, VersionNotFound
from triglot.store import ModelStore, engine, migrations

Make = Callable[..., Artefact]
Open = Callable[..., ModelStore]
OTHER_PROCESS = Path(__file__).with_name("other_process.py")


def other_process(*arguments: str) -> list[str]:
    """Return the lines that other processes have said, once all of them ended well."""
    command = [sys.executable, "-W", "error", OTHER_PROCESS, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_versions_of_many_writers_are_unique_and_without_gaps(store: ModelStore, url: str) -> None:
    lines = other_process("crowd", "8", "write", url, "iris", "5")  # they make the tables, too
    of_process: dict[str, list[int]] = {}
    for line in lines:
        process, version = line.split()
        of_process.setdefault(process, []).append(int(version))
    assert len(of_process) == 8
    assert all(numbers == sorted(numbers) for numbers in of_process.values())
    assert sorted(itertools.chain(*of_process.values())) == list(range(1, 41))
    assert [info.version for info in store.list()] == list(range(1, 41))
    for info in store.list():
        assert store.read("iris", info.version).metadata == {"blob": info.sha256}


def test_processes_may_upgrade_at_once(store: ModelStore, url: str) -> None:
    assert other_process("crowd", "4", "upgrade", url) == [migrations.HEAD] * 4
    assert store.list() == []


def test_threads_may_share_a_store(store: ModelStore, artefact: Make) -> None:
    def work(number: int) -> int:
        version = store.write("iris", artefact(b"%d" % number))
        assert store.read("iris", version).artefact.blob == b"%d" % number
        store.activate("iris", version, alias="latest")
        return version

    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(work, range(24)))
    assert sorted(versions) == list(range(1, 25))
    assert store.aliases("iris")["latest"] in versions


@contextmanager
def write_held_in_the_middle(store: ModelStore, artefact: Artefact) -> Iterator["threading.Thread"]:
    """Write in a thread that stands still before its third chunk for as long as the block lasts."""
    reached, go_on, seen = threading.Event(), threading.Event(), 0
    writer = threading.Thread(target=store.write, args=("iris", artefact))

    def hold(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal seen
        if threading.current_thread() is writer and statement.startswith("INSERT INTO triglot_chunks"):
            seen += 1
            if seen == 3:
                reached.set()
                go_on.wait(PATIENCE_S)

    event.listen(sa.Engine, "before_cursor_execute", hold)
    try:
        writer.start()
        assert reached.wait(PATIENCE_S)
        yield writer
    finally:
        go_on.set()
        writer.join(PATIENCE_S)
        event.remove(sa.Engine, "before_cursor_execute", hold)


def test_a_reader_never_sees_half_a_version(
    store: ModelStore, open_store: Open, artefact: Make, several_chunks: bytes
) -> None:
    store.write("iris", artefact(b"first"))
    reader = open_store()
    with write_held_in_the_middle(store, artefact(several_chunks)):
        assert [info.version for info in reader.list()] == [1]
        assert reader.properties()["versions"] == 1
        with pytest.raises(VersionNotFound, match=r"known versions: 1$"):
            reader.read("iris", 2)
        assert reader.read("iris", 1).artefact.blob == b"first"
    assert reader.read("iris", 2).artefact.blob == several_chunks


def test_a_version_deleted_while_it_is_read_is_still_read_whole(
    store: ModelStore, open_store: Open, artefact: Make, several_chunks: bytes
) -> None:
    store.write("iris", artefact(several_chunks))
    other, deleted = open_store(), threading.Event()
    reader = threading.current_thread()

    def delete(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        is_chunk = "SELECT triglot_chunks.data" in statement
        if is_chunk and threading.current_thread() is reader and not deleted.is_set():
            deleted.set()
            thread = threading.Thread(target=other.delete, args=("iris", 1))
            thread.start()
            thread.join(PATIENCE_S)

    event.listen(sa.Engine, "before_cursor_execute", delete)
    try:
        found = store.read("iris", 1)
    finally:
        event.remove(sa.Engine, "before_cursor_execute", delete)
    assert deleted.is_set()
    assert found.artefact.blob == several_chunks
    assert other.list() == []


def test_a_version_is_never_both_active_and_deleted(store: ModelStore, open_store: Open, artefact: Make) -> None:
    other = open_store()
    with ThreadPoolExecutor(2) as pool:
        for number in range(1, 11):
            store.write("iris", artefact())
            activated = pool.submit(store.activate, "iris", number, alias=f"a{number}")
            deleted = pool.submit(other.delete, "iris", number)
            failures = [future.exception(PATIENCE_S) for future in (activated, deleted)]
            assert [type(f) for f in failures if f] in ([VersionNotFound], [VersionInUse])
            exists = number in [info.version for info in store.list("iris")]
            assert exists == (f"a{number}" in store.aliases("iris"))


def test_a_killed_writer_leaves_a_whole_store(
    store: ModelStore, open_store: Open, artefact: Make, url: str, sql: sa.Engine
) -> None:
    store.write("iris", artefact(b"before"))
    command = [sys.executable, OTHER_PROCESS, "hang-in-write", url, "iris"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "in the middle\n"
            assert store.read("iris", 1).artefact.blob == b"before"
        finally:
            writer.kill()
    after = open_store()
    assert [info.version for info in after.list()] == [1]
    assert after.write("iris", artefact(b"after")) == 2
    assert after.read("iris", 1).artefact.blob == b"before"
    assert after.read("iris", 2).artefact.blob == b"after"
    with sql.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM triglot_chunks")).scalar() == 2
        if sql.dialect.name == "sqlite":
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"


def test_a_store_may_be_used_on_both_sides_of_a_fork(store: ModelStore, url: str) -> None:
    other_process("fork", url, "iris")
    assert [info.version for info in store.list()] == list(range(1, 12))


def test_a_file_that_is_written_for_long_says_so(
    tmp_path: Path, artefact: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.2)
    store = ModelStore(f"sqlite:///{tmp_path}/store.db", chunk_size=10)
    with (
        write_held_in_the_middle(store, artefact(b"x" * 100)),
        pytest.raises(StoreError, match=r"locked.*another process has been writing"),
    ):
        store.write("iris", artefact())
    assert [info.version for info in store.list()] == [1]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_restarted_server_is_found_again(open_store: Open, sql: sa.Engine, artefact: Make) -> None:
    store = open_store()
    store.write("iris", artefact())
    with sql.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        ended = connection.execute(sa.text(f"{others} AND pid <> pg_backend_pid()")).scalars().all()
    assert ended == [True]  # one idle connection a process, no more
    assert store.active() == {}
