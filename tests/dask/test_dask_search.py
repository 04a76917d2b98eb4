"""Searches on Dask: what a serial search finds, data once a process, and whoever is killed costs a retry."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.dask.marks import AUTHORS, Marks, kill, kill_parent, parent, without_r
from tests.functional.running import folder, quick
from tests.helpers import PATIENCE_S
from tests.helpers import require as needs
from tests.palladium.conftest import pld
from triglot.dask import parallel
from triglot.engines import dask_cluster
from triglot.engines.dask_cluster import cluster, require
from triglot.errors import ConfigError, EstimatorFailed, LanguageUnavailable
from triglot.estimators import RRegressor, session
from triglot.store import ModelStore

DEGREES = [1, 2, 3, 4]
random = np.random.default_rng(5)
X = pd.DataFrame({"x": np.linspace(-1, 1, 60)})
y = X["x"].to_numpy() ** 3 - X["x"].to_numpy() + random.normal(0, 0.01, 60)


@pytest.fixture(scope="module", autouse=True)
def _sessions_end_with_the_module() -> Iterator[None]:
    yield
    session.close()


def search(marks: Marks | None = None, fit: str = "fit", **options: Any) -> GridSearchCV:
    params = {} if marks is None else {"marks": str(marks.folder)}
    model = RRegressor(script=str(AUTHORS / "curve.R"), fit_function=fit, params=params)
    return GridSearchCV(model, {"params__degree": DEGREES}, cv=2, **{"refit": False, **options})


@pytest.fixture(scope="module")
def serial() -> GridSearchCV:
    """Return what the same search finds in this process alone."""
    return search().fit(X, y)


def same(found: GridSearchCV, expected: GridSearchCV) -> bool:
    scores = [each.cv_results_["mean_test_score"] for each in (found, expected)]
    return found.best_params_ == expected.best_params_ and np.allclose(*scores)


def test_a_search_finds_what_a_serial_one_finds_and_keeps_one_worker_a_process(
    dask: Any, marks: Marks, serial: GridSearchCV
) -> None:
    with parallel(dask):
        once = search(marks).fit(X, y)
        first = set(marks.processes())
        again = search(marks).fit(X, y)
    assert same(once, serial)
    assert same(again, serial)
    assert serial.best_params_ == {"params__degree": 3}
    assert 1 <= len(first) <= 2
    assert len({*first, *marks.processes()}) <= 2, "each process of Dask has one worker of R for all candidates"
    assert {parent(process) for process in marks.processes()} <= set(dask.run(os.getpid).values())


def test_joblib_s_own_way_to_dask_does_as_well(dask: Any, serial: GridSearchCV) -> None:
    with dask.as_current(), joblib.parallel_config(backend="dask"):
        assert same(search().fit(X, y), serial)


class Counted(np.ndarray):  # type: ignore[type-arg]
    """An array that counts how often it leaves this process."""

    left = 0

    def __reduce__(self) -> Any:
        Counted.left += 1
        return np.asarray(self).__reduce__()


def test_data_leave_the_driver_once_for_estimators_of_python_and_pipelines_too(dask: Any) -> None:
    given = np.asarray(random.normal(size=(400, 5))).view(Counted)
    target = given[:, 0] * 2.0
    model = make_pipeline(StandardScaler(), Ridge())
    made = GridSearchCV(model, {"ridge__alpha": [0.1, 1.0, 10.0]}, cv=3)
    expected = made.fit(given, target).best_params_
    with parallel(dask):
        assert made.fit(given, target).best_params_ == expected
    assert Counted.left <= 2  # X, and y, which is a part of it


def test_a_killed_process_of_dask_costs_a_retry_and_not_the_search(
    dask: Any, marks: Marks, serial: GridSearchCV
) -> None:
    with marks.meanwhile(kill_parent), parallel(dask):
        found = search(marks).fit(X, y)
    assert same(found, serial)
    dask.wait_for_workers(2, timeout=PATIENCE_S)


def test_a_killed_worker_of_r_costs_a_retry_and_no_candidate(dask: Any, marks: Marks, serial: GridSearchCV) -> None:
    with marks.meanwhile(kill), parallel(dask), warnings.catch_warnings():
        warnings.simplefilter("error")  # scikit-learn's, of fits that failed
        found = search(marks).fit(X, y)
    assert same(found, serial)
    assert len(set(marks.processes())) >= 2, "one was killed, and another went on"


def test_what_the_author_s_code_raises_comes_back_with_the_language_s_own_traceback(dask: Any) -> None:
    with parallel(dask), pytest.raises(EstimatorFailed, match="a curve needs more points") as failed:
        search(fit="fit_failing", error_score="raise").fit(X, y)
    assert "fit_failing" in failed.value.traceback


def test_the_author_s_files_travel_to_where_they_are_not(
    dask: Any, serial: GridSearchCV, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here.R").write_text((AUTHORS / "curve.R").read_text())
    monkeypatch.chdir(tmp_path)  # where no process of the cluster is
    made = search()
    made.estimator.script = "here.R"
    with parallel(dask):
        assert same(made.fit(X, y), serial)


def test_an_executor_without_r_is_told_with_its_address_and_what_to_do(dask: Any) -> None:
    with without_r(dask) as address:
        with pytest.raises(LanguageUnavailable, match=rf"{address} cannot run r: .*`triglot doctor r` says how"):
            require(dask, {"r"})
        require(dask, {"python"})


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "http://127.0.0.1:80"])
def test_a_scheduler_that_does_not_answer_is_told_with_its_address(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("dask")
    monkeypatch.setattr(dask_cluster, "REACH_S", 0.3)
    told = rf"no Dask scheduler answers at '{address}'.*start one by"
    with pytest.raises(ConfigError, match=told), cluster(address):
        pytest.fail("there is none")


CONFIG = f"""{{
    'dataset_loader_train': {{'!': 'triglot.dataset.CSV', 'path': here + '/d.csv', 'target_column': 'y'}},
    'model': {{'!': 'triglot.estimators.RRegressor', 'script': {str(AUTHORS / "curve.R")!r}}},
    'grid_search': {{'param_grid': {{'params__degree': {DEGREES}}}, 'cv': 2}},
}}"""


def test_the_command_searches_on_a_scheduler_that_is_there_and_stores_the_best(dask: Any) -> None:
    with folder() as place:
        X.assign(y=y).to_csv(place / "d.csv", index=False)
        (place / "triglot-config.py").write_text(CONFIG)
        address = dask.scheduler.address
        options = ("--engine", "dask", "--scheduler", address, "--persist-best", "--no-proof")
        done = quick("grid-search", *options, cwd=place)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1].startswith("Best: params__degree=3, score ")
        store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
        [info] = store.list()
        store.close()
        assert (info.language, info.aliases, "cv_results" in info.metadata) == ("python", ("active",), True)

        refused = quick("grid-search", "--scheduler", address, cwd=place)
        assert refused.returncode == 2
        assert "--scheduler is the address of Dask's: say --engine dask" in refused.stderr


PAGES = """{{
    'dataset_loader_train': {{'!': 'palladium.dataset.CSV', 'path': 'd.csv', 'target_column': 'y'}},
    'model': {{'!': 'sklearn.linear_model.Ridge'}},
    'grid_search': {{
        '!': 'palladium.fit.with_parallel_backend',
        'estimator': {{
            '!': 'sklearn.model_selection.GridSearchCV',
            'estimator': {{'__copy__': 'model'}},
            'param_grid': {{'alpha': [0.1, 1.0]}},
            'cv': 2,
        }},
        'backend': 'dask',
    }},
    '_init_client': {{'!': 'dask.distributed.Client', 'address': '{address}'}},
}}"""


def test_a_search_of_palladiums_pages_runs_on_the_cluster_that_an_entry_names(dask: Any, tmp_path: Path) -> None:
    rows = "".join(f"{x},{2 * x}\n" for x in range(40))
    (tmp_path / "d.csv").write_text(f"x,y\n{rows}")
    (tmp_path / "palladium-config.py").write_text(PAGES.format(address=dask.scheduler.address))
    with pytest.importorskip("distributed").get_task_stream(client=dask, plot=False) as stream:
        done = pld("pld-grid-search", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "param_alpha" in done.stdout
    assert len(stream.data) >= 2, "no candidate was fitted on the cluster"
