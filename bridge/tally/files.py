"""What predictions have come to, version by version, in all processes of a front end together."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from triglot import this_process
from triglot.protocol.messages import Spent
from triglot.tally.counters import Counters
from triglot.tally.slots import FOLDER, Slots, read
from triglot.tally.sums import WORDS, Pace, Tally, Totals, Words

# the name and the version of a model
Version: TypeAlias = tuple[str, int]

VERSIONS = 1_024  # of which one process counts; what is asked of others is not counted
_SUFFIX = "tally"
FAILURE = "failure"  # what the counters call a failed request; model, version and code follow
DEATH = "death"  # and a worker that ended while it worked on nothing else; model, version, pool and operation follow
_CALLERS = ("bad-request", "too-large")


class Tallies:
    """What the predictions of this process come to, and what those of all processes in a run directory do.

    Without a run directory, or where nothing can be written there, this process counts for itself. `counters` have the
    codes of failures, and further tries; and what others count.
    """

    def __init__(self, run_dir: Path | None) -> None:
        self._folder = None if run_dir is None else run_dir / FOLDER
        self._own: _Own | None = None
        self._birth = threading.Lock()
        self.counters = Counters(run_dir)

    def asking(self, model: str, version: int, *, further: bool = False) -> "Asking":
        """Return what counts one request to a version, or a further call for one, around the block that is answered."""
        return Asking(self._here(), self.counters, (model, version), further)

    def totals(self) -> dict[Version, Totals]:
        """Return what all versions that were asked for have come to, in all processes together."""
        found: dict[Version, Totals] = {}
        for name, numbers in self._places():
            version, totals = _version(name), Totals.of(numbers)
            found[version] = found[version].plus(totals) if version in found else totals
        return found

    def paces(self) -> dict[Version, Pace]:
        """Return how fast it went with all versions so far; much less work than all that is counted of them."""
        found: dict[Version, Pace] = {}
        for name, numbers in self._places():
            version, pace = _version(name), Pace.of(numbers)
            found[version] = found[version].plus(pace) if version in found else pace
        return found

    def failed(self) -> dict[tuple[Version, str], int]:
        """Return how many requests to each version failed by which code, but for what is the caller's fault."""
        return {
            ((name[1], int(name[2])), name[3]): counted.times
            for name, counted in self.counters.totals().items()
            if name[0] == FAILURE and name[3] not in _CALLERS
        }

    def deaths(self) -> dict[Version, int]:
        """Return how many workers ended while they loaded or answered each version, and did nothing else."""
        found: dict[Version, int] = {}
        for name, counted in self.counters.totals().items():
            if name[0] == DEATH:
                version = (name[1], int(name[2]))
                found[version] = found.get(version, 0) + counted.times
        return found

    def _places(self) -> "Iterator[tuple[str, Words]]":
        own = self._own
        return own.slots.all() if own is not None and own.slots.private else read(self._folder, _SUFFIX, WORDS)

    def _here(self) -> "_Own":
        own = self._own
        if own is not None and own.slots.pid == this_process.pid():
            return own
        with self._birth:
            own = self._own
            if own is None or own.slots.pid != this_process.pid():
                own = self._own = _Own(Slots(self._folder, _SUFFIX, WORDS, VERSIONS))
        return own


class Asking:
    """Counts one request: as failed where its block raises, else by the answer that it was told."""

    __slots__ = ("_answer", "_begun", "_counters", "_deaths", "_further", "_own", "_version")

    def __init__(self, own: "_Own", counters: Counters, version: Version, further: bool) -> None:
        self._own = own
        self._counters = counters
        self._version = version
        self._further = further
        self._answer: tuple[int, Spent | None] | None = None
        self._deaths = 0

    def answered(self, rows: int, spent: Spent | None, deaths: int = 0) -> None:
        """Take note of a good answer of so many rows, of what its call took, and how many workers ended before."""
        self._answer = (rows, spent)
        self._deaths = deaths

    def __enter__(self) -> "Asking":
        self._begun = time.perf_counter_ns()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        ns = time.perf_counter_ns() - self._begun
        own = self._own
        with own.slots.lock:
            tally = own.tallies.get(self._version) or own.add(self._version)
            if tally is None:
                return
            if self._answer is not None and self._further:
                tally.called(self._answer[1])
            elif self._answer is not None:
                tally.answered(*self._answer, ns, time.time_ns() // 1_000_000)
            elif isinstance(error, Exception):  # and not where the caller has gone
                tally.failed(ns)
        if self._answer is None and isinstance(error, Exception):
            self._count(FAILURE, 1, getattr(error, "code", "error"))
        elif self._deaths:
            self._count("retry", self._deaths)

    def _count(self, kind: str, times: int, *further: str) -> None:
        model, version = self._version
        self._counters.count(kind, model, str(version), *further, times=times)


class _Own:
    """What belongs to one process: its numbers and the tallies in them."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.tallies = {_version(name): Tally(numbers) for name, numbers in slots.all()}

    def add(self, version: Version) -> Tally | None:
        """Return a tally for a version that was not asked for before; None where there is no room for it."""
        numbers = self.slots.add(f"{version[1]} {version[0]}")
        if numbers is None:
            return None
        made = self.tallies[version] = Tally(numbers)
        return made


def _version(name: str) -> Version:
    number, _, model = name.partition(" ")
    return model, int(number)
