"""CSV and Arrow mean what JSON means: the same table comes out, or the same complaint about the same row."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from triglot.bulk import columnar, flow, reading
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest, TooLarge
from triglot.tables.field import Field
from triglot.tables.schema import Schema
from triglot.tables.table import Table

FIELDS = (
    Field("f", "float64", nullable=True),
    Field("g", "float32"),
    Field("i", "int64", nullable=True),
    Field("j", "int32"),
    Field("b", "bool", nullable=True),
    Field("s", "string", nullable=True),
    Field("c", "category", ("low", "high"), nullable=True),
    Field("d", "date", nullable=True),
    Field("z", "datetime", zone="Europe/Berlin", nullable=True),
    Field("w", "datetime", nullable=True),
)
SCHEMA = Schema(FIELDS)
ROW: dict[str, Any] = {
    "f": 1.5,
    "g": 0.25,
    "i": 3,
    "j": -4,
    "b": True,
    "s": 'grün, "🌱"\n',
    "c": "high",
    "d": "2026-01-31",
    "z": "2026-07-01T12:30:00",
    "w": "2026-07-01T12:30:00.5",
}
COUNT = np.arange(96.0)  # as many bytes as need no filling up behind them
HOLES = ROW | dict.fromkeys("fibscdzw")


def arrow_body(table: Any, **options: Any) -> bytes:
    """Return a table as an Arrow stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table, max_chunksize=100)
    return sink.getvalue()


def from_arrow(columns: Any, schema: Schema = SCHEMA, **options: Any) -> Table:
    """Return the table of an Arrow body."""
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    body = Body(io.BytesIO(arrow_body(table, **options)), 2**30)
    return whole(columnar.arrow_stream(body, 2**26), schema)


def from_csv(text: str, schema: Schema = SCHEMA, **options: Any) -> Table:
    """Return the table of a CSV body."""
    return whole(reading.csv_text(Body(io.BytesIO(text.encode()), 2**30)), schema, **options)


def whole(reader: reading.Reader, schema: Schema, most_rows: int = 10**6, **options: Any) -> Table:
    """Return all rows of a reader."""
    parts = list(flow.tables(reader, schema, flow.Pace(1), most_rows, **options))
    return flow.joined(parts) if parts else schema.rows([])


def assert_same(found: Table, expected: Table) -> None:
    """Fail unless two tables hold the same, missing values included."""
    assert found.names == expected.names
    for name, one, other in zip(found.names, found.columns, expected.columns, strict=True):
        assert (one.kind, one.levels, one.zone, one.to_list()) == (
            other.kind,
            other.levels,
            other.zone,
            other.to_list(),
        ), name


def csv_of(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as CSV; what is missing is nothing."""

    def shown(value: Any) -> str:
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if isinstance(value, str) else text

    return "\r\n".join([",".join(rows[0]), *(",".join(map(shown, row.values())) for row in rows)]) + "\r\n"


def typed(rows: Sequence[dict[str, Any]]) -> Any:
    """Return rows in the Arrow types that a program would give them."""
    read = {
        "d": lambda text: date.fromisoformat(text),
        "z": lambda text: datetime.fromisoformat(text),
        "w": lambda text: datetime.fromisoformat(text),
    }
    columns = {
        name: [None if row[name] is None else read.get(name, lambda value: value)(row[name]) for row in rows]
        for name in rows[0]
    }
    table = pa.table(columns)
    zoned = pa.array(columns["z"], pa.timestamp("s")).cast(pa.timestamp("s"))
    return table.set_column(table.schema.get_field_index("z"), "z", zoned).set_column(
        table.schema.get_field_index("c"), "c", pa.array(columns["c"]).dictionary_encode()
    )


@pytest.mark.parametrize(
    "rows", [[ROW], [ROW, HOLES], [HOLES, ROW, ROW] * 150], ids=["one", "holes", "several batches"]
)
def test_csv_and_arrow_become_the_table_that_json_becomes(rows: list[dict[str, Any]]) -> None:
    expected = SCHEMA.rows(rows)

    assert_same(from_csv(csv_of(rows)), expected)
    assert_same(from_arrow(typed(rows)), expected)
    assert_same(from_arrow({name: [row[name] for row in rows] for name in ROW}), expected)
    for compression in ("lz4", "zstd"):
        assert_same(from_arrow(typed(rows), compression=compression), expected)


def test_columns_may_come_in_any_order_and_in_smaller_and_larger_types() -> None:
    table = pa.table(
        {
            "w": pa.array([1_767_225_600_000], pa.timestamp("ms")),
            "z": pa.array([1_767_225_600], pa.timestamp("s", tz="America/New_York")),
            "d": pa.array([date(2026, 1, 1)], pa.date64()),
            "c": pa.array(["high"], pa.large_string()).dictionary_encode(),
            "s": pa.array(["x"], pa.string_view()),
            "b": pa.array([None], pa.null()),
            "j": pa.array([7], pa.uint8()),
            "i": pa.array([2**40], pa.uint64()),
            "g": pa.array([1], pa.int64()),
            "f": pa.array([0.5], pa.float16()),
        }
    )
    expected = {"f": 0.5, "g": 1, "i": 2**40, "j": 7, "b": None, "s": "x", "c": "high", "d": "2026-01-01"}
    times = {"z": "2026-01-01T00:00:00Z", "w": "2026-01-01T00:00:00"}

    assert_same(from_arrow(table), SCHEMA.rows([expected | times]))


def test_numbers_alone_stay_one_matrix() -> None:
    schema = Schema([Field("a", "float64"), Field("b", "float64")])

    table = from_arrow({"b": [1, 2], "a": [0.5, 1.5]}, schema)

    assert table.is_matrix
    assert table.matrix().tolist() == [[0.5, 1.0], [1.5, 2.0]]
    assert from_csv("a,b\n0.5,1\n1.5,2\n", schema).matrix().tolist() == table.matrix().tolist()


def test_columns_that_lie_side_by_side_in_a_message_are_sent_as_they_lie() -> None:
    schema = Schema([Field("a", "float64"), Field("b", "float64")])
    reader = columnar.arrow_stream(Body(io.BytesIO(arrow_body(pa.table({"a": COUNT, "b": -COUNT}))), 2**30), 2**26)
    (batch,) = reader.batches

    (table,) = flow.tables(reading.Reader(reader.names, iter([batch])), schema, flow.Pace(2), 100)

    assert np.shares_memory(table.matrix(), batch.column("b").to_numpy())
    assert table.matrix().tolist() == np.stack([COUNT, -COUNT], axis=1).tolist()


@pytest.mark.parametrize("place", [0, 3])
def test_columns_that_lie_side_by_side_are_looked_at_as_others_are(place: int) -> None:
    fields = Schema([Field("a", "float64"), Field("b", "float64", nullable=True)])
    holes, beyond = COUNT.copy(), COUNT.copy()
    holes[place], beyond[place] = np.nan, np.inf

    assert from_arrow({"a": COUNT, "b": holes}, fields).columns[1].to_list()[place] is None
    with pytest.raises(BadRequest) as caught:
        from_arrow({"a": beyond, "b": COUNT}, fields)
    assert [(problem.field, problem.row) for problem in caught.value.problems] == [("a", place)]
    with pytest.raises(BadRequest) as caught:
        from_arrow({"a": holes, "b": COUNT}, fields)
    assert [(problem.field, problem.row) for problem in caught.value.problems] == [("a", place)]


WRONG: list[tuple[str, Any, str]] = [
    ("f", "long", "must be a number, not the text 'long'"),
    ("f", "inf", "must be a finite number, not 'inf'"),
    ("g", None, "must not be "),
    ("i", "2.5", "must be a whole number, not"),
    ("i", "0x1F", "must be a whole number, not the text '0x1F'"),
    ("i", str(2**63), "does not fit a whole number of 64 bits"),
    ("j", str(2**31), "does not fit a whole number of 32 bits"),
    ("b", "maybe", "must be true or false, not 'maybe'"),
    ("c", "middle", "'middle' is none of the levels 'low', 'high'"),
    ("d", "31.1.2026", "must be a day such as 2026-01-31, not '31.1.2026'"),
    ("z", "noon", "must be a time such as 2026-01-31T12:00:00+01:00, not 'noon'"),
    ("w", "2026-07-01T12:30:00Z", "must be a time without an offset, as in training, not '2026-07-01T12:30:00Z'"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_value_that_does_not_fit_is_named_with_its_row(name: str, value: Any, message: str) -> None:
    rows = [ROW] * 249 + [ROW | {name: value}] + [ROW]
    for read in (
        lambda: from_csv(csv_of(rows)),
        lambda: from_arrow({key: [None if r[key] is None else str(r[key]) for r in rows] for key in ROW}),
    ):
        with pytest.raises(BadRequest) as refused:
            read()
        (problem,) = refused.value.problems
        assert (problem.field, problem.row) == (name, 249)
        assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("name", "values", "message", "row"),
    [
        ("f", [1.0, float("inf")], "must be a finite number, not inf", 1),
        ("g", [1.0, float("nan")], "must not be missing", 1),
        ("i", [1.0, 2.5], "must be a whole number, not 2.5", 1),
        ("i", pa.array([1, 2**63], pa.uint64()), "of Arrow type uint64 has values that do not fit: ", None),
        ("j", [1, 2**31], "does not fit a whole number of 32 bits", 1),
        ("f", [True, False], "must be a number, not a boolean", 0),
        ("b", [1, 0], "must be true or false, not 1", 0),
        ("s", [1, 2], "must be of kind string, not int64", None),
        ("c", [True, False], "True is none of the levels", 0),
        ("f", [date(2026, 1, 1)] * 2, "must be of kind float64, not date", None),
        ("d", [datetime(2026, 1, 1, 12)] * 2, "must be days, not times within days", None),
        ("w", pa.array([1, 2], pa.timestamp("ns")), "has times finer than a microsecond; round them", None),
        ("f", [[1.0], [2.0]], "is of Arrow type list<", None),
        ("f", [b"1", b"2"], "is of Arrow type binary", None),
        ("c", [{"a": 1}, {"a": 2}], "must be of kind category, not of Arrow type struct", None),
    ],
)
def test_what_arrow_can_say_and_json_cannot_is_refused_by_name(name: str, values: Any, message: str, row: int) -> None:
    columns = {key: pa.array([value, value]) for key, value in ROW.items()} | {name: values}

    with pytest.raises(BadRequest) as refused:
        from_arrow(columns)

    (first, *_) = refused.value.problems
    assert (first.field, first.row) == (name, row)
    assert first.message.startswith(message)


def test_every_bad_column_is_named_at_once_and_no_more_than_fifty_rows() -> None:
    bad = [ROW | {"j": "x", "d": "y"}] * 40

    with pytest.raises(BadRequest) as refused:
        from_csv(csv_of(bad))

    assert len(refused.value.problems) == 50
    assert {problem.field for problem in refused.value.problems} == {"j", "d"}


@pytest.mark.parametrize("read", ["csv", "arrow"])
def test_unknown_missing_and_doubled_columns_are_named(read: str) -> None:
    schema = Schema([Field("size", "float64"), Field("age", "float64")])
    names = ["siez", "age", "age"]
    doubled = pa.Table.from_arrays([pa.array([1.0])] * 3, names)
    with pytest.raises(BadRequest) as refused:
        from_csv("siez,age\n1,2\n", schema) if read == "csv" else from_arrow(doubled, schema)

    told = {problem.field: problem.message for problem in refused.value.problems}
    assert told["siez"] == "is not a field of this model; did you mean 'size'?"
    assert told["size"] == "is missing"
    assert told.get("age") == (None if read == "csv" else "is there twice")


def test_other_columns_are_ignored_where_that_was_asked_for() -> None:
    schema = Schema([Field("a", "float64")])

    assert from_csv("id,a\nx,1\n", schema, lenient=True).matrix().tolist() == [[1.0]]


def test_unseen_levels_are_what_the_policy_says() -> None:
    missing = Schema([Field("c", "category", ("a", "b"), unseen="missing")])
    other = Schema([Field("c", "category", ("a", "other"), unseen="other")])

    for read in (
        lambda schema: from_csv("c\na\nzebra\n", schema),
        lambda schema: from_arrow({"c": ["a", "zebra"]}, schema),
    ):
        assert read(missing).columns[0].to_list() == ["a", None]
        assert read(other).columns[0].to_list() == ["a", "other"]


def test_a_level_that_no_row_has_may_be_unknown() -> None:
    coded = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array(["b", "a", "unheard of"]))

    assert from_arrow({"c": coded}, Schema([Field("c", "category", ("a", "b"))])).columns[0].to_list() == ["a", "b"]


def test_more_rows_than_there_may_be_are_refused() -> None:
    with pytest.raises(TooLarge, match="a request may have 2 rows"):
        from_csv("a\n1\n2\n3\n", Schema([Field("a", "float64")]), most_rows=2)


def test_small_batches_are_joined_and_large_ones_parted_to_pieces_of_a_moment() -> None:
    schema = Schema([Field("a", "float64"), Field("b", "float64")])
    table = pa.table({"a": np.arange(20_000.0), "b": np.arange(20_000.0)})
    reader = columnar.arrow_stream(Body(io.BytesIO(arrow_body(table)), 2**30), 2**26)  # batches of 100 rows

    pieces = list(flow.tables(reader, schema, flow.Pace(2), 10**6))

    assert [piece.rows for piece in pieces] == [8_100, 8_100, 3_800]
    assert np.concatenate([piece.matrix()[:, 1] for piece in pieces]).tolist() == list(range(20_000))


def test_the_pace_follows_how_long_pieces_take_within_its_bounds() -> None:
    pace = flow.Pace(4)
    assert pace.rows == flow.FIRST_ROWS
    for _ in range(5):
        pace.took(pace.rows, 0.001)
    assert pace.rows == flow.MOST_ROWS
    pace.took(pace.rows, 1.0)
    assert pace.rows == flow.MOST_ROWS // 4
    for _ in range(9):
        pace.took(pace.rows, 60.0)
    assert pace.rows == flow.LEAST_ROWS
    assert flow.Pace(100_000).rows == flow.PIECE_BYTES // 800_000


def test_a_header_of_very_many_unknown_names_is_refused_at_once() -> None:
    names = ",".join(f"column{number}" for number in range(100_000))

    with pytest.raises(BadRequest) as refused:
        from_csv(f"{names}\n", Schema([Field(f"field{number}", "float64") for number in range(2_000)]))

    assert len(refused.value.problems) == 50
