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

from benchmarks import alone, floor, h2load, open_loop, ours, protocol
from benchmarks.data import MANY, ONE, flowers, many
from benchmarks.figures import PROTOCOL, Measurement, Presence
from benchmarks.load import MANY_CONNECTIONS, WIDEST, Load, Request, Timed, ask, shorter, wrk
from benchmarks.preparation import Preparation
from benchmarks.processes import REST_S, Running, free_port, served
from benchmarks.systems import OURS, Place, System

CONNECTIONS = {"logistic": (1, 16, 64), "forest": (64,), "r-forest": (1, 16, 64), "julia": (1, 64), "none": (1, 16, 64)}
OURS_ALONE = {"logistic": (256,)}  # what more connections cost
RATES = {"logistic": 1000, "r-forest": 500}  # requests a second of the open loop
UNREACHABLE_RATE = 100_000  # shows what the generator of the open loop can do
MANY_OF = ("logistic", "r-forest", "julia")  # models that are sent a thousand rows a request as well
START_S = {
    "own": 3,
    "fastapi": 4,
    "mlserver": 6,
    "kserve": 8,
    "litserve": 6,
    "bentoml": 8,
    "mlflow": 11,
    "vetiver": 4,
    "plumber": 2,
    OURS: 8,
}
FLOORS = {
    "nginx": "nginx, `return 200`",
    "zeromq": "ZeroMQ echo over ipc, no HTTP",
    "sklearn": "scikit-learn alone, one thread",
    "r": "R alone, one thread",
}


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
        if any("grpc" in system.ways for system in systems) and (reason := h2load.missing()):
            say(f"gRPC is not measured: {reason}")

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
        with self._held(system) as (running, place):
            for model in system.models:
                one, thousand = requests(system, model, place.port)
                self._prepared.check(system, model, *(system.speech.labels(ask(rows)) for rows in (one, thousand)))
                wrk(one, WIDEST, 1)
                for timed in loads(system, model, one, thousand, self._seconds):
                    ask(one)  # what the load before has left in the queue is answered first
                    self._add(measured(running, system, model, number, timed))
            for way in protocol.ways(system, place):
                self._way(running, system, way, number)
            time.sleep(REST_S)
            self.presences.append(Presence(system.name, number, running.start_s, running.memory_mb()))

    def _way(self, running: Running, system: System, way: protocol.Way, number: int) -> None:
        """Measure a way of the Open Inference Protocol, once its labels are right and its first load has warmed it."""
        self._prepared.check(system, protocol.MODEL, way.labels([ONE]), way.labels(many(flowers()[0])))
        for place, timed in enumerate(way.loads(self._seconds)):
            if not place:
                timed[2](1)
            way.labels([ONE])
            self._add(measured(running, system, PROTOCOL, number, timed))

    @contextmanager
    def _held(self, system: System) -> Iterator[tuple[Running, Place]]:
        """Hold a system that answers; give what runs, and where."""
        models, folder = self._prepared.models(system.environment), self._prepared.place(system.name)
        place = Place(free_port(), models, folder, free_port())
        first, _ = requests(system, (*system.models, protocol.MODEL)[0], place.port)
        environ, log = system.environment_variables(place), place.folder / "log"
        with served(system.command(place), environ, log, lambda: ask(first) is not None) as running:
            if system.is_ours:  # its first model answers before the last language is up
                ours.wait_until_ready(place.port)
            yield running, place

    def _add(self, found: Measurement) -> None:
        self.measurements.append(found)
        latencies = (("p50", found.p50_ms), ("p99", found.p99_ms))
        self._say(
            f"{found.round + 1}  {found.system:<18} {found.model:<9} {found.load:<13} {found.requests_per_s:>8.0f}/s"
            + "".join(f"  {name} {ms:8.2f} ms" for name, ms in latencies if ms is not None)
            + f"  {found.errors} errors" * bool(found.errors)
        )


def measured(running: Running, system: System, model: str, number: int, timed: Timed) -> Measurement:
    """Return what one load of a running system measured."""
    name, seconds, run = timed
    before = running.cpu_s()
    found = run(seconds)
    answered = found.requests_per_s * seconds
    cpu_ms = 1000 * (running.cpu_s() - before) / answered if answered else None
    return Measurement(system.name, model, name, number, **asdict(found), cpu_ms=cpu_ms)


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


def estimate(systems: Sequence[System], floors: Sequence[str], seconds: int, rounds: int) -> float:
    """Return about how many minutes a run takes, with the starts as they were seen on two free processors."""
    took, nowhere = 0.0, Place(0, Path(), Path())
    for system in systems:
        took += REST_S + START_S.get(system.environment, 3) + (START_S[OURS] if system.is_ours else 0)
        for model in system.models:
            one, thousand = requests(system, model, 0)
            took += 1.5 + sum(lasts for _, lasts, _ in loads(system, model, one, thousand, seconds))
        for way in protocol.ways(system, nowhere):
            took += 3 + sum(lasts for _, lasts, _ in way.loads(seconds))
    nothing = Request(0, "/")
    took += sum(lasts for _, lasts, _ in ceiling(nothing, seconds)) if "nginx" in floors else 0
    took += 3 * shorter(seconds) if "zeromq" in floors else 0
    took += 2 * shorter(seconds) + 2 if "sklearn" in floors else 0
    took += shorter(seconds) + 1 if "r" in floors else 0
    return rounds * took / 60
