"""How often something has happened and how long it took, by what it is called, in all processes of a service together.

Whatever is counted here is rare or cheap beside what it counts: a name is looked up, and a few numbers are added to.
"""

import threading
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from triglot import this_process
from triglot.tally.slots import FOLDER, Slots, read
from triglot.tally.sums import DURATIONS_NS, Words, added

# what is counted, and the values that tell its kinds apart
Name: TypeAlias = tuple[str, ...]

NAMES = 4_096  # that one process counts under; what has a name beyond these is not counted
_SUFFIX = "counts"
_BETWEEN = "\x1f"
_COUNT, _NS, _DURATIONS = 0, 1, 2
_WIDTH: Final = _DURATIONS + len(DURATIONS_NS) + 1


class Counted(NamedTuple):
    """How often it happened, how long that took in nanoseconds, and how often by the bounds of `DURATIONS_NS`."""

    times: int = 0
    ns: int = 0
    durations: tuple[int, ...] = (0,) * (len(DURATIONS_NS) + 1)

    def plus(self, other: "Counted") -> "Counted":
        """Return the sum of both."""
        return Counted(self.times + other.times, self.ns + other.ns, added(self.durations, other.durations))


class Counters:
    """What this process counts, and what all processes in a run directory do; without one, it counts for itself."""

    def __init__(self, run_dir: Path | None) -> None:
        self._folder = None if run_dir is None else run_dir / FOLDER
        self._own: tuple[Slots, dict[Name, Words | None]] | None = None
        self._birth = threading.Lock()

    def count(self, *name: str, times: int = 1) -> None:
        """Add to how often something has happened."""
        slots, known = self._here()
        with slots.lock:
            words = known[name] if name in known else _added(slots, known, name)
            if words is not None:
                words[_COUNT] += times

    def timed(self, ns: int, *name: str) -> None:
        """Add one that took so long."""
        slots, known = self._here()
        with slots.lock:
            words = known[name] if name in known else _added(slots, known, name)
            if words is not None:
                words[_COUNT] += 1
                words[_NS] += ns
                words[_DURATIONS + bisect_left(DURATIONS_NS, ns)] += 1

    def totals(self) -> Mapping[Name, Counted]:
        """Return what all processes together have counted."""
        own = self._own
        alone = own is not None and own[0].private
        places = own[0].all() if own is not None and alone else read(self._folder, _SUFFIX, _WIDTH)
        found: dict[Name, Counted] = {}
        for spelt, words in places:
            name, counted = _name(spelt), Counted(words[_COUNT], words[_NS], tuple(words[_DURATIONS:]))
            found[name] = found[name].plus(counted) if name in found else counted
        return found

    def _here(self) -> "tuple[Slots, dict[Name, Words | None]]":
        own = self._own
        if own is not None and own[0].pid == this_process.pid():
            return own
        with self._birth:
            own = self._own
            if own is None or own[0].pid != this_process.pid():
                slots = Slots(self._folder, _SUFFIX, _WIDTH, NAMES)
                own = self._own = (slots, {_name(spelt): words for spelt, words in slots.all()})
        return own


def _added(slots: Slots, known: "dict[Name, Words | None]", name: Name) -> "Words | None":
    if len(known) >= 2 * NAMES:
        return None
    words = known[name] = slots.add(_BETWEEN.join(part.replace(_BETWEEN, " ") for part in name))
    return words


def _name(spelt: str) -> Name:
    return tuple(spelt.split(_BETWEEN))
