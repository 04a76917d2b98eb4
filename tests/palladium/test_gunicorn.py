"""`gunicorn palladium.wsgi:app`, as the deployment page has it: it answers predictions, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.functional.running import free_port
from tests.helpers import PATIENCE_S, until
from tests.palladium.conftest import ask, pld, surroundings
from triglot.transport.discovery import scan

FLOWER = urllib.parse.urlencode({"sepal length": 6.3, "sepal width": 2.5, "petal length": 4.9, "petal width": 1.5})


@contextmanager
def gunicorn(place: Path, **more: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Hold a running gunicorn of two processes: its address, and its process; it ends with the block."""
    port, log = free_port(), place / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers=2", f"--bind=127.0.0.1:{port}"]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "palladium.wsgi:app"],
            cwd=place,
            env={name: value for name, value in surroundings(**more).items() if name != "TRIGLOT_RUN_DIR"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        if server.poll() is None:
            server.terminate()
        server.wait(PATIENCE_S)
        until(lambda: not processes_of(place))


def processes_of(place: Path) -> set[int]:
    """Return the processes that work in a folder."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == str(place):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def answers(url: str) -> bool:
    try:
        status, body = ask(f"{url}/predict?{FLOWER}")
    except OSError:
        return False
    return (status, body.get("result")) == (200, "Iris-versicolor")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_it_predicts_by_workers_of_its_own_that_end_with_it(iris: Path, end: signal.Signals) -> None:
    if not (iris / "iris-model.db").exists():
        assert pld("pld-fit", cwd=iris).returncode == 0
    with gunicorn(iris) as (url, server):
        until(lambda: answers(url))
        first = scan(iris / "run")
        assert {each.language for each in first.values()} == {"python"}
        if end == signal.SIGTERM:
            [worker] = [
                pid for pid in processes_of(iris) if b"triglot.workers" in Path(f"/proc/{pid}/cmdline").read_bytes()
            ]
            os.kill(worker, signal.SIGKILL)
            until(lambda: scan(iris / "run") not in ({}, first))
            until(lambda: answers(url))
            server.terminate()
        else:
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(PATIENCE_S)
        until(lambda: not processes_of(iris))
