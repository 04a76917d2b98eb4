"""R and Julia models are estimators of scikit-learn: its own checks pass, and its tools work on them."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from tests.helpers import require
from triglot.errors import EstimatorFailed
from triglot.estimators import JuliaClassifier, JuliaRegressor, RClassifier, RRegressor, session
from triglot.estimators.base import AuthorWarning
from triglot.protocol import wire
from triglot.protocol.messages import Request
from triglot.protocol.wire import Packed

HERE = Path(__file__).parent
R = {"script": str(HERE / "plain.R")}
JULIA = {"script": str(HERE / "Plain.jl"), "predict_function": "Plain.predict"}
MODELS: dict[str, Any] = {
    "r-classifier": RClassifier(**R),
    "r-regressor": RRegressor(**R),
    "julia-classifier": JuliaClassifier(**JULIA, fit_function="Plain.fit_classes"),
    "julia-regressor": JuliaRegressor(**JULIA, fit_function="Plain.fit_numbers"),
}
CLASSIFIERS = [name for name in MODELS if name.endswith("classifier")]
# Checks of scikit-learn that may fail, each with its reason: there are none.
EXPECTED_FAILURES: dict[str, str] = {}

random = np.random.default_rng(3)
X = random.normal(size=(400, 6))
NUMBERS = X @ np.array([4.0, 0.0, 0.0, 1.0, 0.0, 0.0]) + random.normal(0, 0.1, 400)
LABELS = np.where(NUMBERS > 0, "up", "down")


@pytest.fixture(scope="module", autouse=True)
def _sessions_end_with_the_module() -> Iterator[None]:
    yield
    session.close()


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    """Give each model in turn."""
    require(request.param.partition("-")[0])
    return str(request.param)


@pytest.fixture(params=CLASSIFIERS)
def classifier(request: pytest.FixtureRequest) -> Any:
    """Give each classifier in turn, unfitted."""
    require(request.param.partition("-")[0])
    return clone(MODELS[request.param])


@pytest.mark.filterwarnings("ignore::triglot.estimators.base.AuthorWarning")
def test_the_checks_of_scikit_learn_pass(name: str) -> None:
    results = check_estimator(clone(MODELS[name]), expected_failed_checks=EXPECTED_FAILURES, on_fail=None, on_skip=None)
    told = [(r["check_name"], str(r["exception"])) for r in results if r["status"] == "failed"]
    assert told == []
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= {"check_array_api_input"}
    assert len(results) > 40


def test_a_fitted_model_says_what_it_learnt_and_scores(name: str) -> None:
    y = LABELS if name in CLASSIFIERS else NUMBERS
    frame = pd.DataFrame(X, columns=list("abcdef"))

    model = clone(MODELS[name]).fit(frame, y)

    assert model.n_features_in_ == 6
    assert model.feature_names_in_.tolist() == list("abcdef")
    assert model.score(frame, y) > 0.85
    assert model.artefact_.card()["classes"] == (["down", "up"] if name in CLASSIFIERS else None)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert model.predict(X[:5]).tolist() == model.predict(frame[:5]).tolist()
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        model.predict(frame[list("fedcba")])
    with pytest.raises(NotFittedError):
        clone(model).predict(frame)


def test_a_search_sets_the_authors_parameters_and_sends_each_fold_once(monkeypatch: pytest.MonkeyPatch) -> None:
    require("r")
    sent: list[int] = []
    encode = wire.encode_request

    def counting(request: Request, packed: Packed, attempt: wire.Attempt) -> Any:
        sent.append(sum(map(len, packed.buffers)))
        return encode(request, packed, attempt)

    monkeypatch.setattr("triglot.dispatch.blocking.wire.encode_request", counting)
    grid = {"params__maxdepth": [1, 2, 3, 4], "params__cp": [0.3, 0.1, 0.03, 0.01, 0.001]}
    seen_by_nobody = X[::-1] + 1.0
    search = GridSearchCV(RClassifier(**R), grid, cv=5).fit(seen_by_nobody, LABELS[::-1])

    assert len(search.cv_results_["params"]) == 20
    assert search.best_params_["params__maxdepth"] > 1
    assert search.best_score_ > 0.85
    assert search.best_estimator_.params == {
        name.removeprefix("params__"): value for name, value in search.best_params_.items()
    }
    # the rows of five folds to fit, of five to test, and all of them at last; with an int32 a row for the target
    once = X.nbytes * (4 + 1 + 1) + len(X) * 4 * (4 + 1)
    assert sum(sent) == once
    assert len(sent) > 200


def test_a_model_is_a_step_behind_preprocessing_that_keeps_its_columns_types(
    capsys: pytest.CaptureFixture[str],
) -> None:
    require("r")
    frame = pd.DataFrame(
        {"size": X[:, 0], "count": np.arange(400) % 7, "place": pd.Categorical(np.where(X[:, 3] > 0, "süd", "nord"))}
    )
    scale = make_column_transformer((StandardScaler(), ["size"]), remainder="passthrough").set_output(
        transform="pandas"
    )
    pipeline = make_pipeline(scale, RClassifier(**R, fit_function="fit_talking", params={"cp": 0.01}))

    with pytest.warns(AuthorWarning, match="more than ten rows"):
        pipeline.fit(frame, LABELS)

    assert "x: numeric integer factor \ny: down up" in capsys.readouterr().out
    assert pipeline.score(frame, LABELS) > 0.85
    assert pipeline.set_params(rclassifier__params__cp=0.5)[-1].params == {"cp": 0.5}


def test_scores_and_importances_are_those_of_scikit_learns_own_tools(classifier: Any) -> None:
    found = cross_validate(classifier, X, LABELS, cv=3, scoring=["accuracy", "roc_auc", "neg_log_loss"])
    assert found["test_accuracy"].min() > 0.8
    assert found["test_roc_auc"].min() > 0.8

    model = classifier.fit(X, LABELS)
    importance = permutation_importance(model, X, LABELS, n_repeats=2, random_state=0)
    assert importance.importances_mean.argmax() == 0
    assert model.predict_proba(X[:9]).argmax(axis=1).tolist() == [
        ["down", "up"].index(label) for label in model.predict(X[:9])
    ]


def test_the_author_sees_levels_in_their_order_and_python_sorted_classes(capsys: pytest.CaptureFixture[str]) -> None:
    require("r")
    y = pd.Series(pd.Categorical(LABELS, categories=["up", "never", "down"]))
    with pytest.warns(AuthorWarning):
        model = RClassifier(**R, fit_function="fit_talking").fit(X, y)

    assert "y: up down \n" in capsys.readouterr().out
    assert model.artefact_.card()["classes"] == ["up", "down"]
    assert model.classes_.tolist() == ["down", "up"]
    probabilities = model.predict_proba(X)
    assert ((probabilities[:, 1] > 0.5) == (model.predict(X) == "up")).all()
    assert model.score(X, y) > 0.85


def test_a_pickled_model_has_its_artefact_inside_and_answers_where_no_worker_has_it(name: str, tmp_path: Path) -> None:
    model = clone(MODELS[name]).fit(X, LABELS if name in CLASSIFIERS else NUMBERS)
    expected = model.predict(X).tolist()
    for library in (pickle, cloudpickle):
        again = library.loads(library.dumps(model))
        again._name = f"{name} of {library.__name__}"  # as in another process, whose worker holds nothing
        assert again.predict(X).tolist() == expected
        assert clone(again).get_params() == model.get_params()
    joblib.dump(model, tmp_path / "model")
    assert joblib.load(tmp_path / "model").predict(X).tolist() == expected


def test_an_authors_error_is_the_fits_error_and_names_the_line() -> None:
    require("r")
    with pytest.raises(EstimatorFailed, match="this model does not fit") as caught:
        RRegressor(**R, fit_function="fit_failing").fit(X, NUMBERS)
    assert caught.value.language == "r"
    assert "plain.R#" in caught.value.traceback
