"""Which requests are tried again, when, and for how long: what passes by itself is waited for, no caller's fault is."""

from typing import Final

from triglot.errors import TriglotError, WorkerUnavailable

FIRST_S, LONGEST_S = 0.1, 5.0
LATE_TRIES: Final = 3  # a call that takes too long holds a worker up each time
DEATHS: Final = 4  # workers that may end, in all tries, with one request in their hands
PASSING: Final = frozenset(
    {
        "artefact-needed",
        "language-unavailable",
        "overloaded",
        "store",
        "table-needed",
        "version-not-loadable",
        "version-quarantined",
        "worker-lost",
        "worker-makes-room",
        "worker-unavailable",
    }
)


class Patience:
    """That of one request, which is tried again for `most_s` seconds."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._next_s = FIRST_S
        self._late = 0
        self.deaths = 0

    def wait_s(self, error: Exception, elapsed_s: float, *, troubled: bool) -> float | None:
        """Return after how many seconds to try again, or None where that is of no use or for too long already.

        troubled: the store cannot be read at the moment, so that a model which is not known may be there.
        """
        if isinstance(error, WorkerUnavailable):
            self.deaths += error.deaths
        if not isinstance(error, TriglotError) or self.is_deadly or not self._passes(error.code, troubled):
            return None
        wait_s, self._next_s = self._next_s, min(2 * self._next_s, LONGEST_S)
        return wait_s if elapsed_s + wait_s <= self._most_s else None

    @property
    def is_deadly(self) -> bool:
        """Whether the request has had so many workers end that it is not to have more."""
        return self.deaths >= DEATHS

    def _passes(self, code: str, troubled: bool) -> bool:
        if code == "deadline-exceeded":
            self._late += 1
            return self._late < LATE_TRIES
        return code in PASSING or (troubled and code == "model-not-found")
