"""From a configuration's `grid_search` to a search."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold

from triglot.errors import ConfigError
from triglot.training.search import search_of, with_parallel_backend

X = np.linspace(0, 1, 30).reshape(-1, 1)
y = (X[:, 0] > 0.4).astype(int)
GRID = {"param_grid": {"C": [0.1, 1.0]}}


def search(grid_search: Any, *, scoring: Any = None, persist: bool = False, model: Any = None) -> Any:
    return search_of(grid_search, model or LogisticRegression(), scoring, X, y, persist=persist)


def test_a_dict_has_the_arguments_of_a_grid_search_and_refits_where_the_best_is_stored() -> None:
    made = search({**GRID, "cv": 3}, scoring="f1")
    assert isinstance(made, GridSearchCV)
    assert (made.refit, made.scoring, made.cv) == (False, "f1", 3)
    assert search(GRID, persist=True).refit is True


def test_an_object_is_taken_as_it_is() -> None:
    mine = GridSearchCV(LogisticRegression(), {"C": [1.0]})
    assert search(mine, scoring="f1") is mine


def test_a_function_cv_gets_those_of_n_x_and_y_that_it_takes() -> None:
    made = search({**GRID, "cv": lambda n, y: KFold(3).split(np.zeros(n), y)})
    assert [len(test) for _, test in made.cv] == [10, 10, 10]
    splitter = KFold(4)
    assert search({**GRID, "cv": lambda X: splitter}).cv is splitter
    assert search({**GRID, "cv": splitter}).cv is splitter


@pytest.mark.parametrize(
    ("grid_search", "wanted", "said"),
    [
        ({**GRID, "refit": False}, {"persist": True}, "there is no best one to store"),
        (GridSearchCV(LogisticRegression(), {}, refit=False), {"persist": True}, "there is no best one to store"),
        (GRID, {"persist": True, "scoring": {"acc": "accuracy", "f1": "f1"}}, "'refit' must name .*'acc', 'f1'"),
        ({**GRID, "scoring": "f1"}, {"scoring": "f1"}, "keep the one at the top level"),
        ({**GRID, "n_job": 1}, {}, "n_job"),
        ({"cv": 3}, {}, "param_grid"),
        (7, {}, "int has no fit"),
    ],
)
def test_what_cannot_be_searched_or_stored_is_refused_before_the_work(grid_search: Any, wanted: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        search(grid_search, **wanted)


def test_several_scores_are_stored_by_the_one_that_refit_names() -> None:
    assert search({**GRID, "refit": "f1"}, scoring={"acc": "accuracy", "f1": "f1"}, persist=True).refit == "f1"


def test_methods_run_inside_the_backend() -> None:
    made = with_parallel_backend(search({**GRID, "cv": 3}, persist=True), "threading", n_jobs=2)
    made.fit(X, y)
    assert made.predict(X).shape == (30,)
    assert made.predict_proba(X).shape == (30, 2)
    assert made.best_params_["C"] in (0.1, 1.0)
