"""What a run found, and what the project wants of it."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.goals import NOT_MEASURED, Goal

Parts = Literal["local", "spark", "dask", "search", "scopes", "messages"]
PARTS: tuple[Parts, ...] = ("local", "spark", "dask", "search", "scopes", "messages")
MODELS = ("linear", "boosting", "r-lm", "r-ranger", "julia")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured; `rate` is rows, fits or answers a second, `memory_mb` that of all its processes."""

    part: str
    name: str
    seconds: float
    rate: float
    memory_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Wish:
    """So much is wanted of one figure, as it is or divided by another one's."""

    what: str
    part: Parts
    mine: str
    other: str | None
    least: float
    times: float = 1.0  # what the other one's rate counts

    def reached(self, found: Mapping[str, Figure]) -> Goal:
        """Return the wish with what came of it."""
        wanted = f"≥ {self.least:,.0f}" if self.other is None else f"≥ {self.least:.0%} of {self.other}"
        mine, other = found.get(self.mine), found.get(self.other or self.mine)
        if mine is None or other is None:
            return Goal(self.what, wanted, NOT_MEASURED, None)
        share = mine.rate if self.other is None else mine.rate / (other.rate * self.times)
        shown = f"{share:,.0f} a second" if self.other is None else f"{share:.0%}"
        return Goal(self.what, wanted, shown, share >= self.least)


WISHES = (
    *(Wish(f"local engine, {model}, of the bare library", "local", model, f"{model}, bare", 0.7) for model in MODELS),
    Wish("Spark, boosting, of a pandas UDF of its own", "spark", "spark, boosting", "spark, boosting, native", 0.8),
    Wish("Spark, R, of rpy2 with pandas2ri in mapInPandas", "spark", "spark, r-lm", "spark, r-lm, rpy2", 3.0),
    Wish("Dask, boosting, of map_partitions of its own", "dask", "dask, boosting", "dask, boosting, native", 0.8),
    Wish("Dask, R, of rpy2 with pandas2ri in map_partitions", "dask", "dask, r-lm", "dask, r-lm, rpy2", 3.0),
    Wish("60 candidates of R, two Dask workers, of one", "search", "search, 2 workers", "search, 1 worker", 1.7),
    Wish(
        "200 scopes on two workers, of bare fits one after the other on each", "scopes", "scopes", "fits, bare", 0.9, 2
    ),
    Wish("single rows by RabbitMQ, answers a second", "messages", "messages", None, 2_000),
)
MEMORY_MB = 1_500


def goals(figures: Sequence[Figure], parts: Sequence[str]) -> list[Goal]:
    """Return the goals of these parts, each with what was reached."""
    found = {figure.name: figure for figure in figures}
    made = [wish.reached(found) for wish in WISHES if wish.part in parts]
    return [*made, *([_memory(figures)] if "local" in parts else [])]


def _memory(figures: Sequence[Figure]) -> Goal:
    ours = [each for each in figures if each.part == "local" and each.name in MODELS]
    what, wanted = "local engine, memory of all processes", f"≤ {MEMORY_MB:,} MB"
    if not ours:
        return Goal(what, wanted, NOT_MEASURED, None)
    most = max(ours, key=operator.attrgetter("memory_mb"))
    return Goal(what, wanted, f"{most.memory_mb:,.0f} MB ({most.name})", most.memory_mb <= MEMORY_MB)


def table(goals: Sequence[Goal]) -> str:
    """Return goals as they are read."""
    words: Callable[[bool | None], str] = {True: "met", False: "missed", None: "-"}.__getitem__
    lines = [f"| {goal.what} | {goal.wanted} | {goal.reached} | {words(goal.met)} |" for goal in goals]
    return "\n".join(["| what | goal | reached | |", "|---|---|---|---|", *lines])
