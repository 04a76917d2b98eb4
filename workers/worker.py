"""The loop of every worker, whatever its language: drain the queue, answer it in as few calls as can be.

The loop runs in the thread that started the interpreter, because R and Julia may be entered from no other; a
second thread (`triglot.workers.control`) tells its state and has it drain meanwhile.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import zmq

from triglot.errors import (
    BadRequest,
    DeadlineExceeded,
    EstimatorFailed,
    Overloaded,
    ProtocolError,
    TableNeeded,
    TriglotError,
)
from triglot.hooks import Answered, Hooks, WorkerCall
from triglot.languages.launch import HELD_VERSIONS
from triglot.logs import about, writable
from triglot.protocol import batching, bundles, wire
from triglot.protocol.messages import Fault, Part, Reply, Request, Started
from triglot.protocol.runtime import Output, Runtime
from triglot.transport import multipart
from triglot.workers.activity import Activity
from triglot.workers.repository import Models
from triglot.workers.table_cache import Buffers

logger = logging.getLogger("triglot.worker")

KEPT_BYTES = 2**28
POLL_MS = 100
DRAINING_POLL_MS = 20
NOTICE_S = 0.005


class Received(NamedTuple):
    """One message that waits: whom to answer, since when it waits, and when it stops being worth it."""

    client: bytes
    request: Request
    begun: float
    expires: float
    bytes: int

    def apart(self) -> list["Received"]:
        """Return the requests that share the message, each by itself."""
        each = bundles.apart(self.request)
        return [self._replace(request=request, bytes=self.bytes // len(each)) for request in each]


class Worker:
    """Answers what comes in on one ROUTER socket with one language runtime, until it is told to drain."""

    def __init__(
        self,
        runtime: Runtime,
        socket: "zmq.Socket[bytes]",
        key: bytes,
        activity: Activity,
        hooks: Hooks,
        *,
        queue: int = 4_096,
        held: int = HELD_VERSIONS,
        linger_s: float = 0.25,
        drained: Callable[[], None] = lambda: None,
    ) -> None:
        self._hooks = hooks
        self._models = Models(runtime, key, activity, held, hooks)
        self._buffers = Buffers(KEPT_BYTES)
        self._socket = socket
        self._activity = activity
        self._queue = queue
        self._linger_s = linger_s
        self._drained = drained

    def run(self) -> None:
        """Answer until draining, then what still comes from those who have not heard of it yet."""
        self._socket.rcvtimeo = POLL_MS
        while not self._activity.draining:
            self._turn()
        self._drained()
        self._socket.rcvtimeo = DRAINING_POLL_MS
        last = time.monotonic()
        while time.monotonic() - last < self._linger_s:
            if self._turn():
                last = time.monotonic()

    def _turn(self) -> bool:
        """Answer all that waits; False where nothing came within the socket's time limit."""
        try:
            first: bytes = self._socket.recv()  # which waits at less cost than a poll before it
        except zmq.Again:
            self._hooks.worker_idle()
            return False
        planned = batching.plan(self._receive(first), self._models.limits)
        for call in planned if self._hooks.hears("call_planned") else ():
            self._hooks.call_planned(_as_told(call))
        for call in planned:
            # only now, because a model that was not there when the plan was made may have been loaded meanwhile
            merged = batching.requests(call) == 1 or not self._models.limits(call[0].request).alone
            for part in [call] if merged else batching.singly(call):
                self._answer(part)
        return True

    def _receive(self, client: bytes) -> list[Received]:
        """Take all that waits, from this client's message on.

        What cannot be read or is beyond the queue's bound is answered at once.
        """
        waiting: list[Received] = []
        now, count = time.monotonic(), 0
        while True:
            message = multipart.receive(self._socket)
            try:
                request = wire.decode_request(message, self._buffers)
            except (ProtocolError, TableNeeded) as error:
                for request_id in wire.request_ids(message):
                    self._send(client, _fault(request_id, error))
            else:
                self._hooks.message_received(request)
                begun = now if request.sent is None else min(now, request.sent)
                expires = begun + request.timeout_ms / 1000
                received = Received(client, request, begun, expires, sum(map(len, message)))
                for each in [received] if count + len(request.ids) <= self._queue else received.apart():
                    if count < self._queue:
                        waiting.append(each)
                        count += len(each.request.ids)
                    else:
                        self._fail(each, Overloaded("this worker's queue is full; try again later"))
            if not multipart.waits(self._socket):
                self._activity.queued = count
                return waiting
            client = self._socket.recv()

    def _answer(self, call: Sequence[Received]) -> None:
        now = time.monotonic()
        live = [received for received in call if received.expires > now]
        for received in call:
            if received.expires <= now:
                self._fail(received, DeadlineExceeded("the request waited in the worker's queue past its deadline"))
        if not live:
            return
        for received in live:
            if received.request.alone:
                self._send(received.client, Started(received.request.id))
                # What may end this process must not begin before the notice, and the answers to others that were
                # sent before it, have left; ZeroMQ cannot be asked whether they have.
                time.sleep(NOTICE_S)
        with self._activity.working(max(received.expires for received in live), batching.requests(live)):
            self._call(live)

    def _call(self, call: Sequence[Received]) -> None:
        """Answer a call whole, or bisect it where the author's code fails, so that only the guilty one fails."""
        requests, begun = [received.request for received in call], time.monotonic()
        try:
            with self._hooks.around(requests, max(received.expires for received in call)):
                replies = self._models.answer(requests)
        except TriglotError as error:
            output = self._models.take_output(requests)
            if batching.requests(call) > 1 and isinstance(error, EstimatorFailed | BadRequest):
                if time.monotonic() < max(received.expires for received in call):
                    for half in batching.halves(call):
                        self._call(half)
                    return
                error = DeadlineExceeded("the call ran past the deadlines of all its requests and was stopped")
            if isinstance(error, EstimatorFailed):
                asked = requests[0]
                logger.error(
                    "%s", writable(str(error)), extra=about(asked.id, asked.model, asked.version, trace=error.traceback)
                )
            for received in call:
                self._fail(received, error, output)
            return
        except KeyboardInterrupt:
            for received in call:
                self._fail(received, DeadlineExceeded("the call ran past its deadline and was stopped"))
            return
        except Exception as error:
            logger.exception("the worker itself failed", extra=about(requests[0].id))
            for received in call:
                self._fail(received, error)
            return
        for received, reply in zip(call, replies, strict=True):
            self._send(received.client, _told(reply, begun - received.begun))
            self._answered(received)

    def _fail(self, received: Received, error: Exception, output: Output | None = None) -> None:
        for request_id in received.request.ids:
            self._send(received.client, _fault(request_id, error, output))
        self._answered(received, error.code if isinstance(error, TriglotError) else TriglotError.code)

    def _answered(self, received: Received, code: str = "") -> None:
        """Tell of the answer to each request that shared the message."""
        if not self._hooks.hears("request_answered"):
            return
        request, seconds = received.request, time.monotonic() - received.begun
        for part in request.parts or (Part(request.id, request.rows),):
            self._hooks.request_answered(
                Answered(part.id, request.op, request.model, request.version, part.rows, code, seconds)
            )

    def _send(self, client: bytes, reply: Reply | Fault | Started) -> None:
        # A client that is gone is no business of ours: ROUTER drops what nobody will read.
        with contextlib.suppress(zmq.Again):
            multipart.send(self._socket, [client, *wire.encode_reply(reply)], multipart.NOBLOCK)


def _as_told(call: Sequence[Received]) -> WorkerCall:
    return WorkerCall([received.request for received in call], max(received.expires for received in call))


def _told(reply: Reply, waited_s: float) -> Reply:
    """Return a reply that says how long its request waited, if it tells of times at all."""
    spent = reply.spent
    return reply if spent is None else reply._replace(spent=spent._replace(queue=int(1e9 * max(0.0, waited_s))))


def _fault(request_id: str, error: Exception, output: Output | None = None) -> Fault:
    if isinstance(error, TriglotError):
        details = error.details()
        if output is not None and output.text and not details.get("output"):
            details["output"] = output.text
        return Fault(request_id, error.code, str(error), details)
    return Fault(request_id, TriglotError.code, f"the worker failed: {type(error).__name__}: {error}")
