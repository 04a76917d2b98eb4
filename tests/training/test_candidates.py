"""What is said of a search's candidates: their order, a table that is narrow, and the best."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from triglot.training.candidates import Candidates
from triglot.workers.python.answers import records

random = np.random.default_rng(1)
X = random.normal(size=(40, 3))
y = X @ [1.0, 2.0, 3.0] + random.normal(size=40)
GRID = {"alpha": [0.001, 10.0, 1000.0]}
SCORES = ["neg_mean_absolute_error", "r2"]


def of(search: Any, refit: str | None = None) -> Candidates:
    search.fit(X, y)
    return Candidates.of(records(search.cv_results_), refit, getattr(search, "best_index_", None))


def alphas(found: Candidates) -> list[float]:
    return [params["alpha"] for params in found.results["params"]]


def test_a_single_score_orders_them_and_the_last_line_has_the_best() -> None:
    found = of(GridSearchCV(Ridge(), GRID, cv=3))
    assert alphas(found)[-1] == 1000.0
    head, *rows = found.table().splitlines()
    assert head.split() == ["rank", "alpha", "score", "fit"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    mean = found.results["mean_test_score"].iloc[0]
    assert f"{mean:.4f} ± " in rows[0]
    assert found.best() == f"Best: alpha={alphas(found)[0]}, score {mean:.4f}"


@pytest.mark.parametrize(("refit", "decides"), [("r2", "r2"), (None, SCORES[0])])
def test_of_several_scores_refit_decides_else_the_first(refit: str | None, decides: str) -> None:
    found = of(GridSearchCV(Ridge(), GRID, scoring=SCORES, refit=refit or False, cv=3), refit)
    assert found.decides == decides
    assert found.results[f"rank_test_{decides}"].is_monotonic_increasing
    assert found.table().splitlines()[0].split()[:3] == ["rank", "alpha", decides]
    assert f", {decides} " in found.best()


def test_what_a_search_has_chosen_itself_comes_first() -> None:
    def most_regular(results: Any) -> int:
        return int(np.argmax(results["param_alpha"]))

    assert alphas(of(GridSearchCV(Ridge(), GRID, scoring=SCORES, refit=most_regular, cv=3)))[0] == 1000.0
    search = HalvingGridSearchCV(Ridge(), GRID, cv=3, min_resources=10, random_state=0)
    assert of(search).results["params"].iloc[0] == search.best_params_


def test_parameters_of_several_grids_are_themselves() -> None:
    grids = [{"strategy": ["mean"]}, {"strategy": ["quantile"], "quantile": [1]}]
    rows = of(GridSearchCV(DummyRegressor(), grids, cv=2)).table().splitlines()[1:]
    assert sorted(row.split()[1:3] for row in rows if "quantile" in row) == [["quantile", "1"]]


def test_results_without_ranks_stay_as_they_are() -> None:
    found = Candidates.of(
        json.dumps([{"params": {"a": 1}, "loss": 2.0}, {"params": {"a": 2}, "loss": 1.0}]), None, None
    )
    assert found.best() == ""
    assert list(found.results["loss"]) == [2.0, 1.0]


@pytest.mark.filterwarnings("ignore")  # scikit-learn tells of it, too
def test_a_candidate_that_failed_is_last_and_has_no_number() -> None:
    search = GridSearchCV(Ridge(), {"alpha": [1.0, -1.0]}, cv=2, error_score=np.nan)
    found = of(search)
    assert alphas(found) == [1.0, -1.0]
    assert found.table().splitlines()[-1].split()[2] == "nan"
