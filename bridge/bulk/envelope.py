"""What may be asked of a body: so many bytes and no more, and Arrow messages that are what they say.

Arrow's own reader allocates what a message announces and inflates what it holds. So each message is looked at here
before that reader sees it: how long it says it is, and how long its compressed buffers say they will be.
"""

import contextlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from triglot.bulk.flatbuffers import scalar, structs, table
from triglot.errors import BadRequest, TooLarge

CHUNK = 2**20
MAX_METADATA = 16 * 2**20
CONTINUATION = b"\xff\xff\xff\xff"
FILE_MAGIC = b"ARROW1"
_SCHEMA, _DICTIONARY, _RECORDS = 1, 2, 3
_CUT_OFF = "the Arrow stream ends in the middle: it was cut off, or its writer was not closed"


class Source(Protocol):
    """What gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""
        ...


class Body:
    """The bytes of a body, counted: `limit` is how many there may be, and `why`, `expected` how many were announced."""

    def __init__(self, source: Source, limit: int, expected: int | None = None, why: str = "") -> None:
        self._source = source
        self._limit = limit
        self._expected = expected
        self._why = why
        self.taken = 0
        if expected is not None and expected > limit:
            raise self._too_large()

    def read(self, size: int = CHUNK, /) -> bytes:
        """Return up to so many bytes, none at the end; raises `TooLarge`, or `BadRequest` where it ends too early."""
        size = self._left(size)
        try:
            piece = self._source.read(size) if size else b""
        except OSError as error:  # the connection broke
            raise self._broken(error) from None
        self._count(len(piece), size)
        return piece

    def skip(self, most: int) -> None:
        """Read on, and away, up to so many bytes."""
        with contextlib.suppress(OSError):
            while most > 0 and (piece := self._source.read(min(CHUNK, self._left(most)))):
                self.taken += len(piece)
                most -= len(piece)

    def _left(self, most: int) -> int:
        """Return how much of that may be read: not every server ends a body where it ends."""
        return most if self._expected is None else min(most, self._expected - self.taken)

    def file(self) -> Any:
        """Return the bytes as a file that can be read from any place, where they are in one already, else None."""
        seekable = getattr(self._source, "seekable", None)
        if self.taken or seekable is None or not seekable():
            return None
        source: Any = self._source
        size = source.seek(0, 2)
        source.seek(0)
        if self._expected is not None and size > self._expected:
            return None  # there is more in it than the body
        self._count(size, size)
        if self._expected is not None and size < self._expected:
            raise BadRequest(f"the body ended after {size:,} of {self._expected:,} bytes")
        return source

    def exactly(self, size: int) -> memoryview:
        """Return so many bytes, or all that are left where these are fewer."""
        # memory that nothing was written to costs nothing, however much was announced
        room = np.empty(size, dtype=np.uint8).data
        end = 0
        while end < size and (taken := self._read_into(room[end : end + CHUNK])):
            end += taken
        return room[:end]

    def _read_into(self, room: memoryview) -> int:
        """Put bytes there and return how many, none at the end; raises what `read` raises."""
        readinto = getattr(self._source, "readinto", None)
        if readinto is None:
            piece = self.read(len(room))
            room[: len(piece)] = piece
            return len(piece)
        size = self._left(len(room))
        try:
            taken = int(readinto(room[:size]) or 0) if size else 0
        except OSError as error:  # the connection broke
            raise self._broken(error) from None
        self._count(taken, size)
        return taken

    def _count(self, taken: int, size: int) -> None:
        """Count what was taken of so many bytes that were asked for."""
        self.taken += taken
        if self.taken > self._limit:
            raise self._too_large()
        if not taken and size and self._expected is not None and self.taken < self._expected:
            raise BadRequest(f"the body ended after {self.taken:,} of {self._expected:,} bytes")

    def _broken(self, error: OSError) -> BadRequest:
        return BadRequest(f"the body ended after {self.taken:,} bytes: {error}")

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body may have {self._limit:,} bytes; send fewer rows at a time{self._why}")


class Messages:
    """An Arrow stream as a file to be read by Arrow, whose messages were looked at before.

    `limit` is how many bytes a message may have, compressed or not. Raises `BadRequest` for what is no stream, or ends
    before its end marker.
    """

    closed = False

    def __init__(self, body: Body, limit: int) -> None:
        self._body = body
        self._limit = limit
        self._messages = self._checked()
        self._left = memoryview(b"")

    def read(self, size: int = -1) -> bytes | memoryview:
        """Return so many bytes, fewer only at the end of the stream."""
        if size < 0:  # Arrow never asks for all
            raise BadRequest("an Arrow stream is read message by message")
        if not self._left and size:
            self._left = next(self._messages, memoryview(b""))
        if len(self._left) >= size:
            piece, self._left = self._left[:size], self._left[size:]
            return piece
        pieces, missing = [self._left], size - len(self._left)
        self._left = memoryview(b"")
        while missing and (message := next(self._messages, None)) is not None:
            pieces.append(message[:missing])
            self._left = message[missing:]
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def finish(self) -> None:
        """Return once the end marker was read and nothing follows it; Arrow itself does not look behind it."""
        next(self._messages, None)

    def close(self) -> None:
        """Do nothing: the body is its owner's."""

    def _checked(self) -> Iterator[memoryview]:
        first = True
        dictionaries: dict[int, int] = {}
        while True:
            prefix = bytes(self._body.exactly(8))
            if len(prefix) < 8 or not prefix.startswith(CONTINUATION):
                raise BadRequest(_what_it_is(prefix, first))
            size = int.from_bytes(prefix[4:], "little", signed=True)
            yield memoryview(prefix)
            if size == 0:
                if self._body.read():
                    raise BadRequest("there are bytes behind the end marker of the Arrow stream")
                return
            if not 0 < size <= MAX_METADATA:
                raise BadRequest(f"not an Arrow stream: metadata of {size:,} bytes")
            metadata = bytes(self._whole(size))
            try:
                message = _look(metadata)
            except (struct.error, IndexError, ValueError):
                raise BadRequest("not an Arrow stream: a message's metadata cannot be read") from None
            if message.kind not in (_SCHEMA, _DICTIONARY, _RECORDS) or (message.kind == _SCHEMA) != first:
                raise BadRequest("not an Arrow stream of a table: it begins with one schema, and batches follow")
            if message.delta:
                raise BadRequest(
                    "the Arrow stream adds to a dictionary; write dictionaries whole, or all rows as one batch"
                )
            self._fits(message.length)
            yield memoryview(metadata)
            if message.length:
                content = self._whole(message.length)
                size = max(message.length, sum(_inflated(content, *buffer) for buffer in message.buffers))
                self._fits(size)
                if message.kind == _DICTIONARY:  # which stay until others take their place
                    dictionaries[message.dictionary] = size
                    self._fits(sum(dictionaries.values()))
                yield content
            first = False

    def _whole(self, size: int) -> memoryview:
        content = self._body.exactly(size)
        if len(content) < size:
            raise BadRequest(_CUT_OFF)
        return content

    def _fits(self, size: int) -> None:
        if not 0 <= size <= self._limit:
            raise TooLarge(f"a record batch may have {self._limit:,} bytes; write batches of fewer rows")


def _what_it_is(prefix: bytes, first: bool) -> str:
    if not first:
        return _CUT_OFF if len(prefix) < 8 else "not an Arrow stream: a message does not begin where one should"
    if not prefix:
        return "the body is empty; send an Arrow stream"
    if prefix.startswith(FILE_MAGIC):
        return "the body is an Arrow file (Feather); say so: Content-Type: application/vnd.apache.arrow.file"
    return "the body is no Arrow stream"


@dataclass(frozen=True, slots=True)
class _Message:
    """What a message says of itself: where its compressed buffers lie (start, size), and of which dictionary it is."""

    kind: int
    length: int
    buffers: Sequence[tuple[int, int]] = ()
    dictionary: int = 0
    delta: bool = False


def _look(metadata: bytes) -> _Message:
    """Return what the metadata of a message says.

    It is a FlatBuffer: Message(version, header type, header, body length), whose header is a RecordBatch (length,
    nodes, buffers, compression), or a DictionaryBatch (id, RecordBatch, whether it adds to one before).
    """
    root = struct.unpack_from("<I", metadata, 0)[0]
    kind = scalar(metadata, root, 1, "<B")
    length = scalar(metadata, root, 3, "<q")
    if kind == _SCHEMA:
        return _Message(kind, length)
    batch, dictionary, delta = table(metadata, root, 2), 0, False
    if kind == _DICTIONARY and batch:
        dictionary = scalar(metadata, batch, 0, "<q")
        delta = bool(scalar(metadata, batch, 2, "<B"))
        batch = table(metadata, batch, 1)
    packed = batch and table(metadata, batch, 3)
    buffers = [(start, size) for start, size in structs(metadata, batch, 2, "<qq")] if packed else []
    return _Message(kind, length, buffers, dictionary, delta)


def _inflated(content: memoryview, start: int, size: int) -> int:
    """Return how long a compressed buffer will be; -1 in front of it says that it is as it is."""
    if size < 8 or start < 0 or start + 8 > len(content):
        return 0
    told = int.from_bytes(content[start : start + 8], "little", signed=True)
    if told < -1:
        raise BadRequest("a compressed buffer of the Arrow stream has no length")
    return size if told == -1 else told
