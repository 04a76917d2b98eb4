"""Which versions have failed lately, by what all processes have counted: decided without a clock.

Counts are noted now and then; what they have gained since a note that is about `WINDOW_S` old is what happened lately.
"""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

Version: TypeAlias = tuple[str, int]

WINDOW_S: Final = 60.0
EACH_S: Final = 5.0  # between two notes
LEAST: Final = 5  # requests of which something can be said
SICK: Final = 0.5  # the share of failures from which on a version is


class Trouble(NamedTuple):
    """What lately became of the requests to a version: how many there were, and the codes of those that failed."""

    requests: int
    codes: Mapping[str, int]

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(self.codes.values())


class _Note(NamedTuple):
    at_s: float
    answered: Mapping[Version, int]
    failed: Mapping[tuple[Version, str], int]


class Recent:
    """What was counted within the last minute; times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._notes: deque[_Note] = deque()

    def is_due(self, now_s: float) -> bool:
        """Whether it is time for a further note."""
        return not self._notes or now_s - self._notes[-1].at_s >= EACH_S

    def note(self, now_s: float, answered: Mapping[Version, int], failed: Mapping[tuple[Version, str], int]) -> None:
        """Note what was counted so far: good answers, and failures by their codes."""
        self._notes.append(_Note(now_s, answered, failed))
        while len(self._notes) > 1 and now_s - self._notes[1].at_s >= WINDOW_S:
            self._notes.popleft()

    def sick(self) -> dict[Version, Trouble]:
        """Return the versions of which at least half of the requests failed lately."""
        if len(self._notes) < 2:
            return {}
        first, last = self._notes[0], self._notes[-1]
        codes: dict[Version, Counter[str]] = {}
        for (version, code), count in last.failed.items():
            if gained := count - first.failed.get((version, code), 0):
                codes.setdefault(version, Counter())[code] += gained
        found = {
            version: Trouble(
                last.answered.get(version, 0) - first.answered.get(version, 0) + sum(of.values()), dict(of)
            )
            for version, of in codes.items()
        }
        return {
            version: trouble
            for version, trouble in found.items()
            if trouble.requests >= LEAST and trouble.failed >= SICK * trouble.requests
        }
