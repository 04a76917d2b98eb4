"""Which versions have failed lately, by what all processes have counted: decided without a clock.

Counts are noted now and then; what they have gained since a note that is about `WINDOW_S` old is what happened lately.
"""

from collections import Counter, deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

Version: TypeAlias = tuple[str, int]

WINDOW_S: Final = 60.0
EACH_S: Final = 5.0  # between two notes
LEAST: Final = 5  # requests of which something can be said
SICK: Final = 0.5  # the share of failures from which on a version is
_NONE: Final[Mapping[Version, int]] = MappingProxyType({})


class Trouble(NamedTuple):
    """What lately became of the requests to a version: how many there were, and the codes of those that failed.

    `deaths` counts workers that ended while they worked on the version and on nothing else.
    """

    requests: int
    codes: Mapping[str, int]
    deaths: int = 0

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(self.codes.values())

    @property
    def share(self) -> float:
        """The share of the requests that failed."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def is_sick(self) -> bool:
        """Whether the version has ended a worker, or has failed half of enough requests."""
        return self.deaths > 0 or (self.requests >= LEAST and self.share >= SICK)


class _Note(NamedTuple):
    at_s: float
    answered: Mapping[Version, int]
    failed: Mapping[tuple[Version, str], int]
    deaths: Mapping[Version, int]


class Recent:
    """What was counted within the last minute; times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._notes: deque[_Note] = deque()

    def is_due(self, now_s: float) -> bool:
        """Whether it is time for a further note."""
        return not self._notes or now_s - self._notes[-1].at_s >= EACH_S

    def note(
        self,
        now_s: float,
        answered: Mapping[Version, int],
        failed: Mapping[tuple[Version, str], int],
        deaths: Mapping[Version, int] = _NONE,
    ) -> None:
        """Note what was counted so far: good answers, failures by their codes, and workers that have ended."""
        self._notes.append(_Note(now_s, answered, failed, deaths))
        while len(self._notes) > 1 and now_s - self._notes[1].at_s >= WINDOW_S:
            self._notes.popleft()

    def lately(self) -> dict[Version, Trouble]:
        """Return what lately became of the requests to each version that was asked, or has ended a worker."""
        if len(self._notes) < 2:
            return {}
        first, last = self._notes[0], self._notes[-1]
        codes: dict[Version, Counter[str]] = {}
        for (version, code), count in last.failed.items():
            if gained := count - first.failed.get((version, code), 0):
                codes.setdefault(version, Counter())[code] += gained
        answered, deaths = _gained(last.answered, first.answered), _gained(last.deaths, first.deaths)
        return {
            version: Trouble(
                answered.get(version, 0) + sum(codes.get(version, {}).values()),
                dict(codes.get(version, {})),
                deaths.get(version, 0),
            )
            for version in {*answered, *codes, *deaths}
        }


def _gained(last: Mapping[Version, int], first: Mapping[Version, int]) -> dict[Version, int]:
    """Return by how much counts have grown, where they have."""
    found = {version: count - first.get(version, 0) for version, count in last.items()}
    return {version: gained for version, gained in found.items() if gained}
