"""Measures the running service: what loads cost its processes, what they have in memory, how long they take to come."""

import json
import os
import resource
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import ours
from benchmarks.data import ONE, flowers, many
from benchmarks.load import Load, Request, ask, wrk
from benchmarks.processes import REST_S, Running, family, free_port, memory, served, ticks, title
from benchmarks.simulation.costs import Seen
from benchmarks.systems import OURS, SYSTEMS

CONFIG = Path(__file__).with_name("service-config.py")
MODELS = {"logistic": "python", "forest": "python", "r-forest": "r", "julia": "julia"}
FITTED = ((1, 1), (16, 1), (64, 1), (256, 1), (4, 100), (4, 1000))  # connections, rows a request
HELD_BACK = ((4, 1), (32, 1), (128, 1), (16, 1000))  # which the costs do not know of
NOTED_S = 0.35  # a worker that nobody asks notes its counts every tenth of a second
PATIENCE_S = 30.0
DEATHS = 3  # fewer than count as a loop of crashes


@dataclass(frozen=True, slots=True)
class Used:
    """Processor seconds by role, and what workers have counted."""

    front_s: float
    worker_s: float
    caller_s: float
    counts: Mapping[str, int]


class Service:
    """The service of the simulation's own configuration, fitted and running."""

    def __init__(self, folder: Path, running: Running, port: int) -> None:
        self.running = running
        self.port = port
        self._run_dir = folder / "run"

    def request(self, model: str, rows: int) -> Request:
        """Return what asks for so many rows."""
        triglot = next(system for system in SYSTEMS if system.name == OURS)
        return Request(self.port, *triglot.speech.request(model, [ONE] if rows == 1 else many(flowers()[0])[:rows]))

    def pids(self, begins: str) -> list[int]:
        """Return the processes whose title begins so."""
        return [pid for pid in family(self.running.pid) if title(pid).startswith(begins)]

    def used(self) -> Used:
        """Return what has been used so far."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        counts = [json.loads(file.read_text()) for file in self._run_dir.glob("counts-*.json")]
        sums = {name: sum(one[name] for one in counts) for name in ("messages", "requests", "calls")}
        front, workers = (self._seconds(begins) for begins in ("triglot.server", "triglot.workers"))
        return Used(front, workers, children.ru_utime + children.ru_stime, sums)

    def settled(self, requests: int = 0) -> Used:
        """Return what has been used once so many requests are counted and nothing changes; raises `RuntimeError`."""
        used, deadline = self.used(), time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            time.sleep(NOTED_S)
            before, used = used, self.used()
            if used.counts == before.counts and used.counts["requests"] >= requests:
                return used
        raise RuntimeError(f"the workers have counted {used.counts}, and not {requests:,} requests")

    def _seconds(self, begins: str) -> float:
        return sum(ticks(pid) for pid in self.pids(begins)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    """Hold the service."""
    ours.fit(folder, CONFIG)
    port = free_port()
    alive, environ = Request(port, "/alive"), {**os.environ, **ours.environment(folder, CONFIG)}
    with served(ours.command(port), environ, folder / "log", lambda: ask(alive) is not None) as running:
        ours.wait_until_ready(port)
        yield Service(folder, running, port)


def loads(service: Service, seconds: int, say: Callable[[str], None]) -> Iterator[Seen]:
    """Give every load of every model."""
    for model in MODELS:
        wrk(service.request(model, 1), 16, 1)
        for connections, rows in (*FITTED, *HELD_BACK):
            seen = one_load(service, model, connections, rows, seconds)
            say(f"{model:<9} {seen.load:<26} {seen.requests_per_s:>8.0f}/s {seen.cpu_ms:7.3f} ms of a processor each")
            yield seen


def one_load(service: Service, model: str, connections: int, rows: int, seconds: int) -> Seen:
    """Return what one load does; raises `RuntimeError` where an answer was not good."""
    request = service.request(model, rows)
    before = service.settled()
    load = wrk(request, connections, seconds)
    after = service.settled(before.counts["requests"] + int(load.requests_per_s * seconds))
    if load.errors:
        raise RuntimeError(f"{load.errors} answers of {model} were not good")
    return seen(model, connections, rows, load, before, after)


def seen(model: str, connections: int, rows: int, load: Load, before: Used, after: Used) -> Seen:
    """Return what a load did, by what was used before it and after it."""
    counts = {name: after.counts[name] - before.counts[name] for name in after.counts}
    return Seen(
        model=model,
        load=f"{connections} connection{'s' * (connections > 1)}, {rows:,} row{'s' * (rows > 1)}",
        connections=connections,
        rows=rows,
        requests_per_s=load.requests_per_s,
        p50_ms=load.p50_ms or 0.0,
        p99_ms=load.p99_ms or 0.0,
        **counts,
        front_s=after.front_s - before.front_s,
        worker_s=after.worker_s - before.worker_s,
        caller_s=after.caller_s - before.caller_s,
        fitted=(connections, rows) in FITTED,
    )


def memories(service: Service) -> dict[str, float]:
    """Return the MB (PSS) of one process of each kind, and of all."""
    time.sleep(REST_S)
    sizes = {"all": service.running.memory_mb()}
    fronts = [memory(pid).pss for pid in service.pids("triglot.server")]
    sizes["front-end process"] = statistics.mean(fronts)
    for language in dict.fromkeys(MODELS.values()):
        sizes[f"worker, {language}"] = sum(memory(pid).pss for pid in service.pids(f"triglot.workers {language}"))
    rest = sizes["all"] - sum(fronts) - sum(mb for name, mb in sizes.items() if name.startswith("worker"))
    return sizes | {"supervision and web server": rest}


def restarts(service: Service) -> dict[str, float]:
    """Return how many seconds a request takes, at the median, that comes as its language's only worker was killed."""
    found = {}
    for model, language in MODELS.items():
        took = [_killed(service, model, language) for _ in range(DEATHS)] if language not in found else []
        if took:
            found[language] = statistics.median(took)
    return found


def _killed(service: Service, model: str, language: str) -> float:
    ask(service.request(model, 1))
    for pid in service.pids(f"triglot.workers {language}"):
        os.kill(pid, signal.SIGKILL)
    began = time.perf_counter()
    ask(service.request(model, 1), PATIENCE_S)
    return time.perf_counter() - began


def median(rounds: list[Seen]) -> Seen:
    """Return the round of a load whose rate is the median, so that its figures belong together."""
    return replace(sorted(rounds, key=lambda one: one.requests_per_s)[len(rounds) // 2])
