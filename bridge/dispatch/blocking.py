"""The client: one request in, one reply or one raised error out; safe under threads and after a fork.

Each thread keeps one DEALER a worker process, because replies get mixed on a shared one. Sockets and the
monitor are born in the process and thread that use them, never inherited.
"""

import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import zmq

from triglot import this_process
from triglot.dispatch.attempts import POLL_MS, attempt_id, encode_attempt, receive
from triglot.dispatch.handover import Fetch, Handover, version_of
from triglot.dispatch.loads import Loading, Loads, Refusal, Version
from triglot.dispatch.monitor import Monitor
from triglot.dispatch.routing import NEW, History, WorkerView, choose, history_after
from triglot.errors import (
    ArtefactNeeded,
    DeadlineExceeded,
    Overloaded,
    TableNeeded,
    TriglotError,
    VersionNotLoadable,
    WorkerLost,
    WorkerUnavailable,
    from_wire,
)
from triglot.languages.pools import spoken
from triglot.logs import about
from triglot.protocol import wire
from triglot.protocol.messages import Fault, Reply, Request, Started
from triglot.tally.cases import Cases
from triglot.transport import multipart
from triglot.transport.curve import CurveKeys
from triglot.transport.discovery import Endpoint, last_word

logger = logging.getLogger("triglot.dispatch")

ENDING_S = 0.2  # a process whose connection has broken may still be ending

_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()


class Answer(NamedTuple):
    """A reply, and which worker gave it after how many deaths of others."""

    reply: Reply
    worker: str
    deaths: int = 0


class _Sockets(dict[tuple[str, str], "zmq.Socket[bytes]"]):
    """One thread's sockets, by worker; they are closed when the thread ends."""

    def __del__(self) -> None:
        for socket in self.values():
            socket.close(linger=0)


@dataclass(slots=True)
class _Process:
    """What belongs to one process and must not cross a fork."""

    pid: int
    context: "zmq.Context[zmq.Socket[bytes]]"
    monitor: Monitor
    handover: Handover
    local: threading.local = field(default_factory=threading.local)


class Client:
    """Sends requests to the workers of one run directory and of a list of other hosts.

    A request waits for a worker to turn up until its deadline, but no longer than `patience_s`. `loads`, where it is
    given, remembers which versions did not load; then requests do not try that again, and only `load` does. `cases`,
    where they are given, are told of workers that end, and say which version is not to be asked again.
    """

    def __init__(
        self,
        run_dir: Path | None,
        listed: Mapping[str, Endpoint] | None = None,
        curve: CurveKeys | None = None,
        patience_s: float = math.inf,
    ) -> None:
        self.run_dir = run_dir
        self._listed = dict(listed or {})
        self._curve = curve
        self.patience_s = patience_s
        self.is_ending = False  # whoever ends the workers says so: that they are lost is no news then
        self.loads: Loads | None = None
        self.cases: Cases | None = None
        self._process: _Process | None = None
        self._birth = threading.Lock()
        _clients.add(self)

    def call(
        self,
        request: Request,
        pool: str,
        timeout_s: float,
        fetch: Fetch | None = None,
        history: History = NEW,
    ) -> Answer:
        """Return the answer of a worker of this pool, or raise the error that it gave.

        `fetch` gives the artefact of the request's version when a worker does not hold it, `history` is what the
        request has been through already. A worker that ends, refuses or drains costs time and no error, as long as
        there is time: predictions are idempotent. Raises `WorkerUnavailable` where no worker turned up,
        `DeadlineExceeded` where one did not answer, `VersionNotLoadable` where that is known of the version.
        """
        process = self._here()
        deadline = time.monotonic() + timeout_s
        whole = wire.pack(request.tables, digests=request.digests)
        packed = whole.bare() if request.digests else whole
        while True:
            worker = self._take(process, request, pool, history, deadline)
            try:
                process.monitor.took(worker.id)
                try:
                    reply = self._exchange(process, worker, request, packed, history.alone, deadline)
                finally:
                    process.monitor.gave_back(worker.id)
                return Answer(reply, worker.endpoint.name, history.deaths)
            except TriglotError as error:
                if isinstance(error, WorkerLost):
                    level = logging.DEBUG if self.is_ending else logging.WARNING
                    logger.log(level, "%s", error, extra=about(request.id, request.model, request.version))
                history = self.after(error, request, worker, history)
                if isinstance(error, TableNeeded):
                    if packed is whole:
                        raise
                    packed = whole
                if isinstance(error, ArtefactNeeded):
                    if fetch is None:
                        raise
                    history = self._hand_over(process, worker, request, fetch, history, deadline)

    def after(self, error: TriglotError, request: Request, worker: WorkerView, history: History) -> History:
        """Return what a request has been through once a worker gave this error, where it is to be tried again.

        Raises what its caller is to be told where it is not, as `history_after` does, and `VersionQuarantined`.
        """
        lost = error if isinstance(error, WorkerLost) else None
        if lost is not None and lost.started and self.cases is not None:
            self.cases.died(version_of(request), worker.pool, request.op, lost.reason)
        history = history_after(error, request, worker, history, self.workers())
        if lost is not None and self.cases is not None:
            self.cases.check(version_of(request))
        return history

    def load(self, model: str, version: int, sha256: str, pool: str, fetch: Fetch) -> Loading:
        """Have every worker of the pool that does not hold a version take it; return how they stand to it then."""
        held = (model, version, sha256)
        workers = [worker for worker in self.workers() if worker.serves(pool)]
        found = [self.offer(worker, held, fetch) for worker in workers]
        refusals = sorted((each for each in found if isinstance(each, Refusal)), key=lambda refusal: refusal.due)
        return Loading(len(workers), found.count(True), len(refusals), refusals[0] if refusals else None)

    def offer(self, worker: WorkerView, version: Version, fetch: Fetch) -> "bool | Refusal":
        """Return whether a worker holds a version now, or why it refuses it; False where it did not come to that."""
        return self._here().handover.offer(worker, version, fetch)

    def _hand_over(
        self,
        process: _Process,
        worker: WorkerView,
        request: Request,
        fetch: Fetch,
        history: History,
        deadline: float,
    ) -> History:
        held, workers = version_of(request), process.monitor.workers
        try:
            process.handover.require(worker, held, fetch, deadline)
        except (WorkerLost, Overloaded) as error:
            return history_after(error, request, worker, history, workers())
        except VersionNotLoadable:
            others = [other for other in workers() if other.serves(worker.pool)]
            if process.handover.refused_by_all(others, held):
                raise
        return history

    def refused_by(self, version: Version) -> Collection[tuple[str, str]]:
        """Return the workers that are known not to load a version."""
        return () if self.loads is None else self.loads.refused_by(version)

    def workers(self) -> Sequence[WorkerView]:
        """Return what this process knows of the workers."""
        return self._here().monitor.workers()

    def wait_for(self, pools: Mapping[str, int], timeout_s: float) -> None:
        """Return once so many workers of each pool are there; raises `WorkerUnavailable` after the timeout."""
        monitor = self._here().monitor
        deadline = time.monotonic() + timeout_s
        while True:
            there = [w.pool for w in monitor.workers() if w.ready]
            short = [pool for pool, count in pools.items() if there.count(pool) < count]
            if not short:
                return
            if time.monotonic() > deadline:
                raise WorkerUnavailable(f"no ready worker for {', '.join(map(spoken, short))} after {timeout_s:g} s")
            monitor.wait_for_change(0.05)

    @property
    def monitor(self) -> Monitor:
        """What this process knows of the workers, and how many requests each has in its hands."""
        return self._here().monitor

    def connect(self, worker: WorkerView) -> "zmq.Socket[bytes]":
        """Return a new socket to a worker; it belongs to the thread that asks for it."""
        socket = self._here().context.socket(zmq.DEALER)
        socket.linger = 0
        socket.set_hwm(0)
        self._protect(socket, worker.endpoint)
        socket.connect(worker.endpoint.address)
        return socket

    def close(self) -> None:
        """Close the monitor and this process's sockets; other threads must have stopped calling."""
        process, self._process = self._process, None
        if process is not None and process.pid == this_process.pid():
            process.monitor.close()
            process.context.destroy(linger=0)

    def _here(self) -> _Process:
        process = self._process
        if process is not None and process.pid == this_process.pid():
            return process
        with self._birth:
            process = self._process
            if process is None or process.pid != this_process.pid():
                context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
                monitor = Monitor(context, self.run_dir, self._listed, self._protect)
                handover = Handover(self._ask_to_load, lambda: self.loads)
                self._process = process = _Process(this_process.pid(), context, monitor, handover)
        return process

    def _protect(self, socket: "zmq.Socket[bytes]", endpoint: Endpoint) -> None:
        if not endpoint.server_key:
            return
        if self._curve is None:
            raise WorkerUnavailable(f"worker {endpoint.name!r} needs this client's CURVE keys, and there are none")
        socket.curve_serverkey = endpoint.server_key.encode("ascii")
        socket.curve_publickey = self._curve.public
        socket.curve_secretkey = self._curve.secret

    def _take(self, process: _Process, request: Request, pool: str, history: History, deadline: float) -> WorkerView:
        """Return the worker to ask, waiting for one (a restarted one, say) while there are time and patience."""
        monitor, held = process.monitor, version_of(request)
        until = None
        while True:
            avoid = history.avoid.union(self.refused_by(held))
            worker = choose(monitor.workers(), pool, held, monitor.outstanding, avoid)
            if worker is not None:
                return worker
            until = until or min(deadline, time.monotonic() + self.patience_s)
            left = until - time.monotonic()
            if left <= 0:
                away = f"no worker for {spoken(pool)} is there; try again later"
                raise WorkerUnavailable(away, deaths=history.deaths)
            monitor.wait_for_change(min(left, 0.1))

    def _ask_to_load(self, worker: WorkerView, load: Request, deadline: float, work_until: float) -> None:
        # alone, so that the worker says when it begins: then it is known what ended it
        try:
            self._exchange(self._here(), worker, load, wire.Packed(), True, deadline, work_until)
        except WorkerLost as error:
            if error.started and self.cases is not None:
                self.cases.died(version_of(load), worker.pool, load.op, error.reason)
            raise

    def _exchange(
        self,
        process: _Process,
        worker: WorkerView,
        request: Request,
        packed: wire.Packed,
        alone: bool,
        deadline: float,
        work_until: float | None = None,
    ) -> Reply:
        """Ask one worker once; it may work on for longer than this side waits (`work_until`)."""
        attempt = attempt_id(request)
        message = encode_attempt(request, attempt, worker, work_until or deadline, packed, alone=alone)
        socket = self._socket(process, worker)
        multipart.send(socket, message)
        started = False
        while True:
            left = deadline - time.monotonic()
            received = receive(socket, left)
            if received is not None:
                reply = wire.decode_reply(received)
                if reply.id != attempt:
                    continue
                if isinstance(reply, Started):
                    started = True
                elif isinstance(reply, Fault):
                    error = from_wire(reply.code, reply.message, reply.details)
                    if isinstance(error, DeadlineExceeded):
                        error.started = started
                    raise error
                else:
                    return reply
            elif process.monitor.is_lost(worker.id):
                self._drop(process, worker)
                if started and process.monitor.is_silent(worker.id):
                    process.monitor.wait_for_change(ENDING_S)
                # One that is merely silent may be stopped or cut off: that proves nothing against the request.
                proven = started and not process.monitor.is_silent(worker.id)
                reason = last_word(self.run_dir, *worker.id) if self.run_dir is not None else ""
                raise WorkerLost(
                    f"worker {worker.endpoint.name} was lost while it held the request", started=proven, reason=reason
                )
            elif left <= 0:
                late = f"no answer from worker {worker.endpoint.name} before the deadline"
                raise DeadlineExceeded(late, started=started and work_until in (None, deadline))

    def _socket(self, process: _Process, worker: WorkerView) -> "zmq.Socket[bytes]":
        sockets: _Sockets | None = getattr(process.local, "sockets", None)
        if sockets is None:
            sockets = process.local.sockets = _Sockets()
        socket = sockets.get(worker.id)
        if socket is None:
            for gone in [key for key in sockets if key[0] == worker.id[0]]:
                sockets.pop(gone).close(linger=0)
            sockets[worker.id] = socket = self.connect(worker)
            socket.rcvtimeo = POLL_MS
        return socket

    def _drop(self, process: _Process, worker: WorkerView) -> None:
        sockets: dict[tuple[str, str], Any] = getattr(process.local, "sockets", {})
        socket = sockets.pop(worker.id, None)
        if socket is not None:
            socket.close(linger=0)


def _after_fork() -> None:
    """Give the child locks of its own: the threads that may hold the parent's are not there to let go of them."""
    for client in list(_clients):
        client._birth = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
