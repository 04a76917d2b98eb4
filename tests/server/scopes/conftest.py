"""Models of scopes behind an application, for all tests here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient
from sklearn.linear_model import LinearRegression, LogisticRegression

from triglot.dispatch.blocking import Client
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench

LINES = {"3/tea": 1.0, "3/a%2Fb": 2.0, "4/tea": 10.0}
PLACES = {"3/tea": ("3", "tea"), "3/a%2Fb": ("3", "a/b"), "4/tea": ("4", "tea")}
MANY = 700
X = pd.DataFrame({"price": [1.0, 2.0, 3.0, 4.0]})


@pytest.fixture(scope="session")
def store(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelStore]:
    """Hold a store of sales by store and product, of moods whose classes differ, of many shops, and of all the rest."""
    made = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('scopes') / 'models.db'}")

    def put(name: str, model: Any, y: Any, scope: dict[str, str] | None = None) -> Any:
        artefact = bench.fit(name, model, X, pd.Series(y)).artefact
        made.activate(name, made.write(name, artefact, metadata={"scope": scope} if scope else None))
        return artefact

    for scope, slope in LINES.items():
        store, product = PLACES[scope]
        line = put(f"sales/{scope}", LinearRegression(), X["price"] * slope, {"store": store, "product": product})
    put("rest", LinearRegression(), X["price"] * 100)
    put("mood/a", LogisticRegression(C=100), ["bad", "bad", "good", "good"], {"person": "a"})
    put("mood/b", LogisticRegression(C=100), ["so", "so", "wow", "wow"], {"person": "b"})
    for number in range(MANY):
        name = f"shop/{number:03d}"
        made.activate(name, made.write(name, line, metadata={"scope": {"shop": f"{number:03d}"}}))
    yield made
    made.close()


@pytest.fixture(scope="session")
def service(store: ModelStore, run_dir: Path) -> Iterator[Service]:
    """Hold a service of that store; moods that nobody knows have the rest's answer."""
    made = Service(store, Client(run_dir), otherwise={"mood": "rest"})
    yield made
    made.close()


@pytest.fixture(scope="session")
def http(service: Service) -> FlaskClient:
    """Hold a client of its application."""
    return create_app(service, Options(timeout_s=60)).test_client()


def rows(*wanted: tuple[Any, ...], columns: tuple[str, ...] = ("store", "product", "price")) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in wanted]
