"""How fast it went lately, version by version, by what all processes have counted: decided without a clock.

What is counted is noted now and then; what has come since a note that is about `WINDOW_S` old is what happened lately.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from triglot.tally.recent import WINDOW_S
from triglot.tally.sums import DURATIONS_NS, Pace

Version: TypeAlias = tuple[str, int]

_NS_PER_MS = 1e6


class Lately(NamedTuple):
    """What became of the requests to a version within the last `seconds`: good answers, and failures by their codes.

    What is the caller's fault is none of them.
    """

    seconds: float
    pace: Pace = Pace()
    codes: Mapping[str, int] = MappingProxyType({})

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(self.codes.values())

    @property
    def requests(self) -> int:
        """How many there were."""
        return self.pace.answered + self.failed

    def plus(self, other: "Lately") -> "Lately":
        """Return what became of the requests to both."""
        codes = Counter(self.codes)
        codes.update(other.codes)
        return Lately(max(self.seconds, other.seconds), self.pace.plus(other.pace), dict(codes))

    def quantile_ms(self, share: float) -> float | None:
        """Return the milliseconds within which that share of the good answers came, about; None where there are none.

        Between two bounds answers are taken to be spread evenly; beyond the last one it is the time.
        """
        return _quantile(self.pace.durations, share)


class _Note(NamedTuple):
    at_s: float
    paces: Mapping[Version, Pace]
    failed: Mapping[tuple[Version, str], int]


class Paces:
    """What was counted within the last minute; times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._notes: deque[_Note] = deque()

    def note(self, now_s: float, paces: Mapping[Version, Pace], failed: Mapping[tuple[Version, str], int]) -> None:
        """Note what was counted so far: how fast it went, and failures by their codes."""
        self._notes.append(_Note(now_s, paces, failed))
        while len(self._notes) > 1 and now_s - self._notes[1].at_s >= WINDOW_S:
            self._notes.popleft()

    def lately(
        self, now_s: float, paces: Mapping[Version, Pace], failed: Mapping[tuple[Version, str], int]
    ) -> dict[Version, Lately]:
        """Return what has come of the versions that were asked since the oldest note, by what is counted now."""
        if not self._notes:
            return {}
        first = self._notes[0]
        seconds = max(now_s - first.at_s, 0.0)
        codes: dict[Version, dict[str, int]] = {}
        for (version, code), count in failed.items():
            if gained := count - first.failed.get((version, code), 0):
                codes.setdefault(version, {})[code] = gained
        none = Pace()
        gone = {version: pace.since(first.paces.get(version, none)) for version, pace in paces.items()}
        asked = {version for version, pace in gone.items() if pace.answered} | codes.keys()
        return {version: Lately(seconds, gone.get(version, none), codes.get(version, {})) for version in asked}


def _quantile(counts: Sequence[int], share: float) -> float | None:
    wanted = share * sum(counts)
    if not wanted:
        return None
    below, least = 0, 0
    for count, bound in zip(counts, DURATIONS_NS, strict=False):
        if below + count >= wanted:
            return (least + (bound - least) * (wanted - below) / count) / _NS_PER_MS
        below, least = below + count, bound
    return DURATIONS_NS[-1] / _NS_PER_MS
