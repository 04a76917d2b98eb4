"""Drift of a real service: noticed at what is asked, told by `/overview` and `/metrics`; off where nobody wants it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers import KEY
from tests.metrics.reading import of, samples
from tests.server.conftest import FLOWER
from triglot.artefact import changed
from triglot.dispatch.blocking import Client
from triglot.drift.terms import DriftTerms
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore

TERMS = DriftTerms(share=1, least_rows=20)


@contextmanager
def opened(store: ModelStore, run_dir: Path, terms: DriftTerms | None) -> Iterator[FlaskClient]:
    """Hold a client of an application that looks for drift so."""
    service = Service(store, Client(run_dir), drift=terms)
    try:
        yield create_app(service, Options()).test_client()
    finally:
        service.close()


@pytest.fixture
def store(models: ModelStore, tmp_path: Path) -> Iterator[ModelStore]:
    """Hold a store of one model that keeps a profile, and one that does not."""
    made = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    artefact = models.read("iris").artefact
    made.activate("iris", made.write("iris", artefact))
    made.activate("bare", made.write("bare", changed(artefact, KEY, profile=None)))
    yield made
    made.close()


def drift_of(http: FlaskClient, name: str = "iris") -> Any:
    """Return what the overview says of a model's drift."""
    (found,) = (each for each in http.get("/overview").json["models"] if each["name"] == name)
    return found.get("drift")


def ask(http: FlaskClient, name: str = "iris", **values: float) -> None:
    """Ask one way for ten rows and by the other for one."""
    row = FLOWER | {column.replace("_", " "): value for column, value in values.items()}
    assert http.post(f"/models/{name}/predict", json=[row] * 10).status_code == 200
    assert http.get(f"/models/{name}/predict", query_string=row).status_code == 200


def test_what_is_asked_is_compared_with_training_and_what_drifts_comes_first(store: ModelStore, run_dir: Path) -> None:
    with opened(store, run_dir, TERMS) as http:
        ask(http)
        few = drift_of(http)
        assert (few["profile"], few["rows"], few["least"], few["columns"]) == (True, 11, 20, [])

        ask(http, petal_width=99)
        seen = drift_of(http)

        assert seen["rows"] == 22
        assert len(seen["columns"]) == 4
        assert all(column["drifts"] for column in seen["columns"])  # one flower again and again
        (trouble,) = (each for each in http.get("/overview").json["troubles"] if each["kind"] == "drift")
        assert (trouble["about"], trouble["now"], trouble["count"]) == ("iris", True, 4)
        told = samples(http.get("/metrics").get_data(as_text=True))
        column = {"model": "iris", "version": "1", "feature": "petal width"}
        assert told[of("triglot_drift_psi", **column)] > 0.2
        assert told[of("triglot_drift_missing_ratio", **column)] == 0
        assert told[of("triglot_drift_rows", model="iris", version="1")] == 22


def test_of_a_version_without_a_profile_that_is_said(store: ModelStore, run_dir: Path) -> None:
    with opened(store, run_dir, TERMS) as http:
        ask(http, "bare")
        seen = drift_of(http, "bare")
        assert (seen["profile"], seen["rows"], seen["columns"]) == (False, 0, [])


def test_it_is_off_by_default(store: ModelStore, run_dir: Path) -> None:
    with opened(store, run_dir, None) as http:
        ask(http)
        assert drift_of(http) is None
        told = samples(http.get("/metrics").get_data(as_text=True))
        assert not [name for name, _ in told if name.startswith("triglot_drift")]
