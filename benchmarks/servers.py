"""`python -m benchmarks.servers`: the front end under several web servers, in turn, before the same workers.

Each server is started alone beside the service, answers the same row of the logistic regression, and ends. The table
is of medians over the rounds. `make bench-alternatives` installs those that the project does not use itself.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ours
from benchmarks.alternatives import environments
from benchmarks.data import ONE, query
from benchmarks.load import Request, ask, wrk
from benchmarks.processes import Running, free_port, served
from benchmarks.systems import CONFIG
from triglot.supervision.supervisord import FrontEnd

ENVIRONMENT = "uvicorn"
ASGI, WSGI = "triglot.server.asgi:app", "triglot.server.wsgi:app"
THREADS = 16
CONNECTIONS = (1, 16, 64)


@dataclass(frozen=True, slots=True)
class Figures:
    """One round of one server: answers a second and latencies by connections, the rest with 64 of them."""

    per_s: Mapping[int, float]
    p50_ms: Mapping[int, float]
    p99_ms: Mapping[int, float]
    cpu_ms: float
    memory_mb: float


def commands(port: int) -> dict[str, list[str]]:
    """Return how each server serves the front end, by name."""
    found: dict[str, list[str]] = {}
    for processes in (1, 2):
        many = f"{processes} process" + "es" * (processes > 1)
        found[f"granian, ASGI, {many}"] = FrontEnd(port=port, processes=processes).command()
        found[f"uvicorn, ASGI, {many}"] = [
            *(sys.executable, "-m", "uvicorn", "--port", str(port), "--workers", str(processes), "--ws", "none"),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning", ASGI),
        ]
        found[f"granian, WSGI, {many}"] = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-ws"),
            *("--workers", str(processes), "--blocking-threads", str(THREADS), "--log-level", "warning", WSGI),
        ]
        found[f"gunicorn gthread, WSGI, {many}"] = [
            *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(processes)),
            *("--worker-class", "gthread", "--threads", str(THREADS), "--no-control-socket", WSGI),
        ]
    return found


def main() -> int:
    """Print a table of all servers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=3, help="how long each load lasts (default: %(default)s)")
    options = parser.parse_args()
    if reason := environments.absent(ENVIRONMENT):
        parser.error(reason)
    rounds: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="triglot-bench-") as name:
        folder = Path(name)
        with ours.triglot(folder, CONFIG):
            for _ in range(options.rounds):
                port = free_port()
                for title, command in commands(port).items():
                    figures = measured(folder, port, command, options.seconds)
                    rounds.setdefault(title, []).append(figures)
    print(table(rounds))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", file=sys.stderr)
    return 0


def measured(folder: Path, port: int, command: list[str], seconds: int) -> Figures:
    """Return what one server did, from its start to its end."""
    request = Request(port, f"/models/logistic/predict?{query(ONE)}")
    packages = sorted((environments.FOLDER / ENVIRONMENT).glob("lib/python*/site-packages"))
    environ = {**os.environ, **ours.environment(folder, CONFIG), "PYTHONPATH": os.pathsep.join(map(str, packages))}
    with served(command, environ, folder / "server.log", lambda: "result" in ask(request)) as running:
        ours.wait_until_ready(port)
        wrk(request, CONNECTIONS[-1], 1)
        return _loads(running, request, seconds)


def _loads(running: Running, request: Request, seconds: int) -> Figures:
    per_s, p50_ms, p99_ms, cpu_ms = {}, {}, {}, 0.0
    for connections in CONNECTIONS:
        before = running.cpu_s()
        load = wrk(request, connections, seconds)
        if load.errors or load.p50_ms is None or load.p99_ms is None:
            raise RuntimeError(f"{load.errors} errors with {connections} connections")
        per_s[connections], p50_ms[connections], p99_ms[connections] = load.requests_per_s, load.p50_ms, load.p99_ms
        cpu_ms = 1000 * (running.cpu_s() - before) / (load.requests_per_s * seconds)
    return Figures(per_s, p50_ms, p99_ms, cpu_ms, running.memory_mb())


def table(rounds: Mapping[str, list[Figures]]) -> str:
    """Return the medians as a Markdown table, the most answers a second first."""
    heads = [f"req/s c{count}" for count in CONNECTIONS]
    heads += ["p50 ms c1", "p99 ms c1", "p99 ms c16", "p99 ms c64", "CPU ms", "PSS MB"]
    lines = ["| server | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(heads)]
    for title, found in sorted(rounds.items(), key=lambda pair: -_median(each.per_s[64] for each in pair[1])):
        cells = [f"{_median(each.per_s[count] for each in found):,.0f}" for count in CONNECTIONS]
        cells += [f"{_median(each.p50_ms[1] for each in found):.2f}"]
        cells += [f"{_median(each.p99_ms[count] for each in found):.2f}" for count in CONNECTIONS]
        cells += [f"{_median(each.cpu_ms for each in found):.3f}", f"{_median(each.memory_mb for each in found):.0f}"]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _median(values: Iterable[float]) -> float:
    return statistics.median(list(values))


if __name__ == "__main__":
    sys.exit(main())
