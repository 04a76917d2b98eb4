"""Codings of bodies and answers: what real compressors write is read, what is broken or a bomb is refused."""

import gzip
import io
import tracemalloc
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest

from triglot.bodies.media import UnsupportedMediaType
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest, TooLarge
from triglot.server import encoding

TEXT = "".join(f"{number},{number * number}\n" for number in range(30_000)).encode()
AMPLE = 2**24


def zstd(content: bytes) -> bytes:
    compressed: bytes = pa.Codec("zstd").compress(content, asbytes=True)
    return compressed


def bare(content: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(content) + engine.flush()


WRITERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", bare),
    ("zstd", zstd),
]


@pytest.mark.parametrize(("coding", "write"), WRITERS)
@pytest.mark.parametrize("content", [TEXT, b"", b"x"], ids=["long", "none", "one"])
def test_what_compressors_write_is_read(coding: str, write: Callable[[bytes], bytes], content: bytes) -> None:
    assert encoding.inflated(write(content), coding, AMPLE) == content
    assert encoding.inflated(b"", coding, AMPLE) == b""


@pytest.mark.parametrize(("coding", "write"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_several_in_a_row_are_one_body(coding: str, write: Callable[[bytes], bytes]) -> None:
    assert encoding.inflated(write(b"a,b\n") + write(b"1,2\n"), coding, AMPLE) == b"a,b\n1,2\n"


@pytest.mark.parametrize(("coding", "write"), WRITERS)
@pytest.mark.parametrize(
    "spoil", [lambda body: body[:-3], lambda body: body[:40], lambda body: body + b"more", lambda body: b"no" + body]
)
def test_what_is_broken_cut_off_or_followed_by_more_is_refused(
    coding: str, write: Callable[[bytes], bytes], spoil: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(BadRequest, match=f"the body is not the {coding} that Content-Encoding says: "):
        encoding.inflated(spoil(write(TEXT)), coding, AMPLE)


@pytest.mark.parametrize(("coding", "write"), WRITERS)
def test_a_bomb_is_refused_long_before_it_is_inflated(coding: str, write: Callable[[bytes], bytes]) -> None:
    bomb = write(bytes(2**26))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="the body may have 1,048,576 bytes when it is inflated"):
            encoding.inflated(bomb, coding, 2**20)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_a_body_of_very_many_members_of_nothing_is_refused() -> None:
    with pytest.raises(BadRequest, match="more than 65,536 members"):
        encoding.inflated(gzip.compress(b"") * 70_000, "gzip", AMPLE)


@pytest.mark.parametrize(("coding", "write"), WRITERS)
def test_a_body_that_comes_byte_by_byte_is_the_same(coding: str, write: Callable[[bytes], bytes]) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 1))

        readinto = None  # type: ignore[assignment]

    assert encoding.Inflated(Body(Slow(write(TEXT[:2000])), AMPLE), coding, AMPLE).readall() == TEXT[:2000]


@pytest.mark.parametrize(
    ("header", "coding"),
    [(None, ""), ("", ""), ("identity", ""), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("identity, zstd", "zstd")],
)
def test_the_coding_of_a_body_is_the_one_that_is_said(header: str | None, coding: str) -> None:
    assert encoding.coding_of(header) == coding


@pytest.mark.parametrize("header", ["br", "compress", "gzip, deflate", "gzip, gzip", "\u00fc"])
def test_other_codings_and_several_are_refused_with_those_that_are_read(header: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="is not read here; send one of gzip, deflate, zstd"):
        encoding.coding_of(header)


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, ""),
        ("br", ""),
        ("identity", ""),
        ("gzip, deflate, br, zstd", "gzip"),
        ("deflate, zstd", "deflate"),
        ("gzip;q=0.5, zstd", "zstd"),
        ("gzip;q=0", ""),
        ("gzip;q=0, *", "deflate"),
        ("*", "gzip"),
        ("*;q=0", ""),
        ("GZIP; q=0.3, identity;q=0.2", "gzip"),
        ("identity, gzip;q=0.5", ""),
        ("x-gzip", "gzip"),
        ("gzip;q=x", ""),
    ],
)
def test_an_answer_has_the_coding_that_its_caller_likes_best(header: str | None, coding: str) -> None:
    assert encoding.accepted(header) == coding


@pytest.mark.parametrize("coding", encoding.CODINGS)
def test_what_is_packed_is_small_and_comes_back_whole_or_piece_by_piece(coding: str) -> None:
    packed = encoding.packed(TEXT, coding)

    assert len(packed) < len(TEXT) / 2
    assert encoding.inflated(packed, coding, AMPLE) == TEXT
    pieces = [TEXT[start : start + 70_000] for start in range(0, len(TEXT), 70_000)]
    assert encoding.inflated(b"".join(encoding.packing(pieces, coding)), coding, AMPLE) == TEXT


def test_what_has_no_coding_stays_as_it_is() -> None:
    assert encoding.packed(TEXT, "") is TEXT
    assert encoding.inflated(TEXT, "", 1) is TEXT
