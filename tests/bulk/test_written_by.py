"""Files that real tools wrote: each is the same two rows, or is refused with what to write instead.

They stand in `written_by`, beside the scripts that wrote them and the versions that did.
"""

import io
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.bulk.test_conforming import HOLES, ROW, SCHEMA, assert_same, whole
from triglot.bulk import columnar, files, reading
from triglot.bulk.cells import USUAL, Dialect
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest
from triglot.server.request import Asked
from triglot.tables.schema import Schema
from triglot.tables.table import Table

WRITTEN = Path(__file__).parent / "written_by"
FIRST = ROW | {"s": "grün", "w": "2026-07-01T12:30:00"}
ROWS = [FIRST, FIRST | {name: HOLES[name] for name in HOLES if HOLES[name] is None}]
TYPED = sorted(
    path.name for path in WRITTEN.iterdir() if files.FORMATS.get(path.suffix) in ("arrows", "arrow", "parquet")
)
PLAIN_CSV = [
    "duckdb.csv",
    "pandas.csv",
    "pandas-quoted.csv",
    "polars.csv",
    "polars-quoted.csv",
    "r.csv",
]


def read(name: str, schema: Schema = SCHEMA, dialect: Dialect = USUAL) -> Table:
    path = WRITTEN / name
    with files.opened(path, files.format_of(path, None, "input"), whole=False, dialect=dialect) as rows:
        return whole(rows.reader, schema)


def asked(name: str) -> Table:
    """Return the table of a file that is sent as a body of JSON."""
    content = Asked({}, (WRITTEN / name).read_bytes(), "").content(SCHEMA.names)
    return SCHEMA.columns(content) if isinstance(content, dict) else SCHEMA.rows(content)


def complaint(problem: Any) -> str:
    with pytest.raises(BadRequest) as refused:
        problem()
    return str(refused.value)


def expected(*, quoted: bool = False) -> Table:
    """Return the rows; who puts all fields into quotes has no way to say that a text is missing."""
    return SCHEMA.rows([ROWS[0], ROWS[1] | {"s": ""}] if quoted else ROWS)


@pytest.mark.parametrize("name", TYPED)
def test_arrow_and_parquet_of_polars_duckdb_and_pandas_are_the_rows(name: str) -> None:
    assert_same(read(name), expected())


def body_of(name: str) -> Any:
    return columnar.arrow_file_body(io.BytesIO((WRITTEN / name).read_bytes()), 10**6)


def test_arrow_files_of_pandas_are_the_rows_as_bodies_too() -> None:
    assert_same(whole(body_of("pandas.feather"), SCHEMA), expected())


@pytest.mark.parametrize("kind", ["categorical", "decimal", "enum"])
def test_arrow_files_of_polars_which_hold_no_stream_are_the_rows_as_bodies_too(kind: str) -> None:
    assert_same(whole(body_of(f"polars-{kind}.arrow"), SCHEMA), expected())


@pytest.mark.parametrize("name", PLAIN_CSV)
def test_csv_of_polars_duckdb_pandas_and_r_are_the_rows(name: str) -> None:
    assert_same(read(name), expected(quoted="quoted" in name))


@pytest.mark.parametrize("name", ["duckdb.jsonl", "polars.jsonl"])
def test_lines_of_json_of_polars_and_duckdb_are_the_rows(name: str) -> None:
    assert_same(read(name), expected())


@pytest.mark.parametrize("name", ["pandas-iso.json", "r-null.json", "r-columns-null.json"])
def test_json_of_pandas_and_jsonlite_are_the_rows_where_it_says_what_it_means(name: str) -> None:
    assert_same(asked(name), expected())


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("r-csv2.csv", Dialect(";", ",")),
        ("pandas-comma.csv", Dialect(";", ",")),
        ("duckdb-semicolon.csv", Dialect(";")),
    ],
)
def test_semicolons_and_decimal_commas_are_read_where_that_is_said_and_else_named(name: str, dialect: Dialect) -> None:
    assert_same(read(name, dialect=dialect), expected())

    assert complaint(lambda: read(name)) == (
        'the header of the CSV has semicolons and no comma: say delimiter=";" behind text/csv in Content-Type, or '
        "--delimiter ';' to the command; a name with one in it must stand in quotes"
    )


@pytest.mark.parametrize("name", ["r-csv2.csv", "pandas-comma.csv"])
def test_a_decimal_comma_that_nobody_spoke_of_is_told(name: str) -> None:
    assert (
        "row 0, field 'f': must be a number, not the text '1,5'; if its comma is decimal, say decimal=\",\" behind "
        "text/csv in Content-Type, or --decimal ',' to the command"
    ) in complaint(lambda: read(name, dialect=Dialect(";")))


def test_nan_and_na_are_missing_where_numbers_are_written_down() -> None:
    for name, fields in (("pandas-nan.csv", "fg"), ("r-na.csv", "fgcb")):
        schema = Schema([field for field in SCHEMA.fields if field.name in fields])
        assert_same(read(name, schema), schema.rows([{key: row[key] for key in schema.names} for row in ROWS]))


@pytest.mark.parametrize("name", ["r-row-names.csv", "r-table.csv", "pandas-index.csv", "r-all-csv2.csv"])
def test_names_of_rows_in_csv_are_passed_over(name: str) -> None:
    table = read(name, dialect=Dialect(";", ",") if "csv2" in name else USUAL)

    # of text nobody knows whether NA is a gap
    assert_same(table, expected() if "pandas" in name else SCHEMA.rows([ROWS[0], ROWS[1] | {"s": "NA"}]))


def test_names_of_rows_in_json_are_passed_over() -> None:
    assert_same(asked("r-named.json"), expected())


def test_a_field_too_many_is_no_name_of_a_row() -> None:
    for text, row in (('"a","b"\n"x",1,\n', 0), ("a,b\n1,2,3\n", 0), ('"a","b"\n1,2,3\n', 0)):
        reader = reading.csv_text(Body(io.BytesIO(text.encode()), 100))
        assert f"row {row} of the CSV has 3 fields where the header has 2" in complaint(
            lambda r=reader: list(r.batches)
        )


def test_what_jsonlite_leaves_out_or_calls_na_is_told() -> None:
    absent = complaint(lambda: asked("r.json"))
    named = complaint(lambda: asked("r-columns.json"))

    assert "row 1, field 'f': is missing; where there is no value, send null (R: toJSON(..., na = 'null'))" in absent
    for field, what in (("f", "a number"), ("i", "a whole number")):
        assert (
            f"row 1, field {field!r}: must be {what}, not the text 'NA'; what is missing must be null "
            "(R: toJSON(..., na = 'null'))"
        ) in named


def test_times_that_are_numbers_are_refused_and_not_guessed() -> None:
    told = complaint(lambda: asked("pandas.json"))
    (row, _) = orjson.loads((WRITTEN / "pandas.json").read_bytes())

    for field in "dzw":
        assert f"row 0, field {field!r}: must be a " in told
        assert (
            f"not {row[field]}; a number does not say of which unit it is (pandas: to_json(..., date_format='iso'))"
            in told
        )
