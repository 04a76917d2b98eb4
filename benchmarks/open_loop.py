"""Open loop: requests leave at a fixed rate, whatever became of the ones before.

A latency is counted from the moment at which a request was due, not from the one at which a connection was free for
it: a server that stalls is charged for all that waited behind the stall. One thread, `select` (whose time-outs are
finer than those of `poll`), keep-alive, at most as many connections as are asked for.
"""

import contextlib
import gc
import math
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load import Load, Request

GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """So many requests a second, evenly spaced from `start` on, for so many seconds."""

    start: float
    rate: float
    seconds: float

    @property
    def count(self) -> int:
        """Return how many requests there are in all."""
        return math.floor(self.rate * self.seconds)

    def due(self, number: int) -> float:
        """Return the moment at which request `number`, from 0 on, is due."""
        return self.start + number / self.rate

    def passed(self, now: float) -> int:
        """Return how many requests are due by now."""
        return max(0, min(self.count, math.floor((now - self.start) * self.rate) + 1))


class Ledger:
    """Latencies by the schedule; what is never answered counts with the time that it has waited."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.errors = 0
        self._latencies: dict[int, float] = {}

    def answered(self, number: int, now: float) -> None:
        """Note that request `number` has its answer."""
        self._latencies[number] = now - self.schedule.due(number)

    @property
    def open(self) -> int:
        """Return how many requests have no answer yet."""
        return self.schedule.count - len(self._latencies) - self.errors

    def close(self, now: float) -> Load:
        """Return the figures of the whole schedule at its end; requests without an answer are errors."""
        waited = [self._latencies.get(number, now - self.schedule.due(number)) for number in range(self.schedule.count)]
        answered = len(self._latencies)
        lasted = max(self.schedule.seconds, now - self.schedule.start)
        return Load(
            answered / lasted,
            1000 * percentile(waited, 50),
            1000 * percentile(waited, 99),
            self.schedule.count - answered,
        )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of the values that at least so many per cent of them do not exceed."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def measure(request: Request, rate: float, seconds: float, connections: int = 64) -> Load:
    """Return what is measured at so many requests a second; a rate that is not reached shows in `requests_per_s`."""
    peers = [_Connection(request) for _ in range(connections)]
    gc.collect()
    gc.disable()
    try:
        return _run(peers, rate, seconds)
    finally:
        gc.enable()
        for peer in peers:
            peer.close()


def _run(peers: "list[_Connection]", rate: float, seconds: float) -> Load:
    free, waiting = deque(peers), deque[int]()
    busy: dict[int, _Connection] = {}
    schedule = Schedule(time.perf_counter() + 0.01, rate, seconds)
    ledger, sent, end = Ledger(schedule), 0, schedule.start + seconds + GRACE_S
    while ledger.open and (now := time.perf_counter()) < end:
        while sent < schedule.passed(now):
            waiting.append(sent)
            sent += 1
        while waiting and free:
            peer = free.popleft()
            busy[peer.send(waiting.popleft())] = peer
        pause = (schedule.due(sent) if sent < schedule.count else end) - time.perf_counter()
        for descriptor in select.select(list(busy), [], [], max(0.0, pause))[0]:
            peer = busy[descriptor]
            good = peer.receive()
            if good is None:
                continue
            if good:
                ledger.answered(peer.number, time.perf_counter())
            else:
                ledger.errors += 1
            del busy[descriptor]
            if peer.closing:
                peer.open()
            free.append(peer)
    return ledger.close(time.perf_counter())


class _Connection:
    """One keep-alive connection with at most one request on its way."""

    def __init__(self, request: Request) -> None:
        self.number = -1
        self.closing = False
        self._address = ("127.0.0.1", request.port)
        self._message = message(request)
        self._socket: socket.socket | None = None
        self.open()

    def open(self) -> None:
        """Connect, anew if need be."""
        self.close()
        self._socket = socket.create_connection(self._address, timeout=5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received, self.closing = b"", False

    def close(self) -> None:
        """Drop the connection."""
        if self._socket is not None:
            self._socket.close()

    def send(self, number: int) -> int:
        """Send the request; return the descriptor that its answer comes by."""
        assert self._socket is not None
        self.number = number
        with contextlib.suppress(OSError):  # the server has closed: to be seen when the answer is read
            self._socket.sendall(self._message)
        return self._socket.fileno()

    def receive(self) -> bool | None:
        """Return whether the answer that has come is a good one; None while it is not complete."""
        assert self._socket is not None
        try:
            part = self._socket.recv(1 << 16)
        except OSError:
            part = b""
        self._received += part
        if not part:
            self.closing = True
            return False
        if not complete(self._received):
            return None
        head = self._received.partition(b"\r\n\r\n")[0].lower()
        self.closing = b"\r\nconnection: close" in head
        good = head.split(b" ", 2)[1].startswith(b"2")
        self._received = b""
        return good


def message(request: Request) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{'GET' if request.body is None else 'POST'} {request.path} HTTP/1.1", f"Host: 127.0.0.1:{request.port}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(request.body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (request.body or b"")


def complete(received: bytes) -> bool:
    """Return whether these bytes are a whole answer, by its length or its last chunk."""
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.lower().split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return len(body) >= int(value)
        if name == b"transfer-encoding" and b"chunked" in value:
            return body.endswith(b"0\r\n\r\n")
    return True
