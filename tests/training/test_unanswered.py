"""Answers that are no numbers: counted, named, and left out of what is said of the others."""

import numpy as np

from triglot.report.answers import section
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table
from triglot.training.answers import Answers, measures
from triglot.training.unanswered import Unanswered, askable, unanswered

TRUTH = np.array([1.0, 2.0, 3.0, 4.0])
X = Table.of(
    {
        "a": Column.numeric(np.array([1.0, np.nan, 3.0, np.inf])),
        "b": Column.numeric(np.array([1, 2, 3, 4]), np.array([False, False, True, False])),
    }
)


def test_they_are_counted_and_the_first_rows_are_named_from_1() -> None:
    found = Unanswered.among(np.array([1.0, np.nan, np.inf, 4.0]), X)

    assert str(found) == "2 of 4 answers are no numbers: rows 2, 3"
    assert found.surprising == 0  # both rows lack a value themselves
    assert Unanswered.among(np.array([np.nan, 2.0, 3.0, 4.0]), X).surprising == 1
    assert not Unanswered.among(TRUTH, X)


def test_one_output_of_several_is_enough() -> None:
    assert unanswered(np.array([[1.0, np.nan], [1.0, 2.0]])).tolist() == [True, False]
    assert unanswered(np.empty((0, 2))).tolist() == []


def test_rows_that_callers_could_send_are_whole_where_they_must_be_and_finite() -> None:
    schema = Schema.learn(X)
    assert askable(X, schema).tolist() == [0, 1, 2]
    closed = Schema.from_json([{"name": "a", "kind": "float64"}, {"name": "b", "kind": "int64", "nullable": True}])
    assert askable(X, closed).tolist() == [0, 2]


def test_measures_are_those_of_the_others_and_none_of_nothing() -> None:
    some = Answers("regression", (), TRUTH, np.array([1.0, 2.0, np.nan, 4.0]))
    assert measures(some)["R²"] == 1.0
    assert str(some.unanswered) == "1 of 4 answers are no numbers: row 3"

    none = Answers("regression", (), TRUTH, np.full(4, np.nan))
    assert np.isnan(measures(none)["R²"])


def test_a_class_without_probabilities_counts_too() -> None:
    shares = np.array([[1.0, 0.0], [np.nan, np.nan], [0.0, 1.0]])
    answers = Answers("classification", ("a", "b"), np.array([0, 1, 1]), np.array([0, 0, 1]), shares)

    assert answers.unanswered.first == (2,)
    assert measures(answers)["accuracy"] == 1.0


def test_a_report_of_answers_that_are_all_no_numbers_says_so() -> None:
    made = section("holes", "Version 1.", Answers("regression", (), TRUTH, np.full(4, np.nan)))

    assert made.lead == "Version 1. None of the answers is a number."
