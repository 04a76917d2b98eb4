"""Scores are those of scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, r2_score

from triglot.training.scoring import name, score

numbers = st.floats(-1e6, 1e6, width=32)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_accuracy_is_scikit_learn_s(pairs: list[tuple[int, int]]) -> None:
    y, predicted = (np.array(column, dtype=np.int32) for column in zip(*pairs, strict=True))

    assert score("classification", y, predicted) == pytest.approx(accuracy_score(y, predicted))


@given(st.lists(st.tuples(numbers, numbers), min_size=2).filter(lambda pairs: len({y for y, _ in pairs}) > 1))
def test_r2_is_scikit_learn_s(pairs: list[tuple[float, float]]) -> None:
    y, predicted = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))

    assert score("regression", y, predicted) == pytest.approx(r2_score(y, predicted), rel=1e-9, abs=1e-9)


def test_r2_has_truth_and_prediction_the_right_way_round() -> None:
    y, predicted = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0])

    assert score("regression", y, predicted) == pytest.approx(-3.5)
    assert score("regression", predicted, y) == pytest.approx(1 - 9 / 14)


def test_r2_of_a_truth_that_does_not_vary_is_nan() -> None:
    assert math.isnan(score("regression", np.ones(3), np.arange(3.0)))


def test_a_class_that_the_model_never_saw_is_wrong() -> None:
    assert score("classification", np.array([-1, 0]), np.array([0, 0])) == 0.5


def test_scores_have_names() -> None:
    assert (name("classification"), name("regression")) == ("accuracy", "r2")
