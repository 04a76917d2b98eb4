"""What is answered as probabilities are probabilities, in every language, at a fit and at every later request."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import author_module
from triglot.errors import EstimatorFailed
from triglot.estimators import JuliaClassifier, RClassifier
from triglot.tables.labels import Labels
from triglot.tables.table import Table
from triglot.training.fit_worker import Bench
from triglot.workers.answers import SHARE_TOLERANCE, WrongShares, checked_shares

MODELS = Path(__file__).parent / "models"
TWO = Labels(("no", "yes"))
Benches = Callable[[str], Bench]


def model(language: str, limit: float) -> Any:
    if language == "python":
        return author_module(MODELS, "scores").Scores(limit)
    params = {"limit": limit}
    if language == "r":
        return RClassifier(script=str(MODELS / "scores.R"), params=params, predict_proba_params={"type": "prob"})
    return JuliaClassifier(script=str(MODELS / "Scores.jl"), fit_function="Scores.fit", params=params)


def fitted(worker: Bench, limit: float, first: float = 1.0) -> Any:
    X, y = Table(["code"], matrix=np.array([[first], [2.0], [3.0]])), np.array(["no", "yes", "no"])
    path = (str(MODELS),) if worker.language == "python" else ()
    return worker.fit("scores", model(worker.language, limit), X, y, path).artefact


@pytest.mark.parametrize("language", ["python", "r", "julia"])
def test_numbers_that_are_no_probabilities_are_refused_with_the_models_name(benches: Benches, language: str) -> None:
    worker = benches(language)
    said = r"predict_proba of model 'scores' gave what are no probabilities: {} for row {}; each must be between"
    with pytest.raises(EstimatorFailed, match=said.format("-1, 2", 2)):
        fitted(worker, 1.0)
    artefact = fitted(worker, 10.0)
    known = Table(["code"], matrix=np.array([[1.0], [9.0]]))
    assert worker.predict_proba("scores", artefact, known).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    beyond = Table(["code"], matrix=np.array([[1.0], [2.0], [12.0]]))
    with pytest.raises(EstimatorFailed, match=said.format("-11, 12", 3)):
        worker.predict_proba("scores", artefact, beyond)
    assert worker.predict("scores", artefact, beyond).tolist() == [0, 0, 0]


@pytest.mark.parametrize("language", ["python", "r", "julia"])
def test_a_fit_fails_with_the_authors_error_where_shares_are_answered_and_classes_are_not(
    benches: Benches, language: str
) -> None:
    with pytest.raises(EstimatorFailed, match="no class for a negative code"):
        fitted(benches(language), 10.0, first=-1.0)


@pytest.mark.parametrize(
    "share", [[0.3, 0.7], [0.0, 1.0], [-1e-9, 1.0 + 1e-9], [0.5, 0.5 + 0.9 * SHARE_TOLERANCE], [float("nan"), 0.5]]
)
def test_what_is_close_enough_is_left_as_it_is(share: list[float]) -> None:
    found = checked_shares(np.array([share, [0.5, 0.5]]), 2, TWO, "r", "m")
    np.testing.assert_array_equal(found[0], share)


@pytest.mark.parametrize("share", [[0.3, 0.6], [2.0, -1.0], [0.0, 0.0], [float("inf"), 0.0], [-0.01, 1.01]])
def test_what_is_not_is_refused_also_beside_a_row_without_an_answer(share: list[float]) -> None:
    with pytest.raises(WrongShares, match=r"of model 'm' .* for row 2; .*within 0\.001"):
        checked_shares(np.array([[float("nan"), 1.0], share]), 2, TWO, "r", "m")
