"""One try to have a worker answer a request: its id, its frames, and the wait for what comes back."""

import itertools
import time
from typing import Any

import zmq

from triglot.dispatch.routing import WorkerView
from triglot.protocol import wire
from triglot.protocol.messages import Request
from triglot.transport import multipart

POLL_MS = 20

_attempts = itertools.count(1)


def attempt_id(request: Request) -> str:
    """Return the id of one try to have a request answered.

    The id of a request may be the caller's own and come twice; that of a try never does, so the late answer to a try
    that was given up is not taken for the answer to another.
    """
    return f"{request.id}.{next(_attempts)}"


def encode_attempt(
    request: Request,
    attempt: str,
    worker: WorkerView,
    deadline: float,
    packed: wire.Packed | None = None,
    *,
    alone: bool = False,
) -> list[wire.Buffer]:
    """Return the frames of one try to have a worker answer."""
    now = time.monotonic()
    shares_clock = worker.endpoint.address.startswith("ipc:")
    timeout_ms = max(1, int((deadline - now) * 1000))
    return wire.encode_request(request, packed, wire.Attempt(attempt, timeout_ms, alone, now if shares_clock else None))


def receive(socket: "zmq.Socket[bytes]", left_s: float) -> list[Any] | None:
    """Return the next message, or None where none came within `POLL_MS` or the time that is left."""
    if left_s * 1000 < POLL_MS and not socket.poll(max(0, int(left_s * 1000) + 1), zmq.POLLIN):
        return None
    try:
        return multipart.receive(socket)  # which waits by itself, for `POLL_MS`
    except zmq.Again:
        return None
