"""An event loop's hand on an open connection of AMQP: nothing here waits, and what comes up together goes out together.

py-amqp reads by waiting for each part of a frame, and writes each frame by itself. Once a connection stands, its frames
are cut here out of whatever has come, and what is written is gathered until the loop's next turn.
"""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from amqp.exceptions import FrameSyntaxError

from triglot.messages.link import FAREWELL_S

READ_BYTES = 2**18
UNREADABLE: Final = "triglot.unreadable"  # the type of a message whose properties cannot be read
_HEAD = struct.Struct(">BHI")  # type, channel, size
_END = 0xCE
_METHOD, _PROPERTIES = 1, 2  # types of frames
_DELIVER: Final = struct.pack(">HH", 60, 60)
_BEFORE_PROPERTIES = 12  # bytes: class, weight and the size of the body
_ONLY_A_TYPE: Final = struct.pack(f">HB{len(UNREADABLE)}s", 0x0020, len(UNREADABLE), UNREADABLE.encode())
_NO_SENSE = (FrameSyntaxError, ValueError, OverflowError, OSError, struct.error)  # OSError: of a time out of all years

Frame: TypeAlias = tuple[int, int, bytes]
_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def lenient(take: Callable[[Frame], Any]) -> Callable[[Frame], Any]:
    """Return what takes frames as this does, whatever a publisher has written into the properties of a message.

    The library cannot read bytes that are no text, or a time out of all years. The connection would break, and the
    message come again, for ever. So it comes without its properties, and is of the type `UNREADABLE`.
    """

    def taken(frame: Frame) -> Any:
        kind, channel, payload = frame
        if kind == _METHOD and payload.startswith(_DELIVER):
            return take((kind, channel, _with_a_plain_key(payload)))
        if kind != _PROPERTIES:
            return take(frame)
        try:
            return take(frame)
        except _NO_SENSE:
            return take((kind, channel, payload[:_BEFORE_PROPERTIES] + _ONLY_A_TYPE))

    return taken


def _with_a_plain_key(payload: bytes) -> bytes:
    """Return the announcement of a message with a routing key that is text: what is none is `?`."""
    at = len(_DELIVER) + 1 + payload[len(_DELIVER)]  # behind the consumer's tag
    at += 9  # the message's number, and whether it comes again
    at += 1 + payload[at]  # the exchange
    key = payload[at + 1 :]
    if key.isascii() or _is_text(key):
        return payload
    return payload[: at + 1] + bytes(byte if byte < 128 else ord("?") for byte in key)


def _is_text(key: bytes) -> bool:
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


class Wire:
    """The socket of an open connection; `lost` is called with the reason where it breaks."""

    def __init__(self, connection: Any, lost: Callable[[str], None]) -> None:
        self._connection = connection
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._socket = connection.sock
        self._came = bytearray()
        self._goes = bytearray()
        self._flushing = False
        self._stuck = False
        self._socket.settimeout(0)
        self._write = connection.transport._write  # an instance's own attribute there, which is where writing ends
        connection.transport._write = self._gather
        self._loop.add_reader(self._socket.fileno(), self._read)
        self._loop.call_soon(self._read)  # what TLS has read already makes no socket readable

    def close(self) -> None:
        """Say good-bye the way of the library, which waits for the broker, but not for long."""
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        with contextlib.suppress(Exception):  # there may be nobody to say it to
            self._socket.settimeout(FAREWELL_S)
            self._connection.transport._write = self._write
            if self._goes:
                self._socket.sendall(bytes(self._goes))
            self._connection.close()
        with contextlib.suppress(Exception):
            self._connection.collect()

    def _read(self) -> None:
        try:
            while data := self._socket.recv(READ_BYTES):
                self._came += data
                self._cut()
                if len(data) < READ_BYTES and not self._is_pending():
                    return
            self._lost("the broker has closed the connection")
        except _NOT_NOW:
            return
        except Exception as error:  # what the broker says of its going, or what it sends makes no sense
            self._lost(f"{type(error).__name__}: {error}")

    def _is_pending(self) -> bool:
        pending = getattr(self._socket, "pending", None)
        return pending is not None and pending() > 0

    def _cut(self) -> None:
        """Hand the whole frames on that have come."""
        came, start, view = self._came, 0, bytes(self._came)
        while len(came) - start >= _HEAD.size:
            kind, channel, size = _HEAD.unpack_from(came, start)
            end = start + _HEAD.size + size
            if len(came) <= end:
                break
            if came[end] != _END:
                raise ValueError("a frame does not end where it says")
            self._connection.on_inbound_frame((kind, channel, view[start + _HEAD.size : end]))
            start = end + 1
        del came[:start]

    def _gather(self, data: Any) -> None:
        self._goes += data
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        try:
            while self._goes:
                del self._goes[: self._socket.send(self._goes)]
        except _NOT_NOW:
            if not self._stuck:
                self._stuck = True
                self._loop.add_writer(self._socket.fileno(), self._flush)
            return
        except OSError as error:
            self._lost(f"{type(error).__name__}: {error}")
        if self._stuck:
            self._stuck = False
            self._loop.remove_writer(self._socket.fileno())
