"""A fit may ask for answers of any JSON: a language that has them gives them, every other says that it has none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance.test_shares import model
from tests.helpers import author_module
from triglot.errors import BadRequest, ConfigError, EstimatorFailed
from triglot.tables.json_answers import parsed
from triglot.tables.table import Table
from triglot.training.entry import Terms
from triglot.training.fit_worker import Bench, Fitted
from triglot.training.proof import Version

MODELS = Path(__file__).parents[1] / "models"
Benches = Callable[[str], Bench]
X = Table(["size"], matrix=np.arange(30.0).reshape(-1, 1))
WORDS = np.where(np.arange(30) > 14, "high", "low")


def anything(say: str, kind: str = "Anything", **more: Any) -> Any:
    return getattr(author_module(MODELS, "anything"), kind)(say, **more)


def fitted(worker: Bench, say: Any, answers: Any = "any", y: Any = WORDS) -> Fitted:
    estimator = anything(say) if isinstance(say, str) else say
    return worker.fit("any", estimator, X, y, (str(MODELS),), Terms(answers=answers))


def rows(*sizes: float) -> Table:
    return Table(["size"], matrix=np.array(sizes).reshape(-1, 1))


def answered(worker: Bench, made: Fitted, *sizes: float, **params: Any) -> list[Any]:
    return parsed(worker.answer("any", made.artefact, rows(*sizes), params))


@pytest.mark.parametrize("language", ["r", "julia"])
def test_a_language_without_them_refuses_the_fit_before_it_begins(benches: Benches, language: str) -> None:
    y = np.array(["no", "yes"])
    with pytest.raises(BadRequest, match=f"models of {language} answer labels or numbers, and nothing else"):
        benches(language).fit("any", model(language, 1.0), rows(1.0, 2.0), y, (), Terms(answers="any"))


@pytest.mark.parametrize("language", ["r", "julia"])
def test_where_either_will_do_such_a_language_answers_labels(benches: Benches, language: str) -> None:
    y = np.array(["no", "yes", "no"])
    table = Table(["code"], matrix=np.array([[1.0], [2.0], [3.0]]))
    made = benches(language).fit("any", model(language, 10.0), table, y, (), Terms(answers="either"))
    assert made.artefact.card().classes == ("no", "yes")
    assert not made.artefact.card().any_answers


@pytest.mark.parametrize(
    ("say", "of_two", "of_twenty"),
    [
        (
            "tag",
            {"tag": "low", "near": [2.0, 1.0], "3": None},
            {"tag": "high", "near": [20.0, 10.0], "3": None},
        ),
        ("code", 0, 1),
        ("word", "low", "high"),
        ("square", [[2.0, 2.0], [2.0, 2.0]], [[20.0, 20.0], [20.0, 20.0]]),
        ("mixed", 2.0, "many"),
        ("ragged", [2.0] * 2, [20.0] * 20),
    ],
)
@pytest.mark.parametrize("y", [WORDS, np.arange(30.0), None], ids=["words", "numbers", "no target"])
def test_a_model_that_is_declared_so_answers_as_it_is(
    benches: Benches, say: str, of_two: Any, of_twenty: Any, y: Any
) -> None:
    if say == "word" and y is not WORDS:
        pytest.skip("there are no words to say")
    worker = benches("python")
    made = fitted(worker, say, y=y)
    card = made.artefact.card()
    assert (card.any_answers, card.classes) == (True, None)
    assert card.golden is not None
    assert answered(worker, made, 2.0, 20.0) == [of_two, of_twenty]
    assert answered(worker, made, 20.0, suffix="!") == [f"{anything(say).fit(X, y).predict([[20.0]])[0]}!"]
    assert worker.predict("any", made.artefact, rows()).shape[0] == 0


@pytest.mark.parametrize("width", [1, 2])
def test_a_network_that_answers_shares_for_words_is_refused_at_its_fit_or_served_as_declared(
    benches: Benches, width: int
) -> None:
    worker = benches("python")
    network = author_module(MODELS, "anything").Network(width)
    with pytest.raises(EstimatorFailed, match="or write 'answers': 'any' beside 'model'"):
        fitted(worker, network, "typed")
    made = fitted(worker, network)
    [low, high] = answered(worker, made, 1.0, 29.0)
    assert (len(low), len(high)) == (width, width)
    assert low[-1] < 0.1 < 0.9 < high[-1]


@pytest.mark.parametrize(
    ("say", "is_any"), [("code", True), ("tag", True), ("word", True), ("refused", True), ("ragged", True)]
)
def test_where_either_will_do_the_answers_decide(benches: Benches, say: str, is_any: bool) -> None:
    made = fitted(benches("python"), say, "either")
    assert made.artefact.card().any_answers is is_any
    assert any("callers get what it answers as it is" in line for line in made.warnings) is is_any


def test_probabilities_that_are_none_are_served_as_they_are_where_either_will_do(benches: Benches) -> None:
    worker, halved = benches("python"), author_module(MODELS, "anything").Halved()
    made = fitted(worker, halved, "either")
    assert answered(worker, made, 2.0, 20.0) == ["low", "high"]
    assert parsed(worker.answer("any", made.artefact, rows(2.0, 20.0), {}, proba=True)) == [[0.0], [1.0]]
    typed = fitted(worker, halved, "typed")
    with pytest.raises(EstimatorFailed, match=r"predict_proba gave shape \(2, 1\), expected \(2, 2\)"):
        worker.predict_proba("any", typed.artefact, rows(2.0, 20.0))
    assert worker.predict("any", typed.artefact, rows(2.0, 20.0)).tolist() == [1, 0]


def test_where_either_will_do_labels_stay_labels_and_numbers_numbers(benches: Benches) -> None:
    worker = benches("python")
    words = fitted(worker, author_module(MODELS, "anything").Labelled(), "either")
    assert words.artefact.card().classes == ("high", "low")
    numbers = fitted(worker, "code", "either", np.arange(30.0))
    assert not numbers.artefact.card().any_answers
    assert worker.predict("any", numbers.artefact, rows(2.0, 20.0)).tolist() == [0.0, 1.0]
    assert not words.warnings


@pytest.mark.parametrize(
    ("say", "why"),
    [
        ("bytes", "the answer of predict to row 1 holds a value of type bytes"),
        ("deep", "the answer of predict to row 1 is nested more than 64 deep"),
    ],
)
def test_what_json_has_no_word_for_is_refused_at_the_fit(benches: Benches, say: str, why: str) -> None:
    for answers in ("any", "either"):
        with pytest.raises(EstimatorFailed, match=why) as caught:
            fitted(benches("python"), say, answers)
        assert "'answers': 'any'" not in str(caught.value)


def test_a_row_whose_answer_json_has_no_word_for_is_named_and_the_others_are_answered(benches: Benches) -> None:
    worker = benches("python")
    made = fitted(worker, "nan_of_7")
    assert answered(worker, made, 6.0, 8.0) == [{"share": 6.0}, {"share": 8.0}]
    with pytest.raises(EstimatorFailed, match=r"to row 2 holds nan, which JSON has no word for; answer None"):
        answered(worker, made, 6.0, 7.0)


def test_a_model_without_predict_proba_says_so(benches: Benches) -> None:
    worker = benches("python")
    made = fitted(worker, "tag")
    with pytest.raises(BadRequest, match="Anything has no predict_proba"):
        worker.predict_proba("any", made.artefact, rows(1.0))


def test_its_own_score_judges_it_and_one_that_has_none_says_what_to_do(benches: Benches) -> None:
    worker = benches("python")
    scored = fitted(worker, anything("tag", "Scored"))
    assert worker.score("any", scored.artefact, X, WORDS) == 1.0
    assert worker.score("any", scored.artefact, X, WORDS[::-1]) == 0.0
    with pytest.raises(
        ConfigError, match=r"own method score: Anything has no method score. Write a 'scoring' of yours"
    ):
        worker.score("any", fitted(worker, "tag").artefact, X, WORDS)


def test_a_model_whose_answers_are_labels_is_never_asked_for_a_score(benches: Benches) -> None:
    worker = benches("python")
    words = fitted(worker, author_module(MODELS, "anything").Labelled(), "typed")
    assert worker.score("any", words.artefact, X, WORDS) == 1.0
    with pytest.raises(ConfigError, match="only a model whose answers are any JSON"):
        worker._own_score("any", words.artefact, X, WORDS)


def test_a_fresh_process_proves_it_and_golden_rows_are_its_very_answers(benches: Benches) -> None:
    worker = benches("python")
    made = fitted(worker, "tag")
    golden = made.artefact.card().golden
    assert golden is not None
    assert golden.op == "predict"
    assert parsed(golden.answers)[0]["tag"] == "low"
    assert Version.stored("any", made.artefact).golden is not None
