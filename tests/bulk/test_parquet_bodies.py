"""Parquet that strangers send: what real writers write is read, and nobody can make it large where it is inflated."""

import io
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bulk.test_conforming import SCHEMA, assert_same, whole
from tests.bulk.test_written_by import WRITTEN, complaint, expected
from triglot.bulk import columnar, pages
from triglot.errors import BadRequest, TooLarge

LIMIT = 2**20


def written(table: Any, **options: Any) -> io.BytesIO:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink


def read(source: Any, limit: int = LIMIT, most_rows: int = 10**6, wanted: frozenset[str] | None = None) -> list[Any]:
    return list(columnar.parquet_body(source, limit, most_rows, wanted).batches)


@pytest.mark.parametrize("path", sorted(WRITTEN.glob("*.parquet")), ids=lambda path: path.name)
def test_files_of_polars_duckdb_and_pandas_are_the_rows(path: Path) -> None:
    with path.open("rb") as file:
        assert_same(whole(columnar.parquet_body(file, LIMIT, 10, None), SCHEMA), expected())


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_pages_of_both_kinds_and_of_every_compression_are_read(
    version: str, compression: str, dictionary: bool
) -> None:
    rows = [
        {"a": number % 7 / 3, "b": f"text {number % 5}", "c": None if number % 3 else number} for number in range(5_000)
    ]
    source = written(
        pa.Table.from_pylist(rows),
        data_page_version=version,
        compression=compression,
        use_dictionary=dictionary,
        row_group_size=900,
        data_page_size=2_000,
    )

    batches = read(source)

    assert [row for batch in batches for row in batch.to_pylist()] == rows
    assert [row["a"] for batch in read(source, wanted=frozenset("a")) for row in batch.to_pylist()] == [
        row["a"] for row in rows
    ]


def bombs() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    zeros = pa.table({"a": pa.array([0.0]).take(pa.array([0] * 2_000_000))})
    yield (
        "a page of zeros",
        zeros,
        {
            "use_dictionary": False,
            "data_page_size": 2**30,
            "max_rows_per_page": 2**30,
        },
    )
    yield "a long text", pa.table({"a": ["x" * 2**22]}), {"use_dictionary": False}
    yield "a long text of a dictionary", pa.table({"a": ["x" * 2**22] * 10}), {"dictionary_pagesize_limit": 2**30}
    yield (
        "many columns",
        pa.table({f"a{n}": pa.array([float(n)] * 20_000) for n in range(20)}),
        {"use_dictionary": False},
    )


@pytest.mark.parametrize(("table", "options"), [bomb[1:] for bomb in bombs()], ids=[bomb[0] for bomb in bombs()])
def test_pages_that_are_large_when_they_are_inflated_are_refused_before(table: Any, options: dict[str, Any]) -> None:
    source = written(table, compression="zstd", **options)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(TooLarge, match="pages of a row group may have 1,048,576 bytes at a time; write row groups"):
        read(source, most_rows=10**7)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**13


def test_what_lies_about_a_page_is_read_by_its_header_and_not_by_the_table_of_contents() -> None:
    source = written(pa.table({"a": [1.0] * 100}), use_dictionary=False, compression="zstd")
    meta = pq.ParquetFile(source).metadata.row_group(0).column(0)
    content, start = source.getvalue(), meta.data_page_offset
    assert content[start : start + 3] == b"\x15\x00\x15"  # of kind 0; what follows is how long it is inflated
    two_gib = b"\xfe\xff\xff\xff\x0f"

    with pytest.raises(TooLarge):
        read(io.BytesIO(content[: start + 3] + two_gib + content[start + 5 :]))


def test_short_pages_of_long_texts_are_few_rows_at_a_time() -> None:
    table = pa.table({"a": [chr(65 + number % 26) * 20_000 for number in range(500)]})
    source = written(table, compression="zstd", use_dictionary=False, data_page_size=100_000, write_batch_size=4)

    batches = read(source)

    assert sum(batch.num_rows for batch in batches) == 500
    assert max(batch.num_rows for batch in batches) < 60


def test_columns_that_no_model_takes_are_refused_unless_nobody_wants_them() -> None:
    fixed = pa.array([b"x" * 100], pa.binary(100))
    for odd in (pa.array([[1.0, 2.0]]), pa.array([{"x": {"y": 1}}]), fixed):
        source = written(pa.table({"a": [1.0], "odd": odd}))
        assert "column 'odd' is nested or binary, which no model takes" in complaint(lambda s=source: read(s))
        assert [batch.to_pylist() for batch in read(source, wanted=frozenset("a"))] == [[{"a": 1.0}]]


def test_an_encoding_by_which_few_bytes_are_many_long_texts_is_refused() -> None:
    source = written(
        pa.table({"a": ["x" * 1_000] * 10}), use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"}
    )

    assert "column 'a' is encoded as DELTA_BYTE_ARRAY; write it as PLAIN" in complaint(lambda: read(source))


def test_names_with_points_are_names() -> None:
    assert read(written(pa.table({"Sepal.Length": [1.5]})))[0].to_pylist() == [{"Sepal.Length": 1.5}]
    points = written(pa.table({"a.b": [1.5], "a": [2.5]}))
    assert read(points, wanted=frozenset({"a.b"}))[0].to_pylist() == [{"a.b": 1.5}]


def test_rows_and_pages_are_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(pa.table({"a": [1.0] * 100}), row_group_size=10)
    with pytest.raises(TooLarge, match="a request may have 99 rows"):
        read(source, most_rows=99)

    monkeypatch.setattr(pages, "MOST_PAGES", 9)
    with pytest.raises(BadRequest, match="more than 9 pages"):
        read(source)


@pytest.mark.parametrize("size", [0, 1, 4, 8, 100, 400])
def test_what_is_cut_off_is_told(size: int) -> None:
    content = written(pa.table({"a": [1.0, 2.0], "b": ["x", "y"]})).getvalue()

    assert "the Parquet body cannot be read" in complaint(lambda: read(io.BytesIO(content[:size])))


def test_headers_that_are_none_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(pa.table({"a": [1.0] * 100}), use_dictionary=False)
    start = pq.ParquetFile(source).metadata.row_group(0).column(0).data_page_offset
    for garbage in (
        b"\xff" * 12,
        b"\x1c" * 20,
        b"\x00" * 4,
        b"\x15\x00\x15\x01\x15\x01\x00",
        b"\x18\xff\xff\xff\xff\x7f",
    ):
        content = bytearray(source.getvalue())
        content[start : start + len(garbage)] = garbage
        assert "the Parquet body cannot be read" in complaint(lambda c=content: read(io.BytesIO(bytes(c))))
