"""What is no CSV, Arrow stream or line of JSON is refused with a reason, and nothing larger than it may be is read."""

import gzip
import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.bulk.test_conforming import arrow_body
from triglot.bulk import columnar, reading
from triglot.bulk.envelope import CHUNK, Body, Source
from triglot.errors import BadRequest, TooLarge

TABLE = pa.table({"a": [1.0, 2.0], "s": pa.array(["x", "y"]).dictionary_encode()})
STREAM = arrow_body(TABLE)


class Dribble(io.BytesIO):
    """Gives a few bytes at a time, as a slow connection does."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 7))

    def readinto(self, buffer: Any, /) -> int:
        return super().readinto(memoryview(buffer)[:7])


class Bare:
    """Gives bytes and cannot put them anywhere, as the bodies of some servers."""

    def __init__(self, data: bytes) -> None:
        self.read = io.BytesIO(data).read


def rows_of(reader: reading.Reader) -> list[dict[str, Any]]:
    return [row for batch in reader.batches for row in batch.to_pylist()]


def arrow(data: bytes, limit: int = 2**26, source: Callable[[bytes], Source] = io.BytesIO) -> list[dict[str, Any]]:
    return rows_of(columnar.arrow_stream(Body(source(data), 2**30), limit))


def csv(data: bytes, source: Callable[[bytes], Source] = io.BytesIO) -> list[dict[str, Any]]:
    return rows_of(reading.csv_text(Body(source(data), 2**30)))


def lines(data: bytes, source: Callable[[bytes], Source] = io.BytesIO) -> list[dict[str, Any]]:
    return rows_of(reading.json_lines(Body(source(data), 2**30)))


def test_a_slow_connection_gives_the_same_rows() -> None:
    assert arrow(STREAM, source=Dribble) == TABLE.to_pylist()
    assert arrow(STREAM, source=Bare) == TABLE.to_pylist()
    assert csv(b"a,b\n1,x\n2,\n", Dribble) == [{"a": "1", "b": "x"}, {"a": "2", "b": None}]
    assert lines(b'{"a":1}\n\n{"a":2.5}', Dribble) == [{"a": 1}, {"a": 2.5}]


def test_every_cut_of_an_arrow_stream_is_noticed() -> None:
    for cut in range(len(STREAM)):
        with pytest.raises(BadRequest, match=r"cut off|is empty|no Arrow stream"):
            arrow(STREAM[:cut])


def test_a_damaged_arrow_stream_is_read_or_refused_and_never_crashes() -> None:
    chance = random.Random(7)
    refused = 0
    for compression in (None, "lz4"):
        stream = arrow_body(TABLE, compression=compression)
        for _ in range(1_500):
            damaged = bytearray(stream)
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                arrow(bytes(damaged), 2**20)
            except BadRequest:
                refused += 1
    assert refused > 1_000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty; send an Arrow stream"),
        (b"sepal length,sepal width\n1,2\n", "the body is no Arrow stream"),
        (
            b"ARROW1\0\0" + STREAM,
            r"the body is an Arrow file \(Feather\); say so: Content-Type: application/vnd.apache.arrow.file",
        ),
        (STREAM + b"x", "there are bytes behind the end marker"),
        (STREAM[:-8] + STREAM, "begins with one schema"),
    ],
)
def test_what_is_no_arrow_stream_is_told_what_it_is(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        arrow(body)


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_a_small_stream_that_would_become_large_is_refused_before_it_does(compression: str) -> None:
    zeros = arrow_body(pa.table({"a": np.zeros(100)}), compression=compression)
    assert len(arrow(zeros)) == 100
    sink = io.BytesIO()
    bomb = pa.table({"a": np.zeros(2**20)})
    with pa.ipc.new_stream(sink, bomb.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as stream:
        stream.write_table(bomb)
    assert len(sink.getvalue()) < 2**17
    with pytest.raises(TooLarge, match=r"a record batch may have 1,048,576 bytes; write batches of fewer rows"):
        arrow(sink.getvalue(), 2**20)


def test_dictionaries_may_be_replaced_and_not_grow_in_parts() -> None:
    batches = [
        pa.record_batch({"s": pa.array(texts).dictionary_encode()}) for texts in (["a", "b"], ["a", "b", "c"], ["z"])
    ]
    for deltas in (False, True):
        sink = io.BytesIO()
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
        with pa.ipc.new_stream(sink, batches[0].schema, options=options) as stream:
            for batch in batches:
                stream.write_batch(batch)
        if deltas:
            with pytest.raises(BadRequest, match="adds to a dictionary; write dictionaries whole"):
                arrow(sink.getvalue())
        else:
            assert [row["s"] for row in arrow(sink.getvalue())] == ["a", "b", "a", "b", "c", "z"]


def test_codes_beyond_their_dictionary_are_refused() -> None:
    codes = pa.array([0, 1], pa.int8())
    good = pa.DictionaryArray.from_arrays(codes, pa.array(["x", "y"]))
    stream = arrow_body(pa.table({"s": good}))
    place = stream.rindex(b"\x00\x01\x00\x00\x00\x00\x00\x00")
    with pytest.raises(BadRequest, match=r"from row 0 on, cannot be read: .*out of bounds|cannot be read"):
        arrow(stream[:place] + b"\x00\x07" + stream[place + 2 :])


def test_csv_is_read_as_rfc_4180_has_it() -> None:
    text = '\ufeffname,"the ""size"""\r\n"Smith, John",1\r\n"two\nlines",""\r\n,2'
    assert csv(text.encode()) == [
        {"name": "Smith, John", 'the "size"': "1"},
        {"name": "two\nlines", 'the "size"': ""},
        {"name": None, 'the "size"': "2"},
    ]
    assert csv(b"a\n1\n\n2\n") == [{"a": "1"}, {"a": None}, {"a": "2"}]
    assert csv(b"a,b\n") == []
    assert csv(b"a,b") == []


def test_rows_are_whole_wherever_blocks_end() -> None:
    quoted = '"' + "x, \n" * 50 + '"'
    rows = [f"{number},{quoted}" for number in range(2 * CHUNK // len(quoted))]
    found = csv(("n,t\n" + "\n".join(rows)).encode())
    assert [row["n"] for row in found] == [str(number) for number in range(len(rows))]
    assert {row["t"] for row in found} == {quoted.strip('"')}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty; send CSV with a header"),
        (b"a,b,a\n1,2,3\n", "the header of the CSV has a name twice: 'a'"),
        (b"a,b\n1,2\n3\n", "row 1 of the CSV has 1 fields where the header has 2"),
        (b"a,b\n1,2\n3,4,5\n", "row 1 of the CSV has 3 fields where the header has 2"),
        (b"a,b\n1,\x002\n", "the CSV has a NUL byte"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "the CSV is compressed by gzip; say Content-Encoding: gzip"),
        (b'"a" "b"\n"1" 1 2\n', "the first line must hold the names of the columns, and ',' between them"),
        (b"a,b\n1,\xff\n", r"the CSV, from row 0 on, cannot be read: .*invalid UTF8"),
        (b"a,\xff\n1,2\n", "the CSV is not UTF-8"),
        (b'a,b\n1,"2\n3,4\n', "the CSV ends within quotes"),
        (b'a,"b\n1,2\n', "the CSV ends within quotes"),
        (b"a,b\n" + b"1" * 5 * CHUNK, "a row of the CSV is longer than 4,194,304 bytes"),
    ],
)
def test_what_is_no_csv_is_refused_with_the_reason(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        csv(body)


def test_a_ragged_row_is_counted_over_the_whole_body() -> None:
    good = 3 * CHUNK // 4
    with pytest.raises(BadRequest, match=f"row {good} of the CSV has 3 fields"):
        csv(b"a,b\n" + b"1,2\n" * good + b"1,2,3\n" + b"1,2\n" * 100)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\n\n", "there are no lines"),
        (b'{"a": 1}\n{"a": }\n', "line 2 is not JSON"),
        (b'{"a": 1}\n[1]\n', "line 2 must be an object"),
        (b'{"a": 1}\n{"b": 1}\n', "line 2 has other names than the first line: 'a', 'b'"),
        (b'{"a": 1}\n\n{"a": "x"}\n', "line 3, field 'a': a column must be all text"),
        (b'{"a": [1]}\n', "line 1, field 'a': a column must be all text"),
    ],
)
def test_what_are_no_lines_of_json_are_refused_with_the_line(body: bytes, message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        lines(body)


def test_a_body_has_as_many_bytes_as_it_may_and_as_it_says() -> None:
    with pytest.raises(TooLarge, match="the body may have 9 bytes"):
        Body(io.BytesIO(), 9, 10)
    with pytest.raises(TooLarge, match="the body may have 9 bytes"):
        list(pieces(Body(io.BytesIO(b"x" * 10), 9)))
    with pytest.raises(BadRequest, match="the body ended after 3 of 5 bytes"):
        list(pieces(Body(io.BytesIO(b"abc"), 9, 5)))
    assert b"".join(pieces(Body(io.BytesIO(b"abcdefgh"), 9, 5))) == b"abcde"  # what follows is the next request's
    for source in (io.BytesIO, Bare):
        assert bytes(Body(source(b"abcdefgh"), 9, 5).exactly(8)) == b"abcde"
        with pytest.raises(TooLarge, match="the body may have 9 bytes"):
            Body(source(b"x" * 10), 9).exactly(10)
        with pytest.raises(BadRequest, match="the body ended after 3 of 5 bytes"):
            Body(source(b"abc"), 9, 5).exactly(5)


def pieces(body: Body) -> Iterator[bytes]:
    while piece := body.read(4):
        yield piece
