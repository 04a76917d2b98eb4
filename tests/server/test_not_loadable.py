"""A version that does not load, as HTTP tells of it: the status, what is ready, and what is listed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers import until
from tests.server.conftest import FLOWER, TIMEOUT_S
from tests.server.test_asgi import Caller
from tests.server.test_asgi import http as scope
from triglot.artefact import reseal
from triglot.dispatch.blocking import Client
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore

CAUSE = "the artefact's signature does not hold: it was signed with another key, or changed since; "
OTHER_KEY = b"a key that no worker here was given"


@pytest.fixture
def store(models: ModelStore, tmp_path: Path) -> Iterator[ModelStore]:
    """Hold a store of its own: an iris model, and one whose only version no worker can load."""
    made = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    iris = models.read("iris").artefact
    made.activate("iris", made.write("iris", iris))
    made.activate("lost", made.write("lost", reseal(iris, OTHER_KEY)))
    yield made
    made.close()


@pytest.fixture
def served(store: ModelStore, run_dir: Path) -> Iterator[Service]:
    service = Service(store, Client(run_dir))
    yield service
    service.close()


@pytest.fixture
def http(served: Service) -> FlaskClient:
    """Hold a client of a service that has found out about the lost model."""
    until(lambda: served.standing("lost").answers is None and served.standing("iris").loaded)
    return create_app(served, Options(timeout_s=TIMEOUT_S)).test_client()


@pytest.mark.parametrize("what", ["predict", "predict_proba"])
def test_a_request_is_a_503_that_names_version_cause_and_when_to_come_back(http: FlaskClient, what: str) -> None:
    answer = http.get(f"/models/lost/{what}", query_string=FLOWER)

    assert answer.status_code == 503
    metadata = answer.json["metadata"]
    assert (metadata["code"], metadata["model"], metadata["version"]) == ("version-not-loadable", "lost", 1)
    assert metadata["error_message"].startswith(f"version 1 of model 'lost' does not load: {CAUSE}")
    assert metadata["cause"].startswith(CAUSE)
    assert 1 <= int(answer.headers["Retry-After"]) <= 300


def test_the_event_loop_answers_alike(http: FlaskClient, served: Service) -> None:
    caller = Caller(http.application)
    try:
        body = json.dumps([FLOWER]).encode()
        status, headers, told = caller.answer(_scope(body), body)
    finally:
        caller.close()
    assert status == "503"
    assert json.loads(told)["metadata"]["code"] == "version-not-loadable"
    assert int(dict(headers)["retry-after"]) >= 1


def test_a_service_of_this_one_model_says_the_same_at_its_plain_route(
    store: ModelStore, served: Service, http: FlaskClient
) -> None:
    store.deactivate("iris")
    served.refresh()

    answer = http.get("/predict", query_string=FLOWER)

    assert (answer.status_code, answer.json["metadata"]["code"]) == (503, "version-not-loadable")


def test_ready_is_a_503_that_says_which_model_has_no_answer_and_why(http: FlaskClient) -> None:
    answer = http.get("/ready")

    assert answer.status_code == 503
    assert (answer.json["ready"], answer.json["degraded"]) == (False, ["lost"])
    models = answer.json["models"]
    assert models["iris"] == {"version": 1, "language": "python", "workers": 1}
    trouble = _trouble(models["lost"])
    assert models["lost"] == {"version": None, "language": "python", "workers": 0}
    assert trouble["version"] == 1
    assert trouble["cause"].startswith(CAUSE)
    assert trouble["tries"] >= 1
    assert 0 <= trouble["next_try_s"] <= 300


def test_each_model_tells_of_itself_whether_it_is_ready(http: FlaskClient) -> None:
    good, bad, unknown = (http.get(f"/models/{name}/ready") for name in ("iris", "lost", "rose"))

    assert good.status_code == 200
    assert good.json == {"name": "iris", "ready": True, "version": 1, "language": "python", "workers": 1}
    assert (bad.status_code, bad.json["ready"], bad.json["code"]) == (503, False, "version-not-loadable")
    assert bad.json["cause"].startswith(CAUSE)
    assert _trouble(bad.json)["cause"].startswith(CAUSE)
    assert (unknown.status_code, unknown.json["metadata"]["code"]) == (404, "model-not-found")


def test_where_the_version_before_answers_the_model_is_ready_and_told_as_degraded(
    store: ModelStore, served: Service, http: FlaskClient
) -> None:
    store.deactivate("lost")
    store.activate("iris", store.write("iris", reseal(store.read("iris", 1).artefact, OTHER_KEY)))
    served.refresh()

    whole, one = http.get("/ready"), http.get("/models/iris/ready")

    assert (whole.status_code, whole.json["ready"], whole.json["degraded"]) == (200, True, ["iris"])
    assert (one.status_code, one.json["version"], _trouble(one.json)["version"]) == (200, 1, 2)
    assert http.get("/models/iris/predict", query_string=FLOWER).json["metadata"]["version"] == 1


def test_the_listing_says_which_version_is_active_which_answers_and_why(http: FlaskClient) -> None:
    properties = http.get("/list").json["properties"]

    assert properties["active-models"] == {"iris": "1", "lost": "1"}
    assert list(properties["not-loadable"]) == ["lost"]
    assert properties["not-loadable"]["lost"]["version"] is None
    assert _trouble(properties["not-loadable"]["lost"])["cause"].startswith(CAUSE)


def test_what_is_well_is_listed_as_ever(store: ModelStore, served: Service, http: FlaskClient) -> None:
    store.deactivate("lost")
    served.refresh()

    assert http.get("/list").json["properties"] == {"active-model": "1", "active-models": {"iris": "1"}}
    assert "degraded" not in http.get("/ready").json


def _scope(body: bytes) -> dict[str, Any]:
    headers = {"content_type": "application/json", "content_length": str(len(body))}
    return scope("POST", "/models/lost/predict", **headers)


def _trouble(model: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of the version that does not load, and take it out."""
    trouble: dict[str, Any] = model.pop("not_loadable")
    return trouble
