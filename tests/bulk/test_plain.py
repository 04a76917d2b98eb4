"""Arrow says the same in many types: whichever it is, the values come as they are, or the column is named."""

import decimal
import io
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bulk.test_conforming import arrow_body, from_arrow, whole
from triglot.bulk import columnar, files, flow
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest
from triglot.tables.field import Field
from triglot.tables.schema import Schema
from triglot.tables.table import Kind

CODES = (pa.int8, pa.uint8, pa.int16, pa.uint16, pa.int32, pa.uint32, pa.int64, pa.uint64)
TEXTS = (pa.string, pa.large_string, pa.string_view)
LEVELS = ["low", "high"]


def number(text: str) -> decimal.Decimal:
    return decimal.Decimal(text)


def coded(values: Any, codes: Any = (0, 1, None, 0), kind: Any = None) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes, kind or pa.int8()), values)


def field_of(kind: Kind) -> Field:
    return Field("x", kind, tuple(LEVELS) if kind == "category" else (), nullable=True)


def values_of(array: Any, kind: Kind) -> list[Any]:
    """Return what becomes of an array that is sent for a column of that kind."""
    return from_arrow({"x": array}, Schema([field_of(kind)])).columns[0].to_list()


def problem_of(array: Any, kind: Kind) -> tuple[int | None, str]:
    with pytest.raises(BadRequest) as refused:
        values_of(array, kind)
    first = refused.value.problems[0]
    assert first.field == "x"
    return first.row, first.message


@pytest.mark.parametrize("codes", CODES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", TEXTS, ids=lambda kind: kind.__name__)
def test_a_dictionary_of_text_may_have_any_codes_and_any_text(codes: Any, text: Any) -> None:
    array = coded(pa.array(LEVELS, text()), kind=codes())

    assert values_of(array, "category") == values_of(array, "string") == ["low", "high", None, "low"]
    assert values_of(array[1:], "category") == ["high", None, "low"]
    assert values_of(array[:0], "category") == []


@pytest.mark.parametrize(
    ("array", "kind", "expected"),
    [
        (coded(pa.array([1, 2], pa.int16())), "int64", [1, 2, None, 1]),
        (coded(pa.array([1.5, 2.5])), "float64", [1.5, 2.5, None, 1.5]),
        (coded(pa.array([number("1.5"), number("2")])), "float64", [1.5, 2.0, None, 1.5]),
        (coded(pa.array([True, False])), "bool", [True, False, None, True]),
        (coded(pa.array([date(2026, 1, 31), None])), "date", ["2026-01-31", None, None, "2026-01-31"]),
        (coded(pa.array(["1.5", "2"], pa.string_view())), "float64", [1.5, 2.0, None, 1.5]),
        (coded(pa.array(["low", None])), "category", ["low", None, None, "low"]),
        (coded(pa.array(["low", "low"])), "category", ["low", "low", None, "low"]),
        (coded(pa.array([], pa.string()), [None]), "category", [None]),
        (pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["high", None])), "category", ["high", "high", None]),
        (pa.RunEndEncodedArray.from_arrays([2, 3], pa.array([1.5, None]))[1:], "float64", [1.5, None]),
        (
            pa.RunEndEncodedArray.from_arrays([1, 3], coded(pa.array(LEVELS), [1, 0])),
            "category",
            ["high", "low", "low"],
        ),
        (pa.RunEndEncodedArray.from_arrays([1, 3], pa.array(LEVELS, pa.string_view()))[1:2], "string", ["high"]),
        (pa.ExtensionArray.from_storage(pa.json_(), pa.array(["low", None])), "category", ["low", None]),
        (pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8())), "bool", [True, False, None]),
        (pa.nulls(2), "float64", [None, None]),
        (pa.nulls(2), "category", [None, None]),
        (pa.nulls(2), "datetime", [None, None]),
        (pa.array([86_400_000], pa.date64()), "date", ["1970-01-02"]),
        (pa.array([0, None], pa.timestamp("ms")), "datetime", ["1970-01-01T00:00:00.000000", None]),
        (pa.array([1_500], pa.timestamp("ns", "Nowhere/Land")).cast(pa.int64()), "int64", [1500]),
    ],
    ids=lambda value: str(getattr(value, "type", ""))[:40],
)
def test_how_values_are_written_down_does_not_matter(array: Any, kind: Kind, expected: list[Any]) -> None:
    assert values_of(array, kind) == expected


DECIMALS = (pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(20, 2), pa.decimal256(60, 2))


@pytest.mark.parametrize("kind", DECIMALS, ids=str)
def test_decimals_are_the_numbers_that_json_has_for_their_digits(kind: Any) -> None:
    digits = ["1.5", "-0.07", "1234567.89", None]
    array = pa.array([None if text is None else number(text) for text in digits], kind)

    assert values_of(array, "float64") == [1.5, -0.07, 1234567.89, None]
    assert values_of(array, "float32") == [1.5, float(np.float32(-0.07)), float(np.float32(1234567.89)), None]
    assert values_of(pa.array([number("3.00"), None], kind), "int64") == [3, None]
    assert problem_of(array, "int64") == (
        0,
        "must be a whole number, not 1.5: it was one when the model was fitted",
    )


@given(st.lists(st.decimals(-(10**9), 10**9, places=6), min_size=1))
def test_decimals_are_the_nearest_floats(digits: list[decimal.Decimal]) -> None:
    assert values_of(pa.array(digits, pa.decimal128(38, 6)), "float64") == [float(text) for text in digits]


def test_decimals_of_which_pyarrow_misses_the_nearest_float_are_it_here() -> None:
    array = pa.array([number("861425.548")], pa.decimal128(9, 3))

    assert array.cast(pa.float64()).to_pylist() == [861425.5480000001]
    assert values_of(array, "float64") == [861425.548]


def test_decimals_of_many_digits_are_exact_or_refused_with_their_row() -> None:
    sums = pa.array([number("3"), number(str(2**63 - 1)), None], pa.decimal128(38, 0))
    assert values_of(sums, "int64") == [3, 2**63 - 1, None]
    assert problem_of(sums, "float64") == (
        1,
        "must have no more digits than a number of 64 bits, not 9223372036854775807; round it",
    )
    assert problem_of(pa.array([number("1e37")], pa.decimal128(38, 0)), "int64") == (
        0,
        "does not fit a whole number of 64 bits",
    )
    assert values_of(pa.array([number("1e37")], pa.decimal128(38, 0)), "float64") == [1e37]
    assert values_of(pa.array([number("2500")], pa.decimal128(10, -2)), "int32") == [2500]
    long = pa.array([number("0.1"), number("0.12345678901234567890")], pa.decimal128(38, 20))
    assert values_of(long[:1], "float64") == [0.1]
    assert problem_of(long, "float64")[0] == 1


@pytest.mark.parametrize("kind", ["float64", "int32", "bool", "string", "date", "datetime", "category"])
@pytest.mark.parametrize(
    "array",
    [
        pa.array([1], pa.time32("s")),
        pa.array([1], pa.time64("ns")),
        pa.array([1], pa.duration("us")),
        pa.array([b"low"]),
        pa.array([b"low"], pa.large_binary()),
        pa.array([b"low"], pa.binary_view()),
        coded(pa.array([b"low"], pa.binary_view()), [0]),
        pa.array([b"0123456789abcdef"], pa.uuid()),
        pa.array([[1.0]]),
        pa.array([[1.0]], pa.list_view(pa.float64())),
        pa.array([[1.0]], pa.list_(pa.float64(), 1)),
        pa.array([{f"of many names, the {place}th": 1 for place in range(50)}]),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["x"])]),
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    ],
    ids=lambda array: str(array.type)[:40],
)
def test_what_no_column_can_be_is_refused_by_name_and_type(array: Any, kind: Kind) -> None:
    row, message = problem_of(array, kind)

    assert row is None
    assert "of Arrow type " in message
    assert len(message) < 250


@pytest.mark.parametrize(
    ("array", "kind", "message"),
    [
        (pa.array([0, 2**62], pa.timestamp("us")), "datetime", "is out of the years 1 to 9999"),
        (pa.array([0, 2**62], pa.timestamp("s")), "datetime", "has times out of the years 1 to 9999"),
        (pa.array([0, 2**31 - 1], pa.int32()).cast(pa.date32()), "date", "is out of the years 1 to 9999"),
        (
            pa.array([0, 2**62], pa.timestamp("us")),
            "category",
            "must be of kind category, not of Arrow type timestamp[us]",
        ),
    ],
)
def test_times_that_json_has_no_text_for_are_refused(array: Any, kind: Kind, message: str) -> None:
    assert problem_of(array, kind)[1] == message


def test_an_array_that_is_not_valid_is_named() -> None:
    with pytest.raises(BadRequest, match=r"from row 0 on, cannot be read: column 'x': date64.*whole number of days"):
        values_of(pa.array([1], pa.date64()), "date")


def test_batches_may_be_empty_and_have_dictionaries_of_their_own() -> None:
    batches = [
        pa.record_batch({"x": coded(pa.array(levels, pa.string()), codes, pa.uint8())})
        for levels, codes in ((["low"], [0]), ([], []), (["high", "low"], [0, 1, None]), (["low", "never"], []))
    ]
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batches[0].schema) as stream:
        for batch in batches:
            stream.write_batch(batch)
    reader = columnar.arrow_stream(Body(io.BytesIO(sink.getvalue()), 2**20), 2**20)

    assert whole(reader, Schema([field_of("category")])).columns[0].to_list() == ["low", "high", "low", None]


def kept(array: Any, form: str) -> bytes:
    """Return a file of that format into which the array is kept beside answers."""
    table = pa.table({"a": pa.array([1.0] * len(array)), "x": array})
    beside = flow.Kept()
    reader = columnar.arrow_stream(Body(io.BytesIO(arrow_body(table)), 2**20), 2**20)
    list(flow.tables(reader, Schema([Field("a", "float64")]), flow.Pace(1), 100, keep=["x"], kept=beside))
    sink = io.BytesIO()
    writer = files.writer(form, sink, None, proba=False)
    writer.write(np.zeros((len(array), 1)), beside.popleft())
    writer.close()
    return sink.getvalue()


KEPT = [
    pa.array(["low", None], pa.string_view()),
    coded(pa.array(LEVELS, pa.string_view()), [0, None], pa.uint32()),
    pa.RunEndEncodedArray.from_arrays([1, 2], pa.array(["low", None])),
    pa.ExtensionArray.from_storage(pa.json_(), pa.array(["low", None])),
]


@pytest.mark.parametrize("form", files.NAMES)
@pytest.mark.parametrize("array", KEPT, ids=lambda array: str(array.type)[:40])
def test_columns_are_kept_whatever_they_are_written_as(array: Any, form: str) -> None:
    assert b"low" in kept(array, form)


@pytest.mark.parametrize(
    ("array", "form"),
    [
        (pa.array([[1.0], [2.0]]), "csv"),
        (pa.array([{"a": 1}]), "csv"),
        (pa.array([(1, 2, 3)], pa.month_day_nano_interval()), "parquet"),
        (pa.array([2**62], pa.timestamp("s")), "parquet"),
        (pa.array([2**62], pa.timestamp("us")), "jsonl"),
        (pa.array([0], pa.timestamp("us", "Nowhere/Land")), "csv"),
        (pa.array([0], pa.timestamp("us", "Nowhere/Land")), "jsonl"),
    ],
    ids=lambda value: str(getattr(value, "type", value))[:40],
)
def test_a_kept_column_that_a_format_cannot_hold_is_named(array: Any, form: str) -> None:
    with pytest.raises(BadRequest, match=f"column 'x' is of Arrow type .*, with values that {form} cannot hold"):
        kept(array, form)
