"""The newest jobs, and how many there are, as far as that is known without waiting."""

import threading
from collections.abc import Mapping

from triglot.errors import TriglotError
from triglot.store.jobs import Job, JobStore

SHOWN = 20
PATIENCE_S = 0.25


class RecentJobs:
    """The newest jobs for whoever must not wait for a database: what was known last, where it does not answer."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._known: list[Job] = []
        self._counts: Mapping[str, int] = {}
        self._looking: threading.Thread | None = None

    def newest(self) -> list[Job]:
        """Return the newest jobs within a quarter of a second."""
        self._looked()
        return self._known

    def counts(self) -> Mapping[str, int]:
        """Return how many jobs are in each state, within the same time."""
        self._looked()
        return self._counts

    def _looked(self) -> None:
        looking = self._looking
        if looking is None or not looking.is_alive():
            looking = self._looking = threading.Thread(target=self._look, name="triglot-jobs", daemon=True)
            looking.start()
        looking.join(PATIENCE_S)

    def _look(self) -> None:
        try:
            self._known = self._store.list(SHOWN)
            self._counts = self._store.counts()
        except TriglotError:
            return  # the catalogue looks into the same database and tells of its trouble
