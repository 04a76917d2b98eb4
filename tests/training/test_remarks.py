"""What of the data is seldom meant, and told in a line."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from triglot.errors import BadRequest
from triglot.estimators import RRegressor
from triglot.tables.frames import to_table, to_target
from triglot.training.remarks import FEW, remarks

ROWS = FEW + 5


def told(frame: pd.DataFrame, y: object = None, model: object = None) -> list[str]:
    """Return the remarks on a frame, by their first words."""
    return list(remarks(model or LinearRegression(), to_table(frame), y))


def numbers() -> np.ndarray:
    """Return numbers that differ, in no order."""
    return np.random.default_rng(1).normal(size=ROWS)


def test_a_column_of_r_that_is_called_like_an_argument_is_named() -> None:
    frame = pd.DataFrame({"x": numbers(), "y": numbers(), "speed": numbers(), "z": numbers()})
    model = RRegressor(script="any.R")

    said = told(frame, pd.Series(numbers() + 1, name="speed"), model)

    assert [line.split("'")[1] for line in said] == ["x", "y"]
    assert "is called like the argument y of fit: in a formula such as y ~ ., data = x" in said[1]
    assert told(frame, pd.Series(numbers() + 1, name="speed")) == []


def test_a_target_of_several_outputs_in_lists_is_no_column() -> None:
    assert told(pd.DataFrame({"a": numbers(), "b": numbers()}), [[1.0, 2.0]] * ROWS) == []


@pytest.mark.parametrize(
    ("values", "is_id"),
    [
        (np.arange(1, ROWS + 1), True),
        (np.arange(1950, 1950 + ROWS), False),
        (np.arange(ROWS)[::-1], False),
        ([f"some words {j}" for j in range(ROWS)], False),
        ([f"k{j}" for j in range(ROWS)], True),
        (np.arange(ROWS) * 2, False),
        (np.arange(ROWS) % 7, False),
        (["a", "b"] * 10 + ["c"] * (ROWS - 20), False),
        (np.arange(ROWS) / 2, False),
    ],
    ids=[
        "counts",
        "years",
        "counts down",
        "sentences",
        "texts that differ",
        "every second",
        "repeats",
        "levels",
        "measures",
    ],
)
def test_a_column_that_counts_or_names_the_rows_may_be_an_id(values: object, is_id: bool) -> None:
    said = told(pd.DataFrame({"key": values, "a": numbers()}), pd.Series(-numbers()))

    assert [f"another value in each of {ROWS} rows" in line for line in said] == [True] * is_id


def test_texts_that_are_all_there_is_are_no_ids() -> None:
    assert told(pd.DataFrame({"text": [f"words {j}" for j in range(ROWS)]}), pd.Series(numbers())) == []


def test_a_column_that_is_the_target_is_told() -> None:
    y = pd.Series(numbers(), name="price")

    [said] = told(pd.DataFrame({"a": numbers() * 2, "cost": y}), y)

    assert said.startswith("column 'cost' is the target itself")


def test_two_targets_of_a_classifier_are_refused_in_one_line() -> None:
    y = pd.DataFrame({"a": ["x", "y"], "b": ["u", "v"]})

    with pytest.raises(BadRequest, match="a classifier takes one target, and the data have 2"):
        to_target(y, "classification")
