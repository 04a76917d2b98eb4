"""Pickles of another release of scikit-learn: names that moved are followed, a search gives way to what it found."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.persisters.palladium import X as ROWS
from triglot.workers.python.former_pickles import loads

X = np.array([[0.0], [1.0], [2.0], [3.0], [0.5], [2.5]])
Y = np.array(["low", "low", "high", "high", "low", "high"])
SCORER = b"csklearn.metrics._scorer\n_PassthroughScorer\n"
# As they stood in the releases 0.21, and 0.22 to 1.2.
FORMER_SCORERS = (b"csklearn.metrics.scorer\n_passthrough_scorer\n", b"csklearn.metrics._scorer\n_passthrough_scorer\n")
# What scikit-learn 1.1.3 answered to the rows, the probability of the first class; see README.md beside the pickles.
FORMER = Path(__file__).parent / "former"
ANSWERS = {
    "forest": [0.0, 0.0, 0.555556, 0.222222, 0.0, 0.888889],
    "search": [1.0, 1.0, 0.0, 0.0, 1.0, 0.0],
    "pipeline": [0.846014, 0.779258, 0.220742, 0.153986, 0.88107, 0.11893],
}


def grid(estimator: Any = None) -> Any:
    return GridSearchCV(estimator or LogisticRegression(), {"C": [0.1, 10.0]}, cv=2).fit(X, Y)


def pickled(estimator: Any, *renamed: tuple[bytes, bytes]) -> bytes:
    """Return a pickle of Palladium's time, in which names stand as a line of text each."""
    data = pickle.dumps(estimator, 2)
    for today, former in renamed:
        assert today in data
        data = data.replace(today, former)
    with pytest.raises((AttributeError, ImportError)):
        pickle.loads(data)
    return data


@pytest.mark.parametrize("former", FORMER_SCORERS)
def test_of_a_search_whose_scorer_is_gone_the_best_estimator_stays(former: bytes) -> None:
    search = grid()
    found = loads(pickled(search, (SCORER, former)))
    assert type(found) is LogisticRegression
    assert found.C == search.best_estimator_.C
    assert found.predict(X).tolist() == search.predict(X).tolist()


def test_a_search_whose_class_moved_and_whose_parts_are_gone_is_its_best_estimator() -> None:
    search = RandomizedSearchCV(LogisticRegression(), {"C": [0.1, 10.0]}, n_iter=2, cv=2).fit(X, Y)
    former = (
        (b"csklearn.model_selection._search\nRandomizedSearchCV\n", b"csklearn.grid_search\nRandomizedSearchCV\n"),
        (SCORER, FORMER_SCORERS[0]),
    )
    assert loads(pickled(search, *former)).predict(X).tolist() == search.predict(X).tolist()


def test_a_search_inside_a_pipeline_is_replaced_in_its_place() -> None:
    model = make_pipeline(StandardScaler(), grid()).fit(X, Y)
    found = loads(pickled(model, (SCORER, FORMER_SCORERS[1])))
    assert isinstance(found, Pipeline)
    assert [type(step) for _, step in found.steps] == [StandardScaler, LogisticRegression]
    assert found.predict(X).tolist() == model.predict(X).tolist()


def test_an_estimator_whose_module_moved_is_found_where_it_is() -> None:
    moved = (b"csklearn.linear_model._logistic\n", b"csklearn.linear_model.logistic\n")
    assert type(loads(pickled(grid().best_estimator_, moved))) is LogisticRegression


def test_what_is_needed_and_gone_is_told_by_its_name() -> None:
    lost = (b"csklearn.linear_model._logistic\nLogisticRegression\n", b"csklearn.linear_model._logistic\nGoneForGood\n")
    with pytest.raises(AttributeError, match="GoneForGood"):
        loads(pickled(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y), lost))
    unfitted = GridSearchCV(LogisticRegression(), {"C": [1.0]})
    unfitted.scorer_ = grid().scorer_
    with pytest.raises(ImportError, match=r"sklearn\.metrics\.scorer"):
        loads(pickled(unfitted, (SCORER, FORMER_SCORERS[0])))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_older_release_pickled_answers_what_it_answered_there(name: str) -> None:
    data = (FORMER / f"{name}.pkl").read_bytes()
    with pytest.raises((AttributeError, ValueError)):
        pickle.loads(data)
    found = loads(data)
    kinds = {"forest": RandomForestClassifier, "search": RandomForestClassifier, "pipeline": Pipeline}
    assert type(found) is kinds[name]
    np.testing.assert_allclose(found.predict_proba(ROWS)[:, 0], ANSWERS[name], atol=1e-6)
    again = pickle.loads(pickle.dumps(found))  # as whatever today's release writes
    np.testing.assert_array_equal(again.predict_proba(ROWS), found.predict_proba(ROWS))


def test_what_would_answer_otherwise_today_is_not_opened() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        boosted = AdaBoostClassifier(LogisticRegression(), n_estimators=1).fit(X, Y)
    boosted.scorer_ = grid().scorer_
    with pytest.raises(ImportError, match=r"sklearn\.metrics\.scorer"):
        loads(pickled(boosted, (SCORER, FORMER_SCORERS[0])))
