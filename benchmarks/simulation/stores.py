"""What a store of models costs: the look that every process takes twice a second, and the bytes of a version."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.processes import family, free_port, ticks
from triglot.artefact import Artefact, seal
from triglot.store import ModelStore

LOOKS = 400
MODELS = (5, 200)
FETCHED_MB = 64
KEY = b"a key for measurements, 32 bytes"


def measured(folder: Path, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Return what each kind of store costs; PostgreSQL only where it is installed."""
    found = {"SQLite": costs(f"sqlite:///{folder}/costs.db", os.getpid())}
    with postgresql() as server:
        if server is None:
            say("PostgreSQL is not installed")
        else:
            found["PostgreSQL"] = costs(*server)
    for name, each in found.items():
        say(f"{name}: " + ", ".join(f"{what} {value:g}" for what, value in each.items()))
    return found


def costs(url: str, pid: int) -> dict[str, float]:
    """Return what one database costs; its own processor time is that of the process and its descendants."""
    store, found, there = ModelStore(url), dict[str, float](), 0
    store.upgrade()
    for models in MODELS:
        for number in range(there, models):
            store.activate(f"m{number}", store.write(f"m{number}", artefact(b"x" * 1000)))
        there = models
        found |= {f"{what}, {models:,} models": value for what, value in looks(store, pid).items()}
    store.write("large", artefact(os.urandom(FETCHED_MB * 2**20)))
    began = time.perf_counter()
    store.read("large", 1)
    found["fetch MB/s"] = round(FETCHED_MB * 2**20 / 1e6 / (time.perf_counter() - began))
    store.close()
    return found


def looks(store: ModelStore, pid: int) -> dict[str, float]:
    """Return the milliseconds of a look, and those of the database's processor."""
    store.active()
    before, began = _seconds(pid), time.perf_counter()
    for _ in range(LOOKS):
        store.active()
    took, worked = time.perf_counter() - began, _seconds(pid) - before
    return {"look ms": round(1000 * took / LOOKS, 3), "processor ms": round(1000 * worked / LOOKS, 3)}


def artefact(blob: bytes) -> Artefact:
    """Return a version of nothing in particular."""
    spec = {"language": "python", "task": "regression", "spec": {}, "sources": {}, "runtime": {}, "classes": None}
    return seal(spec | {"created": "2026-01-02T03:04:05+00:00"}, blob, KEY)


@contextmanager
def postgresql() -> Iterator[tuple[str, int] | None]:
    """Hold a server of our own, as safe against power cuts as it is by default; give its URL and process, or None."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[4]))
    if not installed:
        yield None
        return
    folder, port = Path(tempfile.mkdtemp(prefix="triglot-bench-", dir="/tmp")), free_port()
    data = folder / "data"
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:
        owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")

    def run(program: str, *arguments: str) -> None:
        command = [installed[-1] / program, "-D", data, *arguments]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **owner)

    try:
        run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        run("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            pid = int((data / "postmaster.pid").read_text().split("\n")[0])
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", pid
        finally:
            run("pg_ctl", "-w", "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder)


def _seconds(pid: int) -> float:
    return sum(ticks(each) for each in family(pid)) / os.sysconf("SC_CLK_TCK")
