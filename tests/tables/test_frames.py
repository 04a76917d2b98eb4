"""What Python people hold becomes a table with names, kinds, levels and missing values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from triglot.errors import BadRequest
from triglot.tables.frames import target_table, task_of, to_column, to_frame, to_table, to_target
from triglot.tables.table import Column, Table


def column(values: Any, **more: Any) -> Column:
    """Return the column that a Series becomes."""
    return to_table(pd.DataFrame({"c": pd.Series(values, **more)})).columns[0]


def test_a_frame_of_floats_is_one_matrix_with_its_names() -> None:
    table = to_table(pd.DataFrame({"a b": [1.0, 2.0], "größe": [3.0, 4.0]}))

    assert table.names == ("a b", "größe")
    assert table.is_matrix
    np.testing.assert_array_equal(table.matrix(), [[1, 3], [2, 4]])


def test_nan_is_what_python_people_call_missing() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, np.nan]})
    for table in (to_table(frame), to_table(frame.to_numpy())):
        assert [column.missing is not None for column in table.columns] == [False, True]
        np.testing.assert_array_equal(table.matrix(), [[1, 3], [2, np.nan]])
    assert to_table(np.array([[np.inf, -np.inf]])).is_matrix
    assert to_column(np.array([1.0, np.nan])).to_list() == [1.0, None]


@pytest.mark.parametrize(
    ("values", "dtype", "kind", "expected"),
    [
        ([1, 2], "int64", "int64", [1, 2]),
        ([1, 2], "int8", "int64", [1, 2]),
        ([1, 2], "uint16", "int64", [1, 2]),
        ([1, None], "Int64", "int64", [1, None]),
        ([1.5, None], "Float64", "float64", [1.5, None]),
        ([1.5, 2], "float32", "float32", [1.5, 2.0]),
        ([1, 2], "int32", "int32", [1, 2]),
        ([1.5, None], "Float32", "float32", [1.5, None]),
        ([True, False], "bool", "bool", [True, False]),
        ([True, None], "boolean", "bool", [True, None]),
        (["a", None], "object", "string", ["a", None]),
        (["a", None], "string", "string", ["a", None]),
        ([True, None], "object", "bool", [True, None]),
        ([1, 2.5, None], "object", "float64", [1.0, 2.5, None]),
        ([], "float64", "float64", []),
    ],
)
def test_every_kind_of_series_keeps_its_values_and_what_is_missing(
    values: list[Any], dtype: str, kind: str, expected: list[Any]
) -> None:
    made = column(values, dtype=dtype)

    assert made.kind == kind
    assert made.to_list() == expected


def test_a_category_keeps_its_levels_their_order_and_what_is_missing() -> None:
    made = column(pd.Categorical(["lo", None, "hi"], categories=["lo", "mid", "hi"], ordered=True))

    assert (made.kind, made.levels, made.ordered) == ("category", ("lo", "mid", "hi"), True)
    assert made.to_list() == ["lo", None, "hi"]


def test_levels_that_are_numbers_become_text() -> None:
    assert column(pd.Categorical([2, 1])).levels == ("1", "2")


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pd.DataFrame({"when": pd.to_timedelta(["1 day"])}), "column 'when' is of type timedelta64"),
        (pd.DataFrame({"n": np.array([2**63], np.uint64)}), "column 'n' holds whole numbers of more than 63 bits"),
        (pd.DataFrame({"t": pd.to_datetime([1], unit="ns")}), "column 't' has times finer than a microsecond"),
        (pd.DataFrame({"c": [1j]}), "column 'c' is of type complex128"),
        (pd.DataFrame({"c": [1, "a"]}), "column 'c' holds values of type int and str; make it all text or all numbers"),
        (pd.DataFrame({"c": [Decimal(1)]}), "column 'c' holds values of type Decimal; "),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "column names must differ; given twice: a"),
        (pd.DataFrame({"c": pd.Categorical([1, "1"])}), "column 'c' has two levels that are spelt alike"),
    ],
)
def test_a_column_that_has_no_kind_is_named_with_what_to_do(frame: pd.DataFrame, told: str) -> None:
    with pytest.raises(BadRequest) as refused:
        to_table(frame)

    assert str(refused.value).startswith(told)


def test_arrays_get_the_names_that_scikit_learn_gives() -> None:
    assert to_table(np.zeros((2, 3))).names == ("x0", "x1", "x2")
    assert to_table([1.0, 2.0]).matrix().shape == (2, 1)
    assert to_table(np.zeros((2, 1), dtype=np.int16)).matrix().dtype == np.float64
    assert [c.kind for c in to_table(np.array([[1, "a"], [2, None]], dtype=object)).columns] == ["float64", "string"]
    with pytest.raises(BadRequest, match=r"X must have rows and columns, not shape \(2, 2, 2\)"):
        to_table(np.zeros((2, 2, 2)))


def test_a_table_is_itself() -> None:
    table = Table(["a"], matrix=np.zeros((1, 1)))

    assert to_table(table) is table


def test_a_frame_survives_the_way_there_and_back() -> None:
    frame = pd.DataFrame(
        {
            "number": [1.5, np.nan],
            "whole": [1, 2],
            "flag": [True, False],
            "text": pd.Series(["a", None], dtype=object),
            "level": pd.Categorical(["b", None], categories=["b", "a"]),
        }
    )

    back = to_frame(to_table(frame))

    numbers = ["number", "whole", "flag"]
    pd.testing.assert_frame_equal(back[numbers], frame[numbers])
    # pandas 3 makes text a type of its own, pandas 2 leaves it among objects
    assert back["text"].iloc[0] == "a"
    assert back["text"].isna().tolist() == [False, True]
    assert list(back["level"].cat.categories) == ["b", "a"]
    assert back["level"].cat.codes.tolist() == [0, -1]


def test_times_keep_their_kind_and_their_zone() -> None:
    days = [date(2026, 1, 31), None]
    wall = pd.to_datetime(["2026-07-01 12:30", None])
    frame = pd.DataFrame(
        {
            "day": pd.Series(days, dtype=object),
            "arrow": pd.Series(days, dtype="date32[pyarrow]"),
            "wall": wall,
            "berlin": wall.tz_localize("Europe/Berlin"),
            "offset": wall.tz_localize("+02:00"),
            "objects": pd.Series([datetime(2026, 1, 31, 12, tzinfo=UTC), None], dtype=object),
        }
    )

    table = to_table(frame)

    assert [(column.kind, column.zone) for column in table.columns] == [
        ("date", ""),
        ("date", ""),
        ("datetime", ""),
        ("datetime", "Europe/Berlin"),
        ("datetime", "UTC"),
        ("datetime", "UTC"),
    ]
    assert [column.to_list()[0] for column in table.columns] == [
        "2026-01-31",
        "2026-01-31",
        "2026-07-01T12:30:00.000000",
        "2026-07-01T10:30:00.000000Z",
        "2026-07-01T10:30:00.000000Z",
        "2026-01-31T12:00:00.000000Z",
    ]
    assert all(column.to_list()[1] is None for column in table.columns)
    back = to_frame(table)
    assert [str(back[name].dtype) for name in ("wall", "berlin")] == ["datetime64[us]", "datetime64[us, Europe/Berlin]"]
    assert back["day"].tolist() == days
    assert [(c.kind, c.zone, c.to_list()) for c in to_table(back).columns] == [
        (c.kind, c.zone, c.to_list()) for c in table.columns
    ]
    with pytest.raises(BadRequest, match="mixes times with and without a zone"):
        to_table(pd.DataFrame({"t": pd.Series([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)], dtype=object)}))


def test_whole_numbers_and_booleans_of_which_some_are_missing_keep_their_kind() -> None:
    frame = pd.DataFrame({"n": pd.array([2**60, None], "Int64"), "b": pd.array([True, None], "boolean")})

    back = to_frame(to_table(frame))

    pd.testing.assert_frame_equal(back, frame)


def test_a_copied_frame_shares_no_memory_with_the_table() -> None:
    table = Table(["a"], matrix=np.array([[1.0]]))
    frame = to_frame(table, copy=True)
    frame.iloc[0, 0] = 5.0

    assert frame.iloc[0, 0] == 5.0
    assert table.matrix()[0, 0] == 1.0


def test_classes_are_sorted_and_encoded() -> None:
    codes, labels = to_target(pd.Series(["b", "a", "b"]), "classification")

    assert labels is not None
    assert labels.classes == ("a", "b")
    assert codes.tolist() == [1, 0, 1]
    assert codes.dtype == np.int32


def test_a_categorical_target_keeps_the_order_of_its_classes_even_of_unseen_ones() -> None:
    for y in (
        pd.Series(pd.Categorical(["b", "a"], categories=["b", "c", "a"])),
        Column.category(np.array([0, 2]), ["b", "c", "a"]),
    ):
        codes, labels = to_target(y, "classification")

        assert labels is not None
        assert labels.classes == ("b", "c", "a")
        assert codes.tolist() == [0, 2]


def test_numbers_of_a_regression_are_floats() -> None:
    for y in ([1, 2], np.array([[1], [2]]), pd.Series([1.0, 2.0]), Column.numeric(np.array([1, 2]))):
        numbers, labels = to_target(y, "regression")

        assert labels is None
        assert numbers.tolist() == [1.0, 2.0]
        assert numbers.dtype == np.float64


def test_numbers_of_several_outputs_keep_their_columns() -> None:
    numbers, labels = to_target(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), "regression")

    assert labels is None
    assert numbers.tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert target_table(numbers).names == ("y0", "y1")


@pytest.mark.parametrize(
    ("y", "task", "told"),
    [
        (["a", "b"], "regression", "the target of a regression must be numbers"),
        (Column.strings(["a"]), "regression", "the target of a regression must be numbers"),
        ([1.0, np.nan], "regression", "the target has missing or infinite values; remove these rows before fitting"),
        (pd.Series(pd.to_datetime(["2026-01-01"])), "regression", "the target of a regression must be numbers"),
        ([1.0, np.inf], "regression", "the target has missing or infinite values"),
        (["a", None], "classification", "the target has missing values; remove these rows before fitting"),
        (Column.strings(["a", None]), "classification", "the target has missing values"),
        ([1, "a"], "classification", "the target mixes types of labels"),
    ],
)
def test_a_target_that_cannot_be_fitted_is_refused_with_what_to_do(y: Any, task: Any, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        to_target(y, task)


def test_the_target_crosses_the_wire_as_one_column() -> None:
    table = target_table(np.array([1, 0], dtype=np.int32))

    assert table.names == ("y",)
    assert table.matrix().tolist() == [[1], [0]]


class Says:
    """A model of no library that says what it is for."""

    task = "regression"


@pytest.mark.parametrize(
    ("model", "y", "task"),
    [
        (LogisticRegression(), [1.0, 2.0], "classification"),
        (LinearRegression(), [1, 2], "regression"),
        (Says(), ["a", "b"], "regression"),
        (object(), [1.0, 2.5], "regression"),
        (object(), [1, 2], "classification"),
        (object(), ["a", "b"], "classification"),
        (object(), Column.numeric(np.array([0.5])), "regression"),
    ],
)
def test_the_task_is_what_the_model_says_or_else_what_the_target_looks_like(model: Any, y: Any, task: str) -> None:
    assert task_of(model, y) == task


def test_a_target_becomes_one_column() -> None:
    assert to_column(pd.Series([1, 2])).to_list() == [1, 2]
    assert to_column(np.array([[1.0], [2.0]])).to_list() == [1.0, 2.0]
    assert to_column(["a", None]).kind == "string"
    with pytest.raises(BadRequest, match=r"y must have one value a row, not shape \(1, 2\)"):
        to_column(np.zeros((1, 2)))
