"""Named tensors become the table that a model was fitted on, where nothing is lost."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.errors import BadRequest, TooLarge
from triglot.server.v2.datatypes import BYTES, DATATYPES, to_bytes
from triglot.server.v2.tensors import Tensor, table_of
from triglot.tables.field import Field
from triglot.tables.schema import Schema
from triglot.tables.table import Table

PAIR = Schema([Field("a", "float64"), Field("b", "float64")])
NUMBERS = Schema(
    [
        Field("double", "float64", nullable=True),
        Field("single", "float32"),
        Field("long", "int64", nullable=True),
        Field("short", "int32"),
        Field("yes", "bool", nullable=True),
    ]
)
TEXTS = Schema(
    [
        Field("word", "string", nullable=True),
        Field("kind", "category", ("x", "y")),
        Field("day", "date"),
        Field("at", "datetime", zone="Europe/Berlin"),
    ]
)


def tensor(name: str, datatype: str, values: list[Any], *shape: int, binary: bool = False) -> Tensor:
    kind = DATATYPES[datatype]
    return Tensor(name, kind, shape or (len(values),), to_bytes(kind, values) if binary else values)


def table(schema: Schema, *tensors: Tensor) -> Table:
    return table_of(schema, tensors, 1_000)


def values(found: Table) -> dict[str, list[Any]]:
    return {name: column.to_list() for name, column in zip(found.names, found.columns, strict=True)}


def wrong(schema: Schema, *tensors: Tensor) -> list[tuple[str, int | None, str]]:
    with pytest.raises(BadRequest) as caught:
        table(schema, *tensors)
    return [(problem.field, problem.row, problem.message) for problem in caught.value.problems]


# --- which input is which column


def test_columns_come_in_any_order_and_either_shape() -> None:
    found = table(PAIR, tensor("b", "FP64", [3.0, 4.0], 2, 1), tensor("a", "FP64", [1.0, 2.0], 2))
    assert values(found) == {"a": [1.0, 2.0], "b": [3.0, 4.0]}


def test_one_input_of_all_columns_is_these_in_fitted_order_whatever_its_name() -> None:
    for binary in (True, False):
        found = table(PAIR, tensor("b", "FP64", [1.0, 2.0, 3.0, 4.0], 2, 2, binary=binary))
        assert values(found) == {"a": [1.0, 3.0], "b": [2.0, 4.0]}
    nested = table(PAIR, tensor("x", "FP64", [[1.0, 2.0], [3.0, 4.0]], 2, 2))
    assert values(nested) == {"a": [1.0, 3.0], "b": [2.0, 4.0]}


def test_one_input_of_all_columns_may_be_of_several_kinds_of_numbers() -> None:
    found = table(NUMBERS, tensor("x", "FP64", [0.5, 0.25, 7.0, -7.0, 1.0, None, 1.0, None, 2.0, None], 2, 5))
    assert values(found) == {
        "double": [0.5, None],
        "single": [0.25, 1.0],
        "long": [7, None],
        "short": [-7, 2],
        "yes": [True, None],
    }
    assert wrong(NUMBERS, tensor("x", "FP64", [0.5, 0.25, 7.5, 2.0**40, 2.0], 1, 5)) == [
        ("long", None, "must be a whole number of 64 bits, not 7.5, as in training"),
        ("short", None, "must be a whole number of 32 bits, not 1099511627776.0, as in training"),
        ("yes", None, "must be true or false, or 0 or 1, not 2.0"),
    ]


def test_a_value_of_one_input_is_named_by_its_column_and_row() -> None:
    assert wrong(PAIR, tensor("x", "FP64", [1.0, 2.0, 3.0, "4"], 2, 2)) == [("b", 1, "must be a number, not '4'")]
    assert wrong(PAIR, tensor("x", "FP64", [1.0, 2.0, 3.0], 2, 2)) == [
        ("x", None, "has 3 values where its shape [2, 2] has 4")
    ]


def test_unknown_repeated_and_missing_inputs_are_told_at_once() -> None:
    found = wrong(PAIR, tensor("a", "FP64", [1.0]), tensor("a", "FP64", [1.0]), tensor("c", "FP64", [1.0]))
    assert [(name, message.partition(";")[0]) for name, _, message in found] == [
        ("c", "is not a field of this model"),
        ("a", "is there twice"),
        ("b", "is missing"),
    ]
    assert [name for name, _, _ in wrong(PAIR)] == ["a", "b"]


@pytest.mark.parametrize("shape", [(1, 3), (2, 3, 1), (4,), (1, 10**30), (0, 5), (1, 0)])
def test_a_shape_that_is_neither_is_told(shape: tuple[int, ...]) -> None:
    assert wrong(PAIR, Tensor("x", DATATYPES["FP64"], shape, [1.0, 2.0]))


def test_columns_of_different_lengths_are_told() -> None:
    assert wrong(PAIR, tensor("a", "FP64", [1.0, 2.0]), tensor("b", "FP64", [1.0])) == [
        ("b", None, "has shape [1], not [2] or [2, 1]")
    ]


def test_a_column_that_has_what_another_lacks_is_not_taken_for_both() -> None:
    first, second = (
        Tensor("a", DATATYPES["FP64"], (2,), [1.0, [2.0, 3.0]]),
        Tensor("b", DATATYPES["FP64"], (2,), [4.0, []]),
    )
    assert [name for name, _, _ in wrong(PAIR, first, second)] == ["a", "b"]


def test_one_input_of_all_columns_is_for_numbers_alone() -> None:
    [(name, _, message)] = wrong(TEXTS, tensor("x", "BYTES", ["a"] * 4, 1, 4))
    assert (name, message) == ("x", "cannot be all columns at once, which are not all numbers; send an input a column")


def test_no_rows_are_a_table_of_none() -> None:
    assert table(PAIR, tensor("x", "FP64", [], 0, 2)).rows == 0
    assert table(PAIR, tensor("a", "FP64", [], 0), tensor("b", "INT8", [], 0, 1)).rows == 0


def test_more_rows_than_there_may_be_are_too_many() -> None:
    with pytest.raises(TooLarge, match="may have 1,000 rows, not 1,001"):
        table(PAIR, tensor("x", "FP64", [1.0] * 2002, 1001, 2))


# --- what becomes of values


NUMBER = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(NUMBER, NUMBER), max_size=5), st.sampled_from(["FP64", "FP32"]), st.booleans())
def test_all_ways_of_sending_the_same_numbers_give_the_same_table(
    rows: list[tuple[float, float]], datatype: str, binary: bool
) -> None:
    limit = 3e38 if datatype == "FP32" else 1e308
    rows = [row for row in rows if all(abs(value) <= limit for value in row)]
    flat = [value for row in rows for value in row]
    first, second = [row[0] for row in rows], [row[1] for row in rows]
    whole = table(PAIR, tensor("x", datatype, flat, len(rows), 2, binary=binary))
    parts = table(PAIR, tensor("b", datatype, second, binary=binary), tensor("a", datatype, first, binary=not binary))
    expected = np.array(rows, dtype=DATATYPES[datatype].dtype).astype(np.float64).reshape(-1, 2)
    assert whole.matrix().tolist() == parts.matrix().tolist() == expected.tolist()


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("datatype", [name for name in DATATYPES if name not in ("BYTES", "BOOL", "BF16")])
def test_any_datatype_of_numbers_goes_where_nothing_is_lost(datatype: str, binary: bool) -> None:
    five = [5] if "INT" in datatype else [5.0]
    one = [1] if "INT" in datatype else [1.0]
    sent = {field.name: one if field.kind == "bool" else five for field in NUMBERS.fields}
    found = table(NUMBERS, *(tensor(name, datatype, value, binary=binary) for name, value in sent.items()))
    assert values(found) == {"double": [5.0], "single": [5.0], "long": [5], "short": [5], "yes": [True]}


@pytest.mark.parametrize(
    ("name", "datatype", "sent", "message"),
    [
        ("double", "INT64", [2**53 + 1], "9007199254740993 is beyond 2^53, where floats leave whole numbers out"),
        ("double", "UINT64", [2**64 - 1], "18446744073709551615 is beyond 2^53, where floats leave whole numbers out"),
        ("long", "UINT64", [2**63], "must be a whole number of 64 bits, not 9223372036854775808, as in training"),
        ("long", "FP64", [0.5], "must be a whole number of 64 bits, not 0.5, as in training"),
        ("long", "FP64", [1e300], "must be a whole number of 64 bits, not 1e+300, as in training"),
        ("short", "INT64", [2**31], "must be a whole number of 32 bits, not 2147483648, as in training"),
        ("single", "FP64", [1e300], "1e+300 is too large for this column"),
        ("double", "FP32", [1e300], "must be a finite number, not inf"),
        ("yes", "INT8", [2], "must be true or false, or 0 or 1, not 2"),
    ],
)
def test_what_would_be_lost_is_named_with_its_row(name: str, datatype: str, sent: list[Any], message: str) -> None:
    rest = {"double": 1.0, "single": 1.0, "long": 1.0, "short": 1.0, "yes": 1.0}
    tensors = [tensor(each, "FP64", [value, value]) for each, value in rest.items() if each != name]
    good = 1 if "INT" in datatype else 1.0
    assert wrong(NUMBERS, *tensors, tensor(name, datatype, [good, *sent])) == [(name, 1, message)]


def test_a_datatype_of_another_family_is_refused_with_one_that_fits() -> None:
    tensors = [tensor(field.name, "BYTES", ["1"]) for field in NUMBERS.fields]
    assert wrong(NUMBERS, *tensors) == [
        ("double", None, "must be FP64, or another datatype of numbers, not BYTES: the column is one of float64"),
        ("single", None, "must be FP64, or another datatype of numbers, not BYTES: the column is one of float32"),
        (
            "long",
            None,
            "must be INT64, or another datatype of numbers, which must be whole, not BYTES: the column is one of int64",
        ),
        (
            "short",
            None,
            "must be INT64, or another datatype of numbers, which must be whole, not BYTES: the column is one of int32",
        ),
        ("yes", None, "must be BOOL, or numbers that are 0 or 1, not BYTES: the column is one of bool"),
    ]
    found = wrong(TEXTS, *(tensor(field.name, "INT64", [1]) for field in TEXTS.fields))
    assert {message.partition(":")[0] for _, _, message in found} == {"must be BYTES, not INT64"}
    found = wrong(PAIR, tensor("a", "BOOL", [True]), tensor("b", "BOOL", [True]))
    assert {message.partition(",")[0] for _, _, message in found} == {"must be FP64"}


def test_nan_and_null_are_missing_where_a_value_may_be() -> None:
    rest = [tensor("single", "FP64", [1.0, 1.0]), tensor("short", "INT8", [1, 1])]
    for gap in (float("nan"), None):
        sent = [tensor(name, "FP64", [1.0, gap]) for name in ("double", "long", "yes")]
        assert values(table(NUMBERS, *rest, *sent)) == {
            "double": [1.0, None],
            "single": [1.0, 1.0],
            "long": [1, None],
            "short": [1, 1],
            "yes": [True, None],
        }
    binary = [tensor(name, "FP32", [1.0, float("nan")], binary=True) for name in ("double", "long", "yes")]
    assert values(table(NUMBERS, *rest, *binary))["long"] == [1, None]


def test_a_gap_where_there_may_be_none_is_named_with_its_row() -> None:
    message = "must not be missing: the model was fitted to no gaps in this column, or fails on them"
    for gap in (float("nan"), None):
        sent = [tensor("a", "FP64", [1.0, gap, gap]), tensor("b", "FP64", [1.0, 2.0, 3.0])]
        assert wrong(PAIR, *sent) == [("a", 1, message), ("a", 2, message)]


def test_infinity_is_refused() -> None:
    for binary in (True, False):
        sent = [tensor("a", "FP64", [1.0, float("-inf")], binary=binary), tensor("b", "FP64", [1.0, 2.0])]
        assert wrong(PAIR, *sent) == [("a", 1, "must be a finite number, not -inf")]


@pytest.mark.parametrize("binary", [True, False])
def test_text_is_text_a_level_a_day_and_a_time(binary: bool) -> None:
    sent = {"word": "ü", "kind": "y", "day": "2026-01-31", "at": "2026-01-31T12:00:00"}
    found = table(TEXTS, *(tensor(name, "BYTES", [text], binary=binary) for name, text in sent.items()))
    assert values(found) == {
        "word": ["ü"],
        "kind": ["y"],
        "day": ["2026-01-31"],
        "at": ["2026-01-31T11:00:00.000000Z"],
    }


def test_text_that_does_not_fit_is_named_with_its_row() -> None:
    sent = {
        "word": ["a", None],
        "kind": ["x", "z"],
        "day": ["soon", "2026-01-31"],
        "at": ["2026-01-31T12:00:00Z", None],
    }
    found = wrong(TEXTS, *(tensor(name, "BYTES", texts) for name, texts in sent.items()))
    assert [(name, row, message[:24]) for name, row, message in found] == [
        ("kind", 1, "'z' is none of the level"),
        ("day", 0, "must be a day such as 20"),
        ("at", 1, "must not be null: the mo"),
    ]


def test_base64_is_decoded() -> None:
    word = Schema([Field("word", "string")])
    for data in (["w7w="], to_bytes(BYTES, ["w7w="])):
        assert values(table(word, Tensor("word", BYTES, (1,), data, is_base64=True))) == {"word": ["ü"]}
    assert wrong(word, Tensor("word", BYTES, (1,), ["/w=="], is_base64=True)) == [
        ("word", None, r"must be UTF-8, not the bytes b'\xff'")
    ]
