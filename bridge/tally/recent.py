"""What became of requests lately, version by version, by what all processes have counted: decided without a clock.

Counts are noted now and then; what they have gained since a note that is about `WINDOW_S` old is what happened lately.
"""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

from triglot.tally.lately import Lately
from triglot.tally.sums import Pace

Version: TypeAlias = tuple[str, int]

WINDOW_S: Final = 60.0
EACH_S: Final = 5.0  # between two notes


class Counted(NamedTuple):
    """What was counted so far: how fast it went, failures by their codes, and workers that have ended."""

    paces: Mapping[Version, Pace]
    failed: Mapping[tuple[Version, str], int]
    deaths: Mapping[Version, int]


class Recent:
    """What was counted within the last minute; times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._notes: deque[tuple[float, Counted]] = deque()

    def is_due(self, now_s: float) -> bool:
        """Whether it is time for a further note."""
        return not self._notes or now_s - self._notes[-1][0] >= EACH_S

    def note(self, now_s: float, counted: Counted) -> None:
        """Note what was counted so far."""
        self._notes.append((now_s, counted))
        while len(self._notes) > 1 and now_s - self._notes[1][0] >= WINDOW_S:
            self._notes.popleft()

    def lately(self, now_s: float, counted: Counted) -> dict[Version, Lately]:
        """Return what has come, since the oldest note, of each version that was asked or has ended a worker."""
        if not self._notes:
            return {}
        since_s, first = self._notes[0]
        seconds, none = max(now_s - since_s, 0.0), Pace()
        codes: dict[Version, Counter[str]] = {}
        for (version, code), count in counted.failed.items():
            if gained := count - first.failed.get((version, code), 0):
                codes.setdefault(version, Counter())[code] += gained
        paces = {version: pace.since(first.paces.get(version, none)) for version, pace in counted.paces.items()}
        deaths = {version: count - first.deaths.get(version, 0) for version, count in counted.deaths.items()}
        asked = {version for version, pace in paces.items() if pace.answered}
        return {
            version: Lately(seconds, paces.get(version, none), dict(codes.get(version, {})), deaths.get(version, 0))
            for version in {*asked, *codes, *(version for version, count in deaths.items() if count)}
        }
