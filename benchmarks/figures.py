"""What a run measured, and what several rounds of it say together: medians with their ranges, and ratios."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PROTOCOL = "protocol"  # in the place of a model: the logistic regression, asked by the Open Inference Protocol


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one load of one system measured in one round; `cpu_ms` is the server's processor time a request."""

    system: str
    model: str
    load: str
    round: int
    requests_per_s: float
    p50_ms: float | None
    p99_ms: float | None
    errors: int
    cpu_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """What one system took in one round: seconds to its first good answer, MB of memory (PSS) after its loads."""

    system: str
    round: int
    start_s: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, the least and the most."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


class Figures:
    """Looks measurements up by system, model, load and column."""

    def __init__(self, measurements: Iterable[Measurement], presences: Iterable[Presence]) -> None:
        self._loads: dict[tuple[str, str, str], list[Measurement]] = {}
        for found in measurements:
            self._loads.setdefault((found.system, found.model, found.load), []).append(found)
        self._presences: dict[str, list[Presence]] = {}
        for presence in presences:
            self._presences.setdefault(presence.system, []).append(presence)

    def load(self, system: str, model: str, load: str, column: str) -> Spread | None:
        """Return a column of a load over all rounds, or None where it was not measured."""
        values = [getattr(found, column) for found in self._loads.get((system, model, load), [])]
        known = [value for value in values if value is not None]
        return Spread.of(known) if known else None

    def presence(self, system: str, column: str) -> Spread | None:
        """Return seconds to start or MB of memory over all rounds, or None where they were not measured."""
        values = [getattr(found, column) for found in self._presences.get(system, [])]
        return Spread.of(values) if values else None

    def errors(self, system: str, model: str) -> int:
        """Return all errors of a system's loads of a model; an open loop's tell that the rate was too much for it."""
        return sum(
            found.errors
            for (name, asked, load), rounds in self._loads.items()
            if (name, asked) == (system, model) and not load.startswith("open")
            for found in rounds
        )

    def systems(self, model: str) -> list[str]:
        """Return the systems that were asked for a model, in the order in which they were measured."""
        return list(dict.fromkeys(system for system, asked, _ in self._loads if asked == model))

    def loads(self, model: str) -> list[str]:
        """Return the loads of a model by kind and width."""
        return sorted({load for _, asked, load in self._loads if asked == model}, key=_by_width)

    def best(
        self, model: str, load: str, column: str, among: Iterable[str], least: bool = False
    ) -> tuple[str, float] | None:
        """Return the system with the highest (`least`: the lowest) median, and this median; None if there is none."""
        found = {system: spread.median for system in among if (spread := self.load(system, model, load, column))}
        if not found:
            return None
        name = (min if least else max)(found, key=lambda system: found[system])
        return name, found[name]


def _by_width(load: str) -> tuple[str, int]:
    kind, _, width = load.partition(" ")
    return kind, int(width)
