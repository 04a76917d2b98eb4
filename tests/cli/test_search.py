"""`triglot grid-search`: what it refuses, and which persisted search it stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.running import folder, quick
from triglot.store import ModelStore

CONFIG = """{
    'dataset_loader_train': {'!': 'triglot.dataset.CSV', 'path': here + '/d.csv', 'target_column': 'y'},
    'model': {'!': 'sklearn.tree.DecisionTreeRegressor', 'random_state': 0},
    'grid_search': %s,
    'scoring': %s,
}"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Hold a working directory with data of a stair."""
    with folder() as made:
        rows = "\n".join(f"{x / 10},{x // 10}" for x in range(60))
        (made / "d.csv").write_text(f"x,y\n{rows}\n")
        yield made


def configured(place: Path, grid_search: str, scoring: str = "None") -> Path:
    (place / "triglot-config.py").write_text(CONFIG % (grid_search, scoring))
    return place


def test_a_search_object_with_several_scores_is_stored_as_it_is(place: Path) -> None:
    searched = """{
        '!': 'sklearn.model_selection.RandomizedSearchCV',
        'estimator': {'!': 'sklearn.tree.DecisionTreeRegressor'},
        'param_distributions': {'max_depth': [1, 8]},
        'n_iter': 2,
        'scoring': {'r2': 'r2', 'mae': 'neg_mean_absolute_error'},
        'refit': 'r2',
        'cv': {'!': 'sklearn.model_selection.KFold', 'n_splits': 3, 'shuffle': True, 'random_state': 0},
    }"""
    done = quick("grid-search", "--persist-best", cwd=configured(place, searched))

    assert done.returncode == 0, done.stderr
    head, *rows, best = done.stdout.splitlines()
    assert head.split() == ["rank", "max_depth", "r2", "mae", "fit"]
    assert [row.split()[:2] for row in rows] == [["1", "8"], ["2", "1"]]
    assert best == f"Best: max_depth=8, r2 {rows[0].split()[2]}"
    store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
    [info] = store.list()
    store.close()
    assert (info.task, info.aliases, "cv_results" in info.metadata) == ("regression", ("active",), True)


def test_what_could_not_be_stored_is_refused_before_the_search(place: Path) -> None:
    grid_search = "{'param_grid': {'max_depth': [1]}, 'refit': False}"
    done = quick("grid-search", "--persist-best", cwd=configured(place, grid_search))

    assert done.returncode == 1
    assert "there is no best one to store" in done.stderr
    assert "Running grid search" not in done.stderr
