"""What the project wants of a run, beside what the run reached."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import PROTOCOL, Figures
from benchmarks.systems import OURS, OURS_GRPC

MLSERVERS = ("mlserver", "mlserver-batching")
NOT_MEASURED = "not measured in this run"


@dataclass(frozen=True, slots=True)
class Goal:
    """One wish: what of, how much, what was reached; `met` is None where it was not measured."""

    what: str
    wanted: str
    reached: str
    met: bool | None


def goals(figures: Figures) -> list[Goal]:
    """Return every goal with what the run says of it."""
    return list(_goals(figures))


def ratio(figures: Figures, model: str, load: str, among: list[str]) -> tuple[float, str] | None:
    """Return ours over the best of the others in answers a second, and who this is; None where either is missing."""
    ours, best = figures.load(OURS, model, load, "requests_per_s"), figures.best(model, load, "requests_per_s", among)
    return (ours.median / best[1], best[0]) if ours and best and best[1] else None


def others(figures: Figures, model: str) -> list[str]:
    """Return the alternatives that were asked for a model."""
    return [system for system in figures.systems(model) if system != OURS]


def _goals(figures: Figures) -> Iterator[Goal]:
    yield _times(figures, "scikit-learn logistic, 64 connections", "logistic", "closed 64", 2.0)
    yield _at_most(figures, "the same, p99 at 16 connections", "closed 16", 6.0)
    yield from _added(figures)
    yield _at_most(figures, "the same, p99 at 1 connection", "closed 1", 0.5)
    in_process = [system for system in ("flask-gunicorn-1",) if system in figures.systems("forest")]
    yield _times(
        figures,
        "scikit-learn forest of 100 trees, 64 connections, of one process with the model inside",
        "forest",
        "closed 64",
        15.0,
        in_process,
    )
    yield _times(figures, "R randomForest, one R worker, 64 connections", "r-forest", "closed 64", 8.0)
    yield _share(figures, "Julia model beside the logistic, 64 connections", "julia", 0.9)
    yield _times(figures, "1,000 rows a request", "logistic", "rows 1000", 1.0)
    yield Goal("1,000,000 rows as Arrow, of the bare `predict`", "≥ 70%", "see `python -m benchmarks.bulk`", None)
    yield from _protocol(figures)
    yield _memory(figures)
    yield _cost_with_load(figures)


def _goal(
    what: str, wanted: str, found: float | None, show: Callable[[float], str], good: Callable[[float], bool]
) -> Goal:
    return Goal(what, wanted, NOT_MEASURED, None) if found is None else Goal(what, wanted, show(found), good(found))


def _times(figures: Figures, what: str, model: str, load: str, wanted: float, among: list[str] | None = None) -> Goal:
    found = ratio(figures, model, load, others(figures, model) if among is None else among)
    against = f" the best of the others ({found[1]})" if found and among is None else f" {found[1]}" if found else ""
    return _goal(
        what,
        f"≥ {wanted:g} times",
        found and found[0],
        lambda times: f"{times:.2f} times{against}",
        lambda times: times >= wanted,
    )


def _protocol(figures: Figures) -> Iterator[Goal]:
    one, own, many, rows = (PROTOCOL, "v2 64"), ("logistic", "closed 64"), (PROTOCOL, "v2-binary 1000"), "rows 1000"
    yield _of(figures, "V2 JSON of one row, 64 connections, of MLServer", one, own, MLSERVERS, 2.5)
    yield _of(figures, "the same, of our own `/predict`", one, own, [OURS], 0.8)
    yield _of(figures, "V2 binary of 1,000 rows, of MLServer's JSON", many, ("logistic", rows), MLSERVERS, 2.0)
    yield _of(figures, "the same, of our own JSON", many, ("logistic", rows), [OURS], 1.2)
    yield _of(figures, "the same, of our V2 JSON", many, (PROTOCOL, f"v2-{rows}"), [OURS], 1.2)
    called = (PROTOCOL, "grpc 64")
    yield _of(figures, "gRPC of one row, 64 connections, of MLServer's", called, called, MLSERVERS, 2.0)


def _of(
    figures: Figures, what: str, load: tuple[str, str], other: tuple[str, str], among: Sequence[str], wanted: float
) -> Goal:
    """Return the goal that a load of ours is answered so many times as another one by the best of some systems."""
    mine = figures.best(*load, "requests_per_s", (OURS, OURS_GRPC))
    best = figures.best(*other, "requests_per_s", among)
    times = mine[1] / best[1] if mine and best and best[1] else None
    who = f" {best[0]}" if best and best[0] != OURS else ""
    return _goal(
        what, f"≥ {wanted:g} times", times, lambda found: f"{found:.2f} times{who}", lambda found: found >= wanted
    )


def _at_most(figures: Figures, what: str, load: str, wanted: float) -> Goal:
    found = figures.load(OURS, "logistic", load, "p99_ms")
    return _goal(what, f"≤ {wanted:g} ms", found and found.median, lambda ms: f"{ms:.2f} ms", lambda ms: ms <= wanted)


def _added(figures: Figures) -> Iterator[Goal]:
    plain = [system for system in figures.systems("logistic") if system.startswith("flask")]
    ours, best = (
        figures.load(OURS, "logistic", "closed 1", "p50_ms"),
        figures.best("logistic", "closed 1", "p50_ms", plain, least=True),
    )
    added = ours.median - best[1] if ours and best else None
    yield _goal(
        "the same, p50 at 1 connection over plain Flask with the model inside",
        "≤ +0.15 ms",
        added,
        lambda ms: f"{ms:+.2f} ms ({best[0] if best else ''})",
        lambda ms: ms <= 0.15,
    )


def _share(figures: Figures, what: str, model: str, wanted: float) -> Goal:
    one = figures.load(OURS, model, "closed 64", "requests_per_s")
    other = figures.load(OURS, "logistic", "closed 64", "requests_per_s")
    share = one.median / other.median if one and other else None
    return _goal(what, f"≥ {wanted:.0%}", share, lambda found: f"{found:.0%}", lambda found: found >= wanted)


def _memory(figures: Figures) -> Goal:
    found = figures.presence(OURS, "memory_mb")
    return _goal(
        "memory: front end of 2 processes and one worker of each language",
        "≤ 450 MB",
        found and found.median,
        lambda mb: f"{mb:.0f} MB",
        lambda mb: mb <= 450,
    )


def _cost_with_load(figures: Figures) -> Goal:
    rates = {
        load: spread.median
        for load in figures.loads("logistic")
        if load.startswith("closed") and (spread := figures.load(OURS, "logistic", load, "requests_per_s"))
    }
    share = rates["closed 256"] / max(rates.values()) if "closed 256" in rates else None
    return _goal(
        "answers a second at 256 connections, of the peak",
        "≥ 90%",
        share,
        lambda found: f"{found:.0%}",
        lambda found: found >= 0.9,
    )
