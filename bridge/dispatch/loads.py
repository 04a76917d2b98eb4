"""Which versions workers have taken, which they have refused and why, and when each is tried again.

A worker that has refused a version is asked again after 1, 2, 4 ... seconds, and its successor at once, which may have
what was lacking. A version whose load ends workers, or takes all the time that it may, is kept from all of them for
longer: whatever else they answer has to wait for each try. No sockets and no clock.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from triglot.errors import (
    DeadlineExceeded,
    EstimatorFailed,
    Overloaded,
    StoreError,
    TriglotError,
    VersionNotLoadable,
    WorkerLost,
    WorkerMakesRoom,
    WorkerUnavailable,
)

FIRST_S = 1.0
FIRST_OF_COSTLY_S = 90.0  # so that some front-end processes that try it do not make a supervisor see a crash loop
LONGEST_S = 300.0
LONGEST_CAUSE = 300
MOST_DEATHS = 1  # whoever ended a worker in a load may have meant the worker
# What Python, R and Julia say of code that is not there.
_LACKS = ("No module named", "there is no package", "not found in current path", "is not installed")
_SHARE = 2  # a try is followed by a pause of at least this many times its length

WorkerId = tuple[str, str]
Version = tuple[str, int, str]

_ALL: WorkerId = ("", "")
# The folders before a file's name, with blanks only where quotes stand around them; an address on the web has a colon
# before its slashes.
_QUOTES = r"'\"`\u2018\u2019\u201c\u201d"
_FOLDERS = re.compile(
    rf"(?<=[{_QUOTES}])~?/[^{_QUOTES}\n]*/(?=[^/{_QUOTES}\n]+[{_QUOTES}])|(?<![\w:/.])~?/(?:[\w.@+~-]+/)*(?=[\w.@+~-])"
)


class Refusal(NamedTuple):
    """Why a version does not load, how often that was tried, and when it is tried again, by the monotonic clock."""

    cause: str
    tries: int
    due: float

    def error(self, version: Version, now: float) -> VersionNotLoadable:
        """Return what whoever asks for the version is told."""
        left = max(0.0, self.due - now)
        return VersionNotLoadable(
            f"version {version[1]} of model {version[0]!r} does not load: {self.cause}; it is tried again by itself. "
            "Mend the cause where the workers run, or activate another version",
            model=version[0],
            version=version[1],
            cause=self.cause,
            retry_after_s=left,
        )


class Loading(NamedTuple):
    """How the workers of a language stand to a version: how many are there, hold it, and refuse it.

    `refusal` is that of the refusals which is tried again first.
    """

    there: int
    held: int
    refused: int = 0
    refusal: Refusal | None = None

    @property
    def whole(self) -> bool:
        """Whether there are workers, and all of them hold it."""
        return self.there > 0 and self.held == self.there

    @property
    def nowhere(self) -> bool:
        """Whether there are workers, and all of them refuse it."""
        return self.there > 0 and self.refused == self.there


class Loads:
    """What came of loading versions into workers; safe for threads, each of which replaces what it changes."""

    def __init__(self) -> None:
        self._taken: dict[Version, frozenset[WorkerId]] = {}
        self._refused: dict[Version, dict[WorkerId, Refusal]] = {}
        self._deaths: dict[Version, int] = {}

    def taken_by(self, version: Version) -> Collection[WorkerId]:
        """Return the workers that have loaded a version; one that holds many may have to load it again."""
        return self._taken.get(version, ())

    def refused_by(self, version: Version) -> Collection[WorkerId]:
        """Return the workers that are better not asked for a version."""
        return self._refused.get(version, ())

    def refusal(self, worker: WorkerId, version: Version) -> Refusal | None:
        """Return why a worker is not to be given a version, or None where that is worth a try."""
        refused = self._refused.get(version, {})
        return refused.get(_ALL) or refused.get(worker)

    def loaded(self, worker: WorkerId, version: Version) -> None:
        """Note that a worker holds a version."""
        self._taken[version] = self._taken.get(version, frozenset()) | {worker}
        self._deaths.pop(version, None)
        if version in self._refused:
            kept = {who: why for who, why in self._refused[version].items() if who not in (worker, _ALL)}
            self._replace(version, kept)

    def failed(
        self, worker: WorkerId | None, version: Version, error: TriglotError, now: float, took_s: float = 0.0
    ) -> Refusal | None:
        """Note a failed load; return the refusal, or None where the version is not to blame.

        Without a worker it is none of theirs that failed: the version's bytes themselves cannot be had.
        """
        if isinstance(error, WorkerMakesRoom) and worker is not None:  # its next process has it, if it answers by then
            self.loaded(worker, version)
        if isinstance(error, Overloaded | WorkerUnavailable | StoreError | WorkerMakesRoom):
            return None
        costly = isinstance(error, DeadlineExceeded | WorkerLost)
        if isinstance(error, DeadlineExceeded | WorkerLost) and not error.started:
            return None
        if isinstance(error, WorkerLost):
            self._deaths[version] = self._deaths.get(version, 0) + 1
            if self._deaths[version] <= MOST_DEATHS:
                return None
        who = _ALL if costly or worker is None else worker
        refused = self._refused.get(version, {})
        tries = refused[who].tries + 1 if who in refused else 1
        pause = (FIRST_OF_COSTLY_S if costly else FIRST_S) * 2.0 ** min(tries - 1, 30)
        refusal = Refusal(told(error), tries, now + min(max(pause, _SHARE * took_s), LONGEST_S))
        self._replace(version, {**refused, who: refusal})
        return refusal

    def keep(self, workers: Collection[WorkerId]) -> None:
        """Forget what was of other workers than these, which have ended."""
        there = frozenset(workers)
        for version, taken in list(self._taken.items()):
            if not taken <= there:  # of ten thousand versions, hardly one
                self._taken[version] = taken & there
        for version, refused in list(self._refused.items()):
            self._replace(version, {who: why for who, why in refused.items() if who == _ALL or who in workers})

    def _replace(self, version: Version, refused: dict[WorkerId, Refusal]) -> None:
        if refused:
            self._refused[version] = refused
        else:
            self._refused.pop(version, None)


def told(error: TriglotError) -> str:
    """Return why a version does not load in words for callers: one line, no trace, and of paths the last part.

    What an author's code has said is the log's, but for what it lacks: it may name whatever it likes.
    """
    text = str(error)
    if isinstance(error, EstimatorFailed):
        kind = error.native_class or "error"
        if not any(said in text for said in _LACKS):
            text = f"the model's own code fails ({kind}); the log says more"
        elif kind.endswith("Error"):
            text = f"{kind}: {text}"
    if isinstance(error, DeadlineExceeded):
        text = "it did not come to an end in the time that a load may take"
    if isinstance(error, WorkerLost):
        text = "its load ends the worker" + (f" ({error.reason})" if error.reason else "")
    line = " ".join(_FOLDERS.sub("", text).split()).rstrip(".;")
    return line if len(line) <= LONGEST_CAUSE else line[: LONGEST_CAUSE - 1] + "…"
