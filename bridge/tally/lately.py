"""What lately became of the requests to a version, as a value: how many, how fast, how many failed, who ended."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from triglot.tally.sums import DURATIONS_NS, Pace

LEAST: Final = 5  # requests of which something can be said
SICK: Final = 0.5  # the share of failures from which on a version is

_NS_PER_MS = 1e6


class Lately(NamedTuple):
    """What became of the requests to a version within the last `seconds`: good answers, and failures by their codes.

    What is the caller's fault is none of them. `deaths` counts workers that ended while they worked on the version and
    on nothing else.
    """

    seconds: float = 0.0
    pace: Pace = Pace()
    codes: Mapping[str, int] = MappingProxyType({})
    deaths: int = 0

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(self.codes.values())

    @property
    def requests(self) -> int:
        """How many there were."""
        return self.pace.answered + self.failed

    @property
    def share(self) -> float:
        """The share of them that failed."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def is_sick(self) -> bool:
        """Whether the version has ended a worker, or has failed half of enough requests."""
        return self.deaths > 0 or (self.requests >= LEAST and self.share >= SICK)

    def plus(self, other: "Lately") -> "Lately":
        """Return what became of the requests to both."""
        codes = dict(Counter(self.codes) + Counter(other.codes))
        pace, deaths = self.pace.plus(other.pace), self.deaths + other.deaths
        return Lately(max(self.seconds, other.seconds), pace, codes, deaths)

    def quantile_ms(self, share: float) -> float | None:
        """Return the milliseconds within which that share of the good answers came, about; None where there are none.

        Between two bounds answers are taken to be spread evenly; beyond the last one it is the time.
        """
        return _quantile(self.pace.durations, share)


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
