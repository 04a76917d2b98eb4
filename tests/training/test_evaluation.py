"""`scoring` over the answers of a real worker, with scikit-learn's own scorers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer, make_scorer, mean_absolute_error, precision_score

from triglot.errors import BadRequest, ConfigError
from triglot.training.evaluation import ScoredModel, is_single, metric, scores, told
from triglot.training.fit_worker import Bench

X = np.linspace(0, 1, 40).reshape(-1, 1)
CLASSES = np.where(X[:, 0] > 0.5, "yes", "no")
NUMBERS = 3 * X[:, 0] + 1

CLASSIFIER = LogisticRegression(C=100.0).fit(X, CLASSES)


@pytest.fixture(scope="module")
def worker(benches: Callable[[str], Bench]) -> Bench:
    return benches("python")


@pytest.fixture(scope="module")
def classifier(worker: Bench) -> ScoredModel:
    return ScoredModel(worker, "c", worker.fit("c", LogisticRegression(C=100.0), X, CLASSES).artefact)


@pytest.fixture(scope="module")
def regressor(worker: Bench) -> ScoredModel:
    return ScoredModel(worker, "r", worker.fit("r", LinearRegression(), X, NUMBERS).artefact)


@pytest.mark.parametrize("name", ["accuracy", "f1_macro", "neg_log_loss", "roc_auc", "balanced_accuracy"])
def test_a_scorers_name_gives_what_it_gives_for_the_estimator_itself(classifier: ScoredModel, name: str) -> None:
    y = np.where(X[:, 0] > 0.4, "yes", "no")
    assert scores(classifier, name, X, y) == {"score": pytest.approx(get_scorer(name)(CLASSIFIER, X, y))}


def test_levels_in_an_order_of_their_own_are_scored_as_sorted_ones(worker: Bench) -> None:
    y = pd.Series(pd.Categorical(CLASSES, categories=["yes", "no"], ordered=True))
    model = ScoredModel(worker, "levels", worker.fit("levels", LogisticRegression(C=100.0), X, y).artefact)
    assert model.classes_.tolist() == ["no", "yes"]
    np.testing.assert_allclose(model.predict_proba(X), CLASSIFIER.predict_proba(X), atol=1e-6)
    for name in ("neg_log_loss", "roc_auc"):
        assert scores(model, name, X, CLASSES) == {"score": pytest.approx(get_scorer(name)(CLASSIFIER, X, CLASSES))}


def test_without_a_scoring_it_is_the_accuracy_or_r2(classifier: ScoredModel, regressor: ScoredModel) -> None:
    assert scores(classifier, None, X, CLASSES) == {"score": 1.0}
    assert scores(regressor, None, X, NUMBERS) == {"score": pytest.approx(1.0)}


def test_functions_dicts_and_lists_are_scorings(classifier: ScoredModel, regressor: ScoredModel) -> None:
    def share(model: Any, X: Any, y: Any) -> float:
        return float((model.predict(X) == "yes").mean())

    assert scores(classifier, share, X, CLASSES) == {"score": 0.5}
    mixed = {"acc": "accuracy", "precision": make_scorer(precision_score, pos_label="yes"), "share": share}
    assert scores(classifier, mixed, X, CLASSES) == {"acc": 1.0, "precision": 1.0, "share": 0.5}
    assert scores(regressor, ["r2", "neg_max_error"], X, NUMBERS).keys() == {"r2", "neg_max_error"}
    mae = make_scorer(mean_absolute_error, greater_is_better=False)
    assert scores(regressor, mae, X, NUMBERS + 2) == {"score": pytest.approx(-2.0)}
    assert scores(classifier, lambda model, X, y: {"a": 1, "b": 2}, X, CLASSES) == {"a": 1.0, "b": 2.0}


def test_what_cannot_be_scored_says_why(classifier: ScoredModel, regressor: ScoredModel) -> None:
    with pytest.raises(ConfigError, match=r"there is no scorer 'acuracy'\. Did you mean 'accuracy'"):
        scores(classifier, {"a": "acuracy"}, X, CLASSES)
    with pytest.raises(ConfigError, match="there is no target to score against"):
        scores(classifier, "accuracy", X, None)
    with pytest.raises(BadRequest, match="no classifier"):
        regressor.predict_proba(X)


def test_one_score_is_a_number_and_several_are_told_line_by_line() -> None:
    assert metric({"score": 0.5}) == 0.5
    assert metric({"acc": 0.5, "f1": 0.25}) == {"acc": 0.5, "f1": 0.25}
    assert told({"acc": 0.5, "f1": 0.25}) == ["acc: 0.5", "f1: 0.25"]
    assert is_single("accuracy")
    assert is_single(None)
    assert not is_single({"a": "accuracy"})
