"""A real service for Flask's test client: an SQLite store, a Python worker process and no network between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudpickle
import pandas as pd
import pytest
from flask.testing import FlaskClient
from sklearn.linear_model import LogisticRegression

from tests.helpers import KEY, PATIENCE_S, Hive
from tests.server import authors
from triglot.dataset import CSV
from triglot.dispatch.blocking import Client
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.store.jobs import JobStore
from triglot.training.fit_worker import Bench

DATA = Path(__file__).parents[2] / "examples" / "data" / "iris.data"
COLUMNS = ["sepal length", "sepal width", "petal length", "petal width", "species"]
FLOWER = {"sepal length": 5.2, "sepal width": 3.5, "petal length": 1.5, "petal width": 0.2}
TIMEOUT_S = PATIENCE_S

Open = Callable[..., FlaskClient]


@pytest.fixture(scope="session")
def run_dir() -> Iterator[Path]:
    """Hold the run directory of the one Python worker, which fits what it serves afterwards."""
    hive = Hive()
    try:
        hive.start("python")
        yield hive.run_dir
    finally:
        hive.close()


@pytest.fixture(scope="session")
def bench(run_dir: Path) -> Iterator[Bench]:
    """Hold the worker for fits."""
    client = Client(run_dir)
    yield Bench(client, "python", KEY)
    client.close()


@pytest.fixture(scope="session")
def models(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelStore]:
    """Hold a store of fitted models; each version 1 is active."""
    store = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('server') / 'models.db'}")
    cloudpickle.register_pickle_by_value(authors)
    for name, (model, X, y) in _models().items():
        _store(store, bench, name, model, X, y)
    cloudpickle.unregister_pickle_by_value(authors)
    yield store
    store.close()


def _models() -> dict[str, tuple[Any, Any, Any]]:
    iris, species = CSV(str(DATA), "species", names=COLUMNS).frame()
    moods = pd.DataFrame({"mood": [0.0, 0.0]})
    fruit = pd.DataFrame(
        {
            "фрукт": pd.Categorical(["яблоко", "Birne", None], categories=["яблоко", "Birne"]),
            "größe": [1.5, None, 2.5],
            "whole": [1, 2, 3],
            "ripe": [True, False, True],
        }
    )
    return {
        "iris": (LogisticRegression(C=0.3, max_iter=1000), iris, species),
        "ja-nein": (LogisticRegression(), pd.DataFrame({"größe": [1.0, 9.0]}), pd.Series(["нет ✗", "ja ✓"])),
        "moody": (authors.Moody(), moods, pd.Series([1.0, 2.0])),
        "fruit": (authors.Sizes(), fruit, pd.Series([1.0, 2.0, 3.0])),
        "pair": (authors.Pair(), moods, pd.Series([1.0, 2.0])),
    }


def _store(store: ModelStore, worker: Bench, name: str, model: Any, X: Any, y: Any) -> None:
    fitted = worker.fit(name, model, X, y)
    version = store.write(name, fitted.artefact, metrics={"score_train": 0.5}, metadata={"author": "somebody"})
    store.activate(name, version)


@pytest.fixture(scope="session")
def service(models: ModelStore, run_dir: Path) -> Iterator[Service]:
    """Hold a service of the store with one running Python worker."""
    made = Service(models, Client(run_dir))
    yield made
    made.close()


@pytest.fixture(scope="session")
def calendar(bench: Bench, run_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Hold a service of one model, which has columns of the kinds that the others do not have."""
    store = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('calendar') / 'models.db'}")
    days = pd.Series(pd.date_range("2026-01-05", periods=20, freq="D"))
    frame = pd.DataFrame(
        {
            "day": days.dt.date,
            "seen": days + pd.Timedelta(hours=7),
            "sent": (days + pd.Timedelta(hours=7)).dt.tz_localize("Europe/Berlin"),
            "note": ["as usual"] * 15 + ["Ms Smith called"] * 5,
            "count": pd.Series(range(20), dtype="int32"),
            "share": pd.Series(range(20), dtype="float32"),
        }
    )
    cloudpickle.register_pickle_by_value(authors)
    _store(store, bench, "calendar", authors.Counting(), frame, pd.Series(range(20), dtype=float))
    cloudpickle.unregister_pickle_by_value(authors)
    made = Service(store, Client(run_dir))
    yield made
    made.close()
    store.close()


@contextmanager
def without_workers(store: ModelStore, hive: Hive, **fixed: Any) -> Iterator[Open]:
    """Give the function that returns a client of an application of a store, with jobs and without workers."""
    service = Service(store, Client(hive.run_dir))

    def opened(**options: Any) -> FlaskClient:
        return create_app(service, Options(**fixed, **options), store.jobs).test_client()

    yield opened
    service.close()


@pytest.fixture
def jobs(store: ModelStore) -> JobStore:
    """Give the jobs of a test's own store."""
    return store.jobs


@pytest.fixture
def open_app(service: Service) -> Open:
    """Give the function that returns a client of an application with these options."""

    def opened(**options: Any) -> FlaskClient:
        return create_app(service, replace(Options(timeout_s=TIMEOUT_S), **options)).test_client()

    return opened


@pytest.fixture
def http(open_app: Open) -> FlaskClient:
    """Hold a client of an application as it is by default."""
    return open_app()
