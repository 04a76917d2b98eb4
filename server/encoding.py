"""Bodies and answers that are compressed: gzip, deflate and zstd, inflated bit by bit, so that no body is a bomb.

The limits of bodies hold for what they are without their coding, and for what they are with it.
"""

import io
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final, Protocol, cast

from flask import Response
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from triglot.bodies.limits import BodyLimits
from triglot.bodies.media import PARQUET, UnsupportedMediaType
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest, TooLarge

CODINGS: Final = ("gzip", "deflate", "zstd")  # the first is taken where a caller likes several as well
WORTH_BYTES: Final = 32_768  # of an answer; below, it travels as quickly as it is
MOST_MEMBERS: Final = 65_536  # of one gzip body: each costs time, however little it holds
_ALIASES = {"x-gzip": "gzip"}
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")
_READ_BYTES = 16_384
_STEP_BYTES = 262_144
_GZIP, _ZLIB, _BARE = 31, 15, -15  # as zlib knows formats
_LEVEL = 1  # half as small again costs several times the work


def coding_of(header: str | None) -> str:
    """Return the one coding of a body, empty for none; raises `UnsupportedMediaType` for others and for several."""
    said = [name.strip().lower() for name in (header or "").split(",")]
    codings = [_ALIASES.get(name, name) for name in said if name not in ("", "identity")]
    if not codings:
        return ""
    if len(codings) > 1 or codings[0] not in CODINGS:
        shown = repr((header or "")[:40])
        raise UnsupportedMediaType(f"Content-Encoding {shown} is not read here; send one of {', '.join(CODINGS)}")
    return codings[0]


def accepted(header: str | None) -> str:
    """Return the coding that a caller likes best for an answer, by its Accept-Encoding; empty for none."""
    if not header:
        return ""
    accept = parse_accept_header(header.lower().replace("x-gzip", "gzip"), Accept)
    best = max(CODINGS, key=accept.quality)
    as_it_is = accept.quality("identity") if "identity" in accept.values() else 0
    return best if accept.quality(best) > as_it_is else ""


def inflated(content: bytes, coding: str, limit: int) -> bytes:
    """Return a body that is there whole without its coding; raises `TooLarge` beyond the limit, `BadRequest`."""
    if not coding:
        return content
    return Inflated(Body(io.BytesIO(content), limit), coding, limit).readall()


def inflate(environ: MutableMapping[str, Any], limits: BodyLimits) -> bool:
    """Put a body without its coding into the place of one that has one, and return whether there was one.

    Either is within the limits, which need not be looked after any more. Raises `UnsupportedMediaType` and `TooLarge`;
    later, whoever reads the body gets `BadRequest` where it is broken.
    """
    coding = coding_of(environ.get("HTTP_CONTENT_ENCODING"))
    if not coding or environ["REQUEST_METHOD"] in _WITHOUT_BODY:
        return False
    del environ["HTTP_CONTENT_ENCODING"]
    length = environ.pop("CONTENT_LENGTH", "") or ("" if environ.get("wsgi.input_terminated") else "0")
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    limit = limits.of(kind)
    body = Body(environ["wsgi.input"], limit, int(length) if length.isdigit() else None)
    environ["wsgi.input"], environ["wsgi.input_terminated"] = Inflated(body, coding, limit), True
    return True


def pack(response: Response, environ: Mapping[str, Any]) -> None:
    """Put an answer that is worth it into the coding that its caller likes best."""
    if response.direct_passthrough:
        return
    size = response.content_length if response.is_streamed else len(response.get_data())
    if size is None or size < WORTH_BYTES or "Content-Encoding" in response.headers or response.mimetype == PARQUET:
        return
    response.vary.add("Accept-Encoding")
    coding = accepted(environ.get("HTTP_ACCEPT_ENCODING"))
    if not coding:
        return
    response.headers["Content-Encoding"] = coding
    if response.is_streamed:
        response.response = packing(cast("Iterable[bytes]", response.response), coding)
        del response.content_length
    else:
        response.set_data(packed(response.get_data(), coding))


def packed(content: bytes, coding: str) -> bytes:
    """Return an answer that is there whole in a coding."""
    return b"".join(packing([content], coding)) if coding else content


def packing(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yield an answer in a coding, as its pieces come."""
    packer = _PACKERS[coding]()
    for piece in pieces:
        if small := packer.compress(piece):
            yield small
    yield packer.flush()


class Inflated(io.RawIOBase):
    """A body without its coding, as a file of so many bytes at most.

    Raises `TooLarge`, and `BadRequest` where it is not what it says, or is cut off.
    """

    def __init__(self, body: Body, coding: str, limit: int) -> None:
        self._pieces = _within(limit, _INFLATING[coding](body))
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Put bytes into a buffer and return how many; none at the end."""
        self._left = self._left or memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def _within(limit: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise TooLarge(f"the body may have {limit:,} bytes when it is inflated; send fewer rows at a time")
        yield piece


def _gunzipped(body: Body) -> Iterator[bytes]:
    rest = body.read(_READ_BYTES)
    for _ in range(MOST_MEMBERS):
        if not rest:
            return
        rest = yield from _member(body, rest, _GZIP)
    raise BadRequest(f"the gzip body has more than {MOST_MEMBERS:,} members; write it as one")


def _deflated(body: Body) -> Iterator[bytes]:
    """Yield what deflate holds: in zlib's format, as HTTP means it, or bare, as some have always sent it."""
    head = bytes(body.exactly(2))
    if not head:
        return
    has_header = head[0] & 15 == 8 and int.from_bytes(head, "big") % 31 == 0
    if (yield from _member(body, head, _ZLIB if has_header else _BARE)):
        raise _broken("deflate", "there are bytes behind its end")


def _member(body: Body, piece: bytes, window: int) -> Generator[bytes, None, bytes]:
    """Yield what is between a beginning and its end; returns the first bytes behind that."""
    coding = "gzip" if window == _GZIP else "deflate"
    engine = zlib.decompressobj(window)
    while not engine.eof:
        try:
            inflated = engine.decompress(piece, _STEP_BYTES)
        except zlib.error as error:
            raise _broken(coding, str(error)) from None
        if inflated:
            yield inflated
        elif not piece and not engine.eof:
            raise _broken(coding, "it was cut off")
        piece = engine.unconsumed_tail or (b"" if engine.eof else body.read(_READ_BYTES))
    return engine.unused_data or body.read(_READ_BYTES)


def _unpacked(body: Body) -> Iterator[bytes]:
    import pyarrow as pa  # it takes a while, and few send this

    source = pa.CompressedInputStream(pa.PythonFile(_Counted(body), mode="r"), "zstd")
    while True:
        try:
            piece = source.read(_STEP_BYTES)
        except OSError as error:
            raise _broken("zstd", str(error)) from None
        if not piece:
            return
        yield piece


class _Counted:
    """A body as pyarrow reads files."""

    closed = False

    def __init__(self, body: Body) -> None:
        self.read = body.read

    def close(self) -> None:
        """Do nothing: the body is its owner's."""


def _broken(coding: str, why: str) -> BadRequest:
    return BadRequest(f"the body is not the {coding} that Content-Encoding says: {why}")


class _Packer(Protocol):
    def compress(self, content: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Zstd:
    """What zlib's compressors are, for zstd: one frame, however many pieces."""

    closed = False

    def __init__(self) -> None:
        import pyarrow as pa

        self._small: list[bytes] = []
        self._stream = pa.CompressedOutputStream(pa.PythonFile(self, mode="w"), "zstd")

    def compress(self, content: bytes) -> bytes:
        """Return what there is of the frame now."""
        self._stream.write(content)
        return self._taken()

    def flush(self) -> bytes:
        """Return the rest of the frame."""
        self._stream.close()
        return self._taken()

    def write(self, piece: bytes) -> int:
        """Take a piece of the frame from pyarrow."""
        self._small.append(bytes(piece))
        return len(piece)

    def close(self) -> None:
        """Do nothing."""

    def _taken(self) -> bytes:
        small, self._small = b"".join(self._small), []
        return small


_INFLATING: dict[str, Callable[[Body], Iterator[bytes]]] = {
    "gzip": _gunzipped,
    "deflate": _deflated,
    "zstd": _unpacked,
}
_PACKERS: dict[str, Callable[[], _Packer]] = {
    "gzip": lambda: zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP),
    "deflate": lambda: zlib.compressobj(_LEVEL, zlib.DEFLATED, _ZLIB),
    "zstd": _Zstd,
}
