"""Frames on and off a socket: small ones copied, because that is cheaper, large ones left where they are.

Each call into ZeroMQ gives Python's lock away and has to get it back, so there are as few of them as can be.
"""

from collections.abc import Sequence
from typing import Any

import zmq

from triglot.protocol.wire import Buffer

COPY_BELOW_BYTES = 65_536
# as plain integers: what zmq's own flags cost to combine is a share of a small message
NOBLOCK = int(zmq.NOBLOCK)
_SNDMORE = int(zmq.SNDMORE)
_RCVMORE = int(zmq.RCVMORE)
_EVENTS = int(zmq.EVENTS)
_POLLIN = int(zmq.POLLIN)


def send(socket: "zmq.Socket[bytes]", frames: Sequence[Buffer], flags: int = 0) -> None:
    """Send one message of these frames; raises `zmq.Again` with `NOBLOCK` where it cannot be sent now."""
    last = len(frames) - 1
    for place, frame in enumerate(frames):
        socket.send(frame, flags if place == last else flags | _SNDMORE, copy=len(frame) < COPY_BELOW_BYTES)


def receive(socket: "zmq.Socket[bytes]", flags: int = 0) -> list[Any]:
    """Return the frames of one message, or what is left of it: the first as bytes, those behind it uncopied.

    Raises `zmq.Again` where nothing came in time, with `NOBLOCK` or the socket's own time limit.
    """
    frames: list[Any] = [socket.recv(flags)]
    while socket.getsockopt(_RCVMORE):
        frames.append(socket.recv(copy=False))
    return frames


def waits(socket: "zmq.Socket[bytes]") -> bool:
    """Whether a message can be received at this moment."""
    events = socket.getsockopt(_EVENTS)
    return bool(events & _POLLIN)  # type: ignore[operator]
