"""The systems that are measured, each a context that starts it and ends all of its processes."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROW = {"sepal length": 6.3, "sepal width": 2.5, "petal length": 4.9, "petal width": 1.5}
QUERY = urllib.parse.urlencode(ROW)
DEMO = ROOT / "examples" / "demo-config.py"
MODELS = ("iris-python", "iris-r", "iris-julia")
START_TIMEOUT_S = 60


@contextlib.contextmanager
def triglot(folder: Path, config: Path = DEMO) -> Iterator[tuple[str, int]]:
    """Hold the service of the three iris models, or of others; give its base address and its process id."""
    environ = {
        **os.environ,
        "TRIGLOT_CONFIG": str(config),
        "TRIGLOT_DEMO_DB": str(folder / "models.db"),
        "TRIGLOT_DEMO_RUN": str(folder / "run"),
    }
    command = [sys.executable, "-m", "triglot"]
    with (folder / "fit.log").open("wb") as log:
        subprocess.run([*command, "fit"], check=True, env=environ, stderr=log, stdout=log)
    port = free_port()
    with served([*command, "serve", "--port", str(port)], environ, folder / "serve.log", f"{base(port)}/ready") as pid:
        yield base(port), pid


@contextlib.contextmanager
def gunicorn(folder: Path, model: Path, processes: int) -> Iterator[tuple[str, int]]:
    """Hold the plain application under gunicorn, with as many threads a process as the front end has."""
    port = free_port()
    command = [
        *(
            sys.executable,
            "-m",
            "gunicorn",
            "--workers",
            str(processes),
            "--threads",
            "16",
            "--worker-class",
            "gthread",
        ),
        *("--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--no-control-socket", "benchmarks.plain:app"),
    ]
    environ = {**os.environ, "BENCH_MODEL": str(model), "OPENBLAS_NUM_THREADS": "1"}
    with served(command, environ, folder / "gunicorn.log", f"{base(port)}/predict?{QUERY}") as pid:
        yield base(port), pid


@contextlib.contextmanager
def granian(folder: Path, model: Path, processes: int) -> Iterator[tuple[str, int]]:
    """Hold the plain application under granian."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", str(processes)),
        *("--blocking-threads", "16", "--no-ws", "--port", str(port), "--log-level", "error", "benchmarks.plain:app"),
    ]
    environ = {**os.environ, "BENCH_MODEL": str(model), "OPENBLAS_NUM_THREADS": "1"}
    with served(command, environ, folder / "granian.log", f"{base(port)}/predict?{QUERY}") as pid:
        yield base(port), pid


@contextlib.contextmanager
def served(command: list[str], environ: dict[str, str], log: Path, ready: str) -> Iterator[int]:
    """Hold a server from its first good answer to `ready` on; its whole process group ends with it."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            with contextlib.suppress(OSError):
                ask(ready)
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[2]} did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(40)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ask(url: str) -> dict[str, object]:
    """Return the JSON answer to a GET."""
    with urllib.request.urlopen(url, timeout=10) as response:
        answer: dict[str, object] = json.load(response)
        return answer


def memory_mb(pid: int) -> float:
    """Return the proportional memory of a process and all its descendants, in MB."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    family, todo = [], [pid]
    while todo:
        family.append(todo.pop())
        todo += children.get(family[-1], [])
    kilobytes = 0
    for member in family:
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{member}/smaps_rollup").read_text()
            kilobytes += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1000


def base(port: int) -> str:
    """Return the address of a server on this port."""
    return f"http://127.0.0.1:{port}"


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
