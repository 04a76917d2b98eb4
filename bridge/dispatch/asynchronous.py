"""One event loop's way to the workers: the ordinary course of a request, without a thread of its own.

A thread that waits for an answer costs two changes of thread and a fight for Python's lock; a loop that waits for all
of them costs none. What comes up at one turn of the loop for one version goes to its worker as one message
(`triglot.protocol.bundles`); what comes while nothing else is under way goes at once, and nothing ever waits for more
to come.

Only the ordinary course is here: a worker is there, holds the version and answers. For whatever else happens the
request goes to `Client.call`, in a thread, with what it has been through.
"""

import asyncio
import logging
import time
from collections import Counter
from concurrent.futures import Executor
from typing import NamedTuple

import zmq

from triglot.dispatch.attempts import attempt_id, encode_attempt
from triglot.dispatch.blocking import Answer, Client
from triglot.dispatch.handover import Fetch
from triglot.dispatch.routing import NEW, History, WorkerView, choose
from triglot.errors import (
    DeadlineExceeded,
    ProtocolError,
    WorkerLost,
    WorkerUnavailable,
    from_wire,
)
from triglot.protocol import bundles, wire
from triglot.protocol.messages import Fault, Reply, Request
from triglot.transport import multipart

logger = logging.getLogger("triglot.lane")

SWEEP_S = 0.02


class _Waiting(NamedTuple):
    """One request that a worker has in its hands, or will have at the loop's next turn."""

    answer: "asyncio.Future[Reply | Fault | None]"
    worker: WorkerView
    deadline: float


class Lane:
    """Sends the requests of one event loop; every method is called from that loop.

    pool: the threads for what is out of the ordinary.
    """

    def __init__(self, client: Client, pool: Executor) -> None:
        self._client = client
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[tuple[str, str], zmq.Socket[bytes]] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._sweeping = False
        self._ready: dict[tuple[object, ...], list[Request]] = {}

    async def call(self, request: Request, pool: str, timeout_s: float, fetch: Fetch, history: History = NEW) -> Answer:
        """Return the answer of a worker of this pool, or raise the error that it gave; see `Client.call`."""
        deadline = time.monotonic() + timeout_s
        monitor = self._client.monitor
        held = (request.model, request.version, request.sha256)
        worker = choose(monitor.workers(), pool, held, monitor.outstanding, self._client.refused_by(held))
        if worker is None or held not in worker.holds or history.alone:
            return await self._in_a_thread(request, pool, deadline, fetch, history)
        try:
            self._connect(worker)
        except WorkerUnavailable:  # it cannot be reached from here
            return await self._in_a_thread(request, pool, deadline, fetch, history)
        monitor.took(worker.id)
        try:
            reply = await self._ask(worker, request, deadline)
        finally:
            monitor.gave_back(worker.id)
        if isinstance(reply, Reply):
            return Answer(reply, worker.endpoint.name)
        error = _lost(worker) if reply is None else from_wire(reply.code, reply.message, reply.details)
        history = self._client.after(error, request, worker, history)
        return await self._in_a_thread(request, pool, deadline, fetch, history)

    def close(self) -> None:
        """Close the sockets; nothing may be waiting any more."""
        for worker in list(self._sockets):
            self._drop(worker)

    def _in_a_thread(
        self, request: Request, pool: str, deadline: float, fetch: Fetch, history: History
    ) -> "asyncio.Future[Answer]":
        def call() -> Answer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise DeadlineExceeded("the request waited for a free thread past its deadline")
            return self._client.call(request, pool, left, fetch, history)

        return self._loop.run_in_executor(self._pool, call)

    async def _ask(self, worker: WorkerView, request: Request, deadline: float) -> Reply | Fault | None:
        """Ask one worker once; None where it was lost meanwhile."""
        attempt = attempt_id(request)
        answer: asyncio.Future[Reply | Fault | None] = self._loop.create_future()
        self._waiting[attempt] = _Waiting(answer, worker, deadline)
        if len(self._waiting) > 1 and worker.bundles and bundles.fits(request):
            if not self._ready:
                self._loop.call_soon(self._send_ready)
            key = (worker.id, *bundles.likeness(request))
            self._ready.setdefault(key, []).append(request._replace(id=attempt))
        else:
            self._send(worker, encode_attempt(request, attempt, worker, deadline))
        if not self._sweeping:
            self._sweeping = True
            self._loop.call_later(SWEEP_S, self._sweep)
        try:
            return await answer
        finally:
            self._waiting.pop(attempt, None)

    def _send_ready(self) -> None:
        """Send what has come up since the loop's last turn, together what is alike."""
        ready, self._ready = self._ready, {}
        for requests in ready.values():
            wanted = [request for request in requests if request.id in self._waiting]
            if wanted:
                waiting = [self._waiting[request.id] for request in wanted]
                worker, deadline = waiting[0].worker, max(each.deadline for each in waiting)
                joined = bundles.join(wanted)
                self._send(worker, encode_attempt(joined, joined.id, worker, deadline))

    def _send(self, worker: WorkerView, message: list[wire.Buffer]) -> None:
        """Send a message, unless the worker has gone meanwhile, which the sweep tells those who wait."""
        socket = self._sockets.get(worker.id)
        if socket is not None:
            multipart.send(socket, message)  # which cannot wait, because its queue has no bound
            self._read(worker.id)  # the descriptor tells of changes only, and sending may have used one up

    def _connect(self, worker: WorkerView) -> None:
        if worker.id not in self._sockets:
            for gone in [known for known in self._sockets if known[0] == worker.id[0]]:
                self._drop(gone)
            self._sockets[worker.id] = socket = self._client.connect(worker)
            self._loop.add_reader(int(socket.getsockopt(zmq.FD)), self._read, worker.id)

    def _drop(self, worker: tuple[str, str]) -> None:
        socket = self._sockets.pop(worker)
        self._loop.remove_reader(int(socket.getsockopt(zmq.FD)))
        socket.close(linger=0)

    def _read(self, worker: tuple[str, str]) -> None:
        """Hand out every answer that has come from a worker."""
        socket = self._sockets.get(worker)
        while socket is not None and multipart.waits(socket):
            try:
                received = wire.decode_reply(multipart.receive(socket, multipart.NOBLOCK))
            except ProtocolError as error:
                logger.warning("worker %s: its answer cannot be read: %s", worker[0], error)
                continue
            for reply in bundles.replies(received) if isinstance(received, Reply) else [received]:
                waiting = self._waiting.pop(reply.id, None)  # which is not there if its deadline has passed
                if waiting is not None and isinstance(reply, Reply | Fault) and not waiting.answer.done():
                    waiting.answer.set_result(reply)

    def _sweep(self) -> None:
        """Give up what waits for a worker that is gone, or waits too long."""
        now = time.monotonic()
        monitor = self._client.monitor
        known = self._sockets.keys() | {waiting.worker.id for waiting in self._waiting.values()}
        lost = {worker for worker in known if worker not in self._sockets or monitor.is_lost(worker)}
        for worker in lost:
            self._read(worker)  # what it said at last
        held: Counter[str] = Counter()
        for waiting in list(self._waiting.values()):
            if waiting.answer.done():
                continue
            name = waiting.worker.endpoint.name
            if waiting.worker.id in lost:
                held[name] += 1
                waiting.answer.set_result(None)
            elif waiting.deadline <= now:
                late = DeadlineExceeded(f"no answer from worker {name} before the deadline")
                waiting.answer.set_exception(late)
        for name, count in held.items():
            what = "a request, which is" if count == 1 else f"{count} requests, which are"
            logger.warning("worker %s was lost while it held %s sent again", name, what)
        for worker in lost & self._sockets.keys():
            self._drop(worker)
        self._sweeping = bool(self._waiting)
        if self._sweeping:
            self._loop.call_later(SWEEP_S, self._sweep)


def _lost(worker: WorkerView) -> WorkerLost:
    return WorkerLost(f"worker {worker.endpoint.name} was lost while it held the request")
