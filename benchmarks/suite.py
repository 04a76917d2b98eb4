"""The run: every system in turn, and that as often as asked, so that noise of the machine meets all of them.

A system is started alone, answers known rows rightly and is warmed up before it is timed. Loads with 64 connections
last `seconds`, all others a third of it. A system that fails is absent from then on, with its reason.
"""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks import alone, floor, open_loop, ours
from benchmarks.data import MANY, ONE, flowers, many
from benchmarks.figures import Measurement, Presence
from benchmarks.load import Load, Request, ask, wrk
from benchmarks.preparation import Preparation
from benchmarks.processes import REST_S, Running, free_port, served
from benchmarks.systems import OURS, Place, System

CONNECTIONS = {"logistic": (1, 16, 64), "forest": (64,), "r-forest": (1, 16, 64), "julia": (1, 64), "none": (1, 16, 64)}
OURS_ALONE = {"logistic": (256,)}  # what more connections cost
RATES = {"logistic": 1000, "r-forest": 500}  # requests a second of the open loop
UNREACHABLE_RATE = 100_000  # shows what the generator of the open loop can do
MANY_OF = ("logistic", "r-forest", "julia")  # models that are sent a thousand rows a request as well
MANY_CONNECTIONS = 4
WIDEST = 64
START_S = {"own": 3, "fastapi": 4, "mlserver": 6, "bentoml": 8, "mlflow": 11, "vetiver": 4, "plumber": 2, OURS: 8}
FLOORS = {
    "nginx": "nginx, `return 200`",
    "zeromq": "ZeroMQ echo over ipc, no HTTP",
    "sklearn": "scikit-learn alone, one thread",
    "r": "R alone, one thread",
}

Timed = tuple[str, int, Callable[[int], Load]]  # a load's name, its seconds, and what runs it for so many


class Suite:
    """Measures, and keeps what it has measured."""

    def __init__(self, folder: Path, systems: Sequence[System], seconds: int, say: Callable[[str], None]) -> None:
        self.measurements: list[Measurement] = []
        self.presences: list[Presence] = []
        self._systems, self._seconds, self._say = systems, seconds, say
        say("fitting the models in each environment")
        self._prepared = Preparation(folder, systems)
        self.absent = self._prepared.absent
        for name, reason in self.absent.items():
            say(f"{name} is absent: {reason}")

    def round(self, number: int, floors: Sequence[str]) -> None:
        """Measure everything once."""
        turns = [(name, partial(self._floor, name, number)) for name in floors]
        turns += [(system.name, partial(self._system, system, number)) for system in self._systems]
        for name, measure in turns:
            if name not in self.absent:
                try:
                    measure()
                except (RuntimeError, OSError, LookupError, subprocess.SubprocessError) as error:
                    self.absent[name] = f"{type(error).__name__}: {error}"
                    self._say(f"{number + 1}  {name} failed: {error}")

    def _floor(self, name: str, number: int) -> None:
        for load, found in self._limits(name):
            self._add(Measurement(name, "none", load, number, **asdict(found)))

    def _limits(self, name: str) -> Iterator[tuple[str, Load]]:
        """Give the loads of a floor and what they measured."""
        if name == "nginx":
            with floor.nginx(self._prepared.place(name)) as request:
                for load, seconds, run in ceiling(request, self._seconds):
                    yield load, run(seconds)
        elif name == "zeromq":
            for connections in CONNECTIONS["none"]:
                yield f"closed {connections}", floor.round_trips(connections, shorter(self._seconds))
        else:
            yield from alone.measure(name, self._prepared.fitted(name), shorter(self._seconds))

    def _system(self, system: System, number: int) -> None:
        with self._held(system) as (running, port):
            for model in system.models:
                one, thousand = requests(system, model, port)
                self._prepared.check(system, model, ask(one), ask(thousand))
                wrk(one, WIDEST, 1)
                for name, seconds, run in loads(system, model, one, thousand, self._seconds):
                    ask(one)  # what the load before has left in the queue is answered first
                    before = running.cpu_s()
                    found = run(seconds)
                    answered = found.requests_per_s * seconds
                    cpu_ms = 1000 * (running.cpu_s() - before) / answered if answered else None
                    self._add(Measurement(system.name, model, name, number, **asdict(found), cpu_ms=cpu_ms))
            time.sleep(REST_S)
            self.presences.append(Presence(system.name, number, running.start_s, running.memory_mb()))

    @contextmanager
    def _held(self, system: System) -> Iterator[tuple[Running, int]]:
        """Hold a system that answers; give what runs, and its port."""
        place = Place(free_port(), self._prepared.models(system.environment), self._prepared.place(system.name))
        first, _ = requests(system, system.models[0], place.port)
        environ, log = system.environment_variables(place), place.folder / "log"
        with served(system.command(place), environ, log, lambda: ask(first) is not None) as running:
            if system.name == OURS:  # its first model answers before the last language is up
                ours.wait_until_ready(place.port)
            yield running, place.port

    def _add(self, found: Measurement) -> None:
        self.measurements.append(found)
        latencies = (("p50", found.p50_ms), ("p99", found.p99_ms))
        self._say(
            f"{found.round + 1}  {found.system:<18} {found.model:<9} {found.load:<13} {found.requests_per_s:>8.0f}/s"
            + "".join(f"  {name} {ms:8.2f} ms" for name, ms in latencies if ms is not None)
            + f"  {found.errors} errors" * bool(found.errors)
        )


def requests(system: System, model: str, port: int) -> tuple[Request, Request]:
    """Return what asks a system for one row, and what for a thousand."""
    one, thousand = (system.speech.request(model, rows) for rows in ([ONE], many(flowers()[0])))
    return Request(port, *one, system.headers), Request(port, *thousand, system.headers)


def loads(system: System, model: str, one: Request, thousand: Request, seconds: int) -> Iterator[Timed]:
    """Give every load of a model."""
    alone = OURS_ALONE.get(model, ()) if system.name == OURS else ()
    yield from closed(one, (*CONNECTIONS[model], *alone), seconds)
    if model in RATES and not system.headers:
        yield open_at(one, RATES[model], seconds)
    if model in MANY_OF:
        yield f"rows {MANY}", shorter(seconds), partial(wrk, thousand, MANY_CONNECTIONS)


def ceiling(request: Request, seconds: int) -> Iterator[Timed]:
    """Give what shows the limits and the own latency of both generators."""
    yield from closed(request, CONNECTIONS["none"], seconds)
    for rate in (*RATES.values(), UNREACHABLE_RATE):
        yield open_at(request, rate, seconds)


def closed(request: Request, connections: Sequence[int], seconds: int) -> Iterator[Timed]:
    """Give the loads of so many connections."""
    for count in connections:
        yield f"closed {count}", seconds if count == WIDEST else shorter(seconds), partial(wrk, request, count)


def open_at(request: Request, rate: int, seconds: int) -> Timed:
    """Return the load of so many requests a second."""
    return f"open {rate}", shorter(seconds), partial(open_loop.measure, request, rate)


def shorter(seconds: int) -> int:
    """Return how long a load lasts that is not the widest."""
    return max(1, seconds // 3)


def estimate(systems: Sequence[System], floors: Sequence[str], seconds: int, rounds: int) -> float:
    """Return about how many minutes a run takes, with the starts as they were seen on two free processors."""
    took = 0.0
    for system in systems:
        took += REST_S + START_S.get(system.environment, 3) + (START_S[OURS] if system.name == OURS else 0)
        for model in system.models:
            one, thousand = requests(system, model, 0)
            took += 1.5 + sum(lasts for _, lasts, _ in loads(system, model, one, thousand, seconds))
    nothing = Request(0, "/")
    took += sum(lasts for _, lasts, _ in ceiling(nothing, seconds)) if "nginx" in floors else 0
    took += 3 * shorter(seconds) if "zeromq" in floors else 0
    took += 2 * shorter(seconds) + 2 if "sklearn" in floors else 0
    took += shorter(seconds) + 1 if "r" in floors else 0
    return rounds * took / 60
