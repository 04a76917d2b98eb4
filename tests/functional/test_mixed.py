"""Python before R in one pipeline: fitted, stored and served as a model of Python, whose worker has R as its child."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sklearn.model_selection import GridSearchCV

from tests.functional.conftest import Benches
from tests.functional.running import AUTHORS, Running, descendants, environment, folder
from tests.functional.test_serving import CLASSES, flowers
from tests.helpers import require, until
from triglot.artefact import Artefact
from triglot.dataset import load
from triglot.estimators import RClassifier
from triglot.project import Project
from triglot.training.fit_worker import Bench
from triglot.training.pipelines import language_of
from triglot.training.search import search_of

CONFIG = AUTHORS / "mixed-config.py"
CITIZENS = Path(__file__).parents[1] / "citizens"


def opened(place: Path) -> Project:
    """Return the project with a store in a folder."""
    return Project([CONFIG], environment(TRIGLOT_STORE=f"sqlite:///{place}/triglot.db"), place)


@pytest.fixture(scope="module")
def worker(benches: Benches) -> Bench:
    """Return the worker for fits, of Python."""
    require("r")
    return benches("python")


@pytest.fixture(scope="module")
def fitted(worker: Bench) -> Iterator[Path]:
    """Hold a folder with a store of the mixed model, version 1 active."""
    with folder() as place:
        project = opened(place)
        project.store.upgrade()
        entry = project.entry("mixed")
        assert language_of(entry.model) == worker.language
        model = worker.fit("mixed", entry.model, *load(entry.train))
        project.store.activate("mixed", project.store.write("mixed", model.artefact))
        project.store.close()
        yield place


@pytest.fixture(scope="module")
def service(fitted: Path) -> Iterator[Running]:
    """Hold a service of one worker, for Python."""
    with folder() as place:
        shutil.copy(fitted / "triglot.db", place)
        made = Running(place, CONFIG, "--workers=python=1")
        try:
            made.wait_until_ready()
            yield made
        finally:
            made.close()


def artefact(place: Path) -> Artefact:
    store = opened(place).store
    try:
        return store.read("mixed").artefact
    finally:
        store.close()


def test_a_mixed_pipeline_is_a_version_of_python_with_golden_rows(fitted: Path) -> None:
    card = artefact(fitted).card()
    assert (card["language"], card["task"], card["classes"]) == ("python", "classification", CLASSES)
    assert len(card["golden"]["answers"]) >= 5
    assert card["golden"]["op"] == "predict_proba"


def test_it_is_served_and_answers_the_same_after_its_r_was_killed(service: Running) -> None:
    rows = flowers(30)
    answer = service.post("/predict", rows)
    assert answer.body["metadata"]["language"] == "python"
    assert set(answer.result) == set(CLASSES)
    shares = service.post("/models/mixed/predict_proba", rows).result

    worker = service.pid("workers-python:python-0")
    (r,) = descendants(worker)
    os.kill(r, signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        alone = list(pool.map(lambda row: service.get("/predict", **row).result, rows))
    assert alone == answer.result
    assert service.post("/models/mixed/predict_proba", rows).result == shares
    assert service.pid("workers-python:python-0") == worker
    (successor,) = descendants(worker)
    assert successor != r

    os.kill(worker, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{successor}").exists())
    assert service.post("/predict", rows).result == answer.result


def test_a_search_sets_the_parameters_of_the_r_step(worker: Bench) -> None:
    project = Project([CONFIG], environment(), CONFIG.parent)
    entry = project.entry("mixed")
    X, y = load(entry.train)
    search = search_of(project.part("mixed", "grid_search"), entry.model, "accuracy", X, y, persist=True)
    fitted = worker.fit("search", search, X, y)
    results = json.loads(fitted.info["cv_results"])
    assert [result["param_forest__params__ntree"] for result in results] == [1, 20]
    assert all(result["mean_test_score"] > 0.8 for result in results)
    assert worker.score("search", fitted.artefact, X, y) > 0.9


def test_a_search_over_an_r_model_gives_it_the_columns_by_their_names(worker: Bench) -> None:
    entry = Project([CONFIG], environment(), CONFIG.parent).entry("mixed")
    model = RClassifier(script=str(CITIZENS / "plain.R"), fit_function="fit_talking")
    fitted = worker.fit("named", GridSearchCV(model, {"params__cp": [0.1]}, cv=2), *load(entry.train))
    assert "columns: sepal length sepal width petal length petal width \n" in fitted.output
    assert fitted.warnings == ("AuthorWarning: more than ten rows",) * 3
