"""Versions on their way to workers: once for all threads that want the same, and with what came of it remembered."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from triglot.artefact import Artefact
from triglot.dispatch.loads import Loads, Refusal, Version, WorkerId
from triglot.dispatch.routing import WorkerView
from triglot.errors import (
    DeadlineExceeded,
    Overloaded,
    TriglotError,
    VersionNotLoadable,
    WorkerLost,
    WorkerMakesRoom,
    WorkerUnavailable,
)
from triglot.logs import Troubles
from triglot.protocol.messages import Request
from triglot.transport.request_ids import new_id

logger = logging.getLogger("triglot.dispatch")

LOAD_TIMEOUT_S = 120.0

Fetch = Callable[[], Artefact]
# has a worker answer a request by a deadline, and lets it work on until another
Ask = Callable[[WorkerView, Request, float, float], object]


def version_of(request: Request) -> Version:
    """Return the version that a request means."""
    return (request.model, request.version, request.sha256)


class Handover:
    """Hands versions to workers; what `loads` remembers, if there is such a memory, is not tried again by requests."""

    def __init__(self, ask: Ask, loads: Callable[[], Loads | None]) -> None:
        self._ask = ask
        self._loads = loads
        self._troubles = Troubles(logger)
        self._locks: dict[tuple[WorkerId, Version], threading.Lock] = {}

    def offer(self, worker: WorkerView, version: Version, fetch: Fetch) -> "bool | Refusal":
        """Return whether a worker holds a version now, or why it refuses it; False where it did not come to that.

        A worker that has refused it is not asked before its time has come.
        """
        if version in worker.holds:
            if (loads := self._loads()) is not None:
                loads.loaded(worker.id, version)
            return True
        refusal = self._refusal(worker, version)
        if refusal is not None and time.monotonic() < refusal.due:
            return refusal
        try:
            self._load(worker, version, fetch)
        except WorkerMakesRoom:
            return True
        except (DeadlineExceeded, Overloaded, WorkerLost, WorkerUnavailable) as error:
            self._tell(
                worker, version, f"worker {worker.id[0]} has not loaded version {version[1]} of {version[0]}: {error}"
            )
            return False
        except VersionNotLoadable:
            pass
        return self._refusal(worker, version) or True  # which another thread's try may have come to, too

    def require(self, worker: WorkerView, version: Version, fetch: Fetch, deadline: float) -> None:
        """Return once a worker holds the version that a request waits for; raises why it does not."""
        if (refusal := self._refusal(worker, version)) is not None:
            raise refusal.error(version, time.monotonic())
        self._load(worker, version, fetch, deadline)

    def refused_by_all(self, workers: Sequence[WorkerView], version: Version) -> bool:
        """Return whether none of these is worth a try."""
        return all(self._refusal(worker, version) for worker in workers)

    def _refusal(self, worker: WorkerView, version: Version) -> Refusal | None:
        loads = self._loads()
        return None if loads is None else loads.refusal(worker.id, version)

    def _load(self, worker: WorkerView, version: Version, fetch: Fetch, deadline: float | None = None) -> None:
        """Hand a version to a worker; threads that want the same wait for the first one's try.

        After the caller's deadline nobody waits here, but the worker goes on loading, for those who come next.
        """
        work_until = time.monotonic() + LOAD_TIMEOUT_S
        deadline = deadline or work_until
        lock = self._locks.setdefault((worker.id, version), threading.Lock())
        if not lock.acquire(blocking=False):
            if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise DeadlineExceeded(f"worker {worker.endpoint.name} was still loading the model at the deadline")
            lock.release()
            return
        try:
            self._send(worker, version, fetch, deadline, work_until)
        finally:
            self._locks.pop((worker.id, version), None)
            lock.release()

    def _send(self, worker: WorkerView, version: Version, fetch: Fetch, deadline: float, work_until: float) -> None:
        """Have a worker load a version, and remember what came of it."""
        loads, begun, asked = self._loads(), time.monotonic(), None
        try:
            load = Request(op="load", id=new_id(), model=version[0], version=version[1], artefact=fetch())
            asked = worker.id
            self._ask(worker, load, deadline, work_until)
        except TriglotError as error:
            now = time.monotonic()
            refusal = None if loads is None else loads.failed(asked, version, error, now, now - begun)
            if refusal is None:
                raise
            self._tell(
                worker, version, f"version {version[1]} of {version[0]} does not load in worker {worker.id[0]}: {error}"
            )
            raise refusal.error(version, now) from error
        if loads is not None:
            loads.loaded(worker.id, version)
        self._troubles.over(
            _named(worker, version), f"worker {worker.id[0]} has loaded version {version[1]} of {version[0]}"
        )

    def _tell(self, worker: WorkerView, version: Version, message: str) -> None:
        self._troubles.tell(_named(worker, version), logging.WARNING, message, model=version[0], version=version[1])


def _named(worker: WorkerView, version: Version) -> str:
    return f"{worker.id[0]} {version[0]} {version[1]}"
