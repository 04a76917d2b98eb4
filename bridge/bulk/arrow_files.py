"""Arrow files that strangers sent, as the streams that they stand for.

A file is a magic number, messages, and a footer that says where they lie. Not every writer's messages can be read one
after the other: the first one of polars has nothing in front of it that says how long it is. So the footer is read,
and the messages are given in their order; what they hold is looked at as that of any stream.
"""

import struct
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from triglot.bulk.envelope import CHUNK, CONTINUATION, FILE_MAGIC, MAX_METADATA
from triglot.bulk.flatbuffers import structs
from triglot.errors import BadRequest

_END: Final = 4 + len(FILE_MAGIC)  # behind the footer: its length, and the magic number again
_BEGIN: Final = 8
_CUT_OFF: Final = "the Arrow file ends in the middle: it was cut off, or its writer was not closed"
_BLOCK: Final = "<qi4xq"  # offset, bytes of metadata, bytes behind it
_DICTIONARIES, _BATCHES = 2, 3


class Unfiled:
    """The stream that a file stands for, which can be read from any place; raises `BadRequest` for what is no file."""

    def __init__(self, file: Any) -> None:
        self._pieces = _stream(file)
        self._left = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        piece, self._left = self._left[:size], self._left[size:]
        return bytes(piece)


def _stream(file: Any) -> Iterator[bytes]:
    end, dictionaries, batches = _contents(file)
    yield from _schema(_at(file, _BEGIN, min((start for start, _ in (*dictionaries, *batches)), default=end) - _BEGIN))
    for start, size in (*dictionaries, *batches):
        for place in range(start, start + size, CHUNK):
            yield _at(file, place, min(CHUNK, start + size - place))
    yield CONTINUATION + bytes(4)


def _contents(file: Any) -> tuple[int, list[tuple[int, int]], list[tuple[int, int]]]:
    """Return where the footer begins, and start and size of the messages of dictionaries and of batches."""
    size = file.seek(0, 2)
    if _at(file, 0, len(FILE_MAGIC)) != FILE_MAGIC:
        raise BadRequest("the body is no Arrow file (Feather), which begins with ARROW1")
    tail = _at(file, max(0, size - _END), _END)
    length = int.from_bytes(tail[:4], "little", signed=True)
    end = size - _END - length
    if not tail.endswith(FILE_MAGIC) or not 0 < length <= MAX_METADATA or end < _BEGIN:
        raise BadRequest(_CUT_OFF)
    footer = _at(file, end, length)
    try:
        root = struct.unpack_from("<I", footer, 0)[0]
        found = [
            [(start, head + body) for start, head, body in structs(footer, root, slot, _BLOCK)]
            for slot in (_DICTIONARIES, _BATCHES)
        ]
    except (struct.error, IndexError, ValueError):
        raise BadRequest("the Arrow file's table of contents cannot be read") from None
    last = _BEGIN
    for start, taken in sorted(chain(*found)):
        if start < last or taken <= 0 or start + taken > end:  # a message that is named twice would be read twice
            raise BadRequest("the Arrow file's table of contents does not fit what the file holds")
        last = start + taken
    return end, found[0], found[1]


def _schema(message: bytes) -> Iterator[bytes]:
    """Give the first message with its length in front, which some writers leave out."""
    if message.startswith(CONTINUATION):
        yield message[: 8 + int.from_bytes(message[4:8], "little")]
    else:
        yield CONTINUATION + len(message).to_bytes(4, "little") + message


def _at(file: Any, place: int, size: int) -> bytes:
    file.seek(place)
    found: bytes = file.read(max(0, size))
    return found
