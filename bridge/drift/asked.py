"""What versions are asked, counted by the bins of their training, in all processes of a service together.

A request costs the throw of a die, and one that is looked at a place in a queue; it is counted later, many at once, by
a thread that no request waits for.
"""

import contextlib
import random
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from triglot import this_process
from triglot.drift import window
from triglot.drift.bins import Bins, Counts
from triglot.drift.comparison import Drift, compared
from triglot.drift.profile import Profile
from triglot.drift.terms import DriftTerms
from triglot.errors import BadRequest
from triglot.tables.schema import Schema
from triglot.tables.table import Table
from triglot.tally.slots import FOLDER, Slots, read
from triglot.tally.sums import Words

COLUMNS: Final = 4_096  # that one process counts, of all models together; what comes beyond is not counted
WAITING: Final = 1_000  # tables that wait to be counted; the oldest gives way
_SUFFIX: Final = "asked"
_BETWEEN: Final = "\x1f"


class Watched(NamedTuple):
    """A version whose training is known."""

    model: str
    version: int
    schema: Schema
    profile: Profile

    @property
    def mark(self) -> int:
        """What its counts are known by: no other version's are, nor those by other bins."""
        return self.version << 32 | self.profile.mark


class Asked:
    """Looks at what versions are asked, as `terms` say.

    Without a run directory, or where nothing can be written there, each process counts for itself.
    """

    def __init__(self, run_dir: Path | None, terms: DriftTerms) -> None:
        self.terms = terms
        self._folder = None if run_dir is None else run_dir / FOLDER
        self._waiting: deque[tuple[Watched, Table]] = deque(maxlen=WAITING)
        self._lock = threading.Lock()
        self._own: tuple[Slots, dict[str, Words]] | None = None

    def note(self, watched: Watched, X: Table) -> None:
        """Take note of a table that a version has answered, or leave it."""
        if random.random() < self.terms.share:
            few = self.terms.rows
            if X.rows > few:
                X = X.take(np.linspace(0, X.rows - 1, few).astype(np.intp))
            self._waiting.append((watched, X))

    def count(self) -> None:
        """Count what waits; for a thread of which no request waits."""
        with self._lock:
            alike: dict[tuple[int, object], tuple[Watched, list[Table]]] = {}
            while self._waiting:
                watched, X = self._waiting.popleft()
                alike.setdefault((id(watched), X.signature()), (watched, []))[1].append(X)
            for watched, tables in alike.values():
                with contextlib.suppress(BadRequest):  # a worker has taken it, by its own conversion
                    self._count(watched, watched.schema.check(Table.concat(tables)))

    def compared(self, versions: Iterable[Watched]) -> dict[tuple[str, int], Drift]:
        """Return how far what each version was asked lately is from its training, in all processes together."""
        self.count()
        own, half = self._own, self._half()
        alone = own is not None and own[0].private
        places: dict[str, list[Words]] = {}
        for name, words in own[0].all() if own is not None and alone else read(self._folder, _SUFFIX, window.WORDS):
            places.setdefault(name, []).append(words)
        return {(watched.model, watched.version): self._drift(watched, places, half) for watched in versions}

    def _drift(self, watched: Watched, places: Mapping[str, Sequence[Words]], half: int) -> Drift:
        counts = [
            (bins, _all(places.get(_name(watched, bins), ()), watched, bins, half)) for bins in watched.profile.columns
        ]
        rows = max((int(each.sum()) for _, each in counts), default=0)
        enough = rows >= self.terms.least_rows
        columns = tuple(compared(bins, each) for bins, each in counts if each.any()) if enough else ()
        return Drift(rows, columns)

    def _count(self, watched: Watched, X: Table) -> None:
        """Add the rows of a table that has the schema's columns."""
        slots, known = self._here()
        columns = dict(zip(X.names, X.columns, strict=True))
        fields = {each.name: each for each in watched.schema.fields}
        half = self._half()
        for bins in watched.profile.columns:
            name = _name(watched, bins)
            words = known.get(name)
            if words is None and (words := slots.add(name)) is not None:
                known[name] = words
            if words is not None and bins.name in columns:
                window.add(words, watched.mark, half, bins.counted(columns[bins.name], fields[bins.name]))

    def _half(self) -> int:
        """Return which half of a window it is, by a clock that all processes here have in common."""
        return int(time.monotonic() / (self.terms.window_s / 2))

    def _here(self) -> tuple[Slots, dict[str, Words]]:
        own = self._own
        if own is None or own[0].pid != this_process.pid():
            slots = Slots(self._folder, _SUFFIX, window.WORDS, COLUMNS)
            own = self._own = (slots, dict(slots.all()))
        return own


def _name(watched: Watched, bins: Bins) -> str:
    return f"{watched.model}{_BETWEEN}{bins.name}"


def _all(places: Iterable[Words], watched: Watched, bins: Bins, half: int) -> Counts:
    """Return what the processes have counted of a column together."""
    found = np.zeros(bins.size, dtype=np.int64)
    for words in places:
        found += window.within(words, watched.mark, half, bins.size)
    return found
