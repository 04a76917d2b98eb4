"""Arrow files of strangers: read by their footers, which are believed no more than what they point at."""

import io
import struct
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from triglot.bulk import columnar
from triglot.bulk.arrow_files import Unfiled
from triglot.bulk.envelope import Body
from triglot.bulk.flatbuffers import structs
from triglot.errors import BadRequest, TooLarge

TABLE = pa.table({"a": list(range(300)), "word": pa.array(["x", "y", "x"] * 100).dictionary_encode()})


def by_pyarrow(compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, TABLE.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(TABLE, max_chunksize=100)
    return bytes(sink.getvalue().to_pybytes())


def by_polars(compression: Any = "uncompressed") -> bytes:
    sink = io.BytesIO()
    pl.from_arrow(TABLE).write_ipc(sink, compression=compression)
    return sink.getvalue()


def rows(file: bytes, limit: int = 10**6) -> list[Any]:
    batches = columnar.arrow_file_body(io.BytesIO(file), limit).batches
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    "file", [by_pyarrow(), by_pyarrow("zstd"), by_pyarrow("lz4"), by_polars(), by_polars("zstd"), by_polars("lz4")]
)
def test_files_are_their_rows_whoever_wrote_them(file: bytes) -> None:
    assert rows(file) == TABLE.to_pylist()


def test_a_file_without_rows_has_its_columns() -> None:
    sink = io.BytesIO()
    pl.DataFrame({"a": pl.Series([], dtype=pl.Float64)}).write_ipc(sink)
    reader = columnar.arrow_file_body(sink, 10**6)

    assert (reader.names, list(reader.batches)) == (("a",), [])


def test_a_batch_may_be_no_larger_than_it_may_be_when_it_is_inflated() -> None:
    with pytest.raises(TooLarge, match="a record batch may have 300 bytes"):
        rows(by_pyarrow("zstd"), 300)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "is no Arrow file"),
        (b"PAR1" + bytes(100), "is no Arrow file"),
        (by_pyarrow()[:-20], "ends in the middle"),
        (by_polars()[:200], "ends in the middle"),
        (by_pyarrow()[:-10] + struct.pack("<i", 2**30) + b"ARROW1", "ends in the middle"),
        (by_pyarrow()[:-10] + struct.pack("<i", -5) + b"ARROW1", "ends in the middle"),
    ],
)
def test_what_is_no_whole_file_is_refused(file: bytes, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        rows(file)


def test_a_footer_that_points_elsewhere_is_not_believed() -> None:
    file = by_pyarrow()
    size = int.from_bytes(file[-10:-6], "little")
    footer = file[-10 - size : -10]
    blocks = structs(footer, struct.unpack_from("<I", footer, 0)[0], 3, "<qi4xq")
    for old, new in (
        (blocks[1], blocks[0]),  # a batch that is named twice
        (blocks[0], (10**12, *blocks[0][1:])),
        (blocks[0], (-8, *blocks[0][1:])),
        (blocks[0], (blocks[0][0], blocks[0][1], 2**40)),
    ):
        changed = footer.replace(struct.pack("<qi4xq", *old), struct.pack("<qi4xq", *new))
        assert changed != footer
        with pytest.raises(BadRequest, match="does not fit what the file holds"):
            rows(file[: -10 - size] + changed + file[-10:])


def test_it_is_read_in_the_pieces_that_are_asked_for() -> None:
    stream = Unfiled(io.BytesIO(by_pyarrow()))
    pieces = iter(lambda: stream.read(7), b"")

    assert pa.ipc.open_stream(b"".join(pieces)).read_all() == TABLE.unify_dictionaries()


def test_a_body_that_is_in_a_file_already_is_read_where_it_is_and_no_other() -> None:
    file = io.BytesIO(b"12345")

    assert Body(file, 5).file() is file
    assert Body(file, 9, 5).file() is file
    assert Body(file, 9, 3).file() is None  # there is more in it than the body
    assert Body(io.BufferedReader(_Pipe()), 9).file() is None
    with pytest.raises(TooLarge, match="may have 4 bytes"):
        Body(file, 4).file()
    with pytest.raises(BadRequest, match="ended after 5 of 7 bytes"):
        Body(file, 9, 7).file()


class _Pipe(io.RawIOBase):
    """What can be read once only."""

    def readable(self) -> bool:
        return True
