"""A version in quarantine, as HTTP tells of it: requests, health, listings, metrics, and the route that releases it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers import until
from tests.metrics.reading import of, samples
from tests.server.conftest import FLOWER, TIMEOUT_S
from tests.server.test_asgi import Caller
from tests.server.test_asgi import http as scope
from triglot.dispatch.blocking import Client
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.tally.quarantine import Quarantine

AS_ADMIN = {"Authorization": "Bearer a-word"}
CAUSE = "requests to it have ended 2 workers (the last one: it took 3 GiB)"


@pytest.fixture(scope="module")
def served(models: ModelStore, run_dir: Path) -> Iterator[Service]:
    """Hold a service whose models are loaded, and of which two workers that a version ends are enough."""
    made = Service(models, Client(run_dir), quarantine=Quarantine(deaths=2, for_s=3_600))
    until(lambda: all(standing.loaded for standing in made.standings().values()))
    yield made
    made.close()


@pytest.fixture
def held(served: Service) -> Iterator[Service]:
    """Hold the same while the iris model is in quarantine."""
    for _ in range(2):
        served.cases.died(served.served("iris").key, "python", "predict", "it took 3 GiB")
    yield served
    served.cases.release()


@pytest.fixture
def http(held: Service) -> FlaskClient:
    return create_app(held, Options(timeout_s=TIMEOUT_S, admin_token="a-word")).test_client()


def told(model: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of the quarantine, and take it out."""
    found: dict[str, Any] = model.pop("quarantined")
    assert 3_500 < found.pop("next_try_s") <= 3_600
    return found


@pytest.mark.parametrize("what", ["predict", "predict_proba"])
def test_a_request_is_a_503_that_names_version_cause_and_when_to_come_back(http: FlaskClient, what: str) -> None:
    answer = http.get(f"/models/iris/{what}", query_string=FLOWER)

    assert answer.status_code == 503
    metadata = answer.json["metadata"]
    assert {name: metadata[name] for name in ("code", "model", "version", "cause")} == {
        "code": "version-quarantined",
        "model": "iris",
        "version": 1,
        "cause": CAUSE,
    }
    assert metadata["error_message"].startswith(f"version 1 of model 'iris' is in quarantine: {CAUSE}; ")
    assert 3_500 < int(answer.headers["Retry-After"]) <= 3_600
    assert http.get("/models/pair/predict?mood=1").status_code == 200


def test_the_event_loop_answers_alike(http: FlaskClient) -> None:
    caller = Caller(http.application)
    body = json.dumps([FLOWER]).encode()
    headers = {"content_type": "application/json", "content_length": str(len(body))}
    try:
        status, found, content = caller.answer(scope("POST", "/models/iris/predict", **headers), body)
    finally:
        caller.close()
    assert (status, json.loads(content)["metadata"]["code"]) == ("503", "version-quarantined")
    assert int(dict(found)["retry-after"]) > 3_500


def test_the_service_is_alive_and_ready_and_both_say_which_model_is_not(http: FlaskClient) -> None:
    alive, ready = http.get("/alive"), http.get("/ready")

    assert alive.status_code == ready.status_code == 200
    degraded = alive.json["degraded"]["iris"]
    assert told(degraded) == {"cause": CAUSE}
    assert degraded["version"] == 1
    assert (ready.json["ready"], ready.json["degraded"]) == (True, ["iris"])
    assert told(ready.json["models"]["iris"]) == {"version": 1, "cause": CAUSE}


def test_the_model_is_not_ready_and_says_why(http: FlaskClient) -> None:
    answer = http.get("/models/iris/ready")

    assert answer.status_code == 503
    body = answer.json
    assert told(body) == {"version": 1, "cause": CAUSE}
    assert body == {
        "name": "iris",
        "ready": False,
        "code": "version-quarantined",
        "cause": CAUSE,
        "version": 1,
        "language": "python",
        "workers": 1,
    }
    assert http.get("/v2/models/iris/ready").status_code == 503
    assert http.get("/v2/models/pair/ready").status_code == http.get("/v2/health/ready").status_code == 200


def test_listings_tell_it(http: FlaskClient) -> None:
    listed = http.get("/list").json["properties"]["quarantined"]
    assert list(listed) == ["iris"]
    assert told(listed["iris"]) == {"version": 1, "cause": CAUSE}
    index = {entry["name"]: entry for entry in http.post("/v2/repository/index", json={}, headers=AS_ADMIN).json}
    assert (index["iris"]["state"], index["iris"]["reason"]) == ("UNAVAILABLE", CAUSE)
    assert index["pair"]["state"] == "READY"


def test_metrics_tell_it_and_count_the_refused_requests_as_failed(http: FlaskClient, held: Service) -> None:
    http.get("/models/iris/predict", query_string=FLOWER)

    found = samples(http.get("/metrics").get_data(as_text=True))

    assert found[of("triglot_version_quarantined", model="iris", version="1")] == 1
    assert found[of("triglot_prediction_errors_total", model="iris", version="1", code="version-quarantined")] >= 1
    deaths = {"model": "iris", "version": "1", "pool": "python", "operation": "predict"}
    assert found[of("triglot_worker_deaths_total", **deaths)] >= 2

    held.cases.release()
    found = samples(http.get("/metrics").get_data(as_text=True))
    assert of("triglot_version_quarantined", model="iris", version="1") not in found


def test_what_is_released_is_asked_again_at_once(http: FlaskClient) -> None:
    released = http.post("/release?model=iris", headers=AS_ADMIN)

    assert released.json == {"released": [{"model": "iris", "version": 1}]}
    assert http.get("/models/iris/predict", query_string=FLOWER).status_code == 200
    assert http.get("/models/iris/ready").status_code == 200
    told = http.get("/alive").json
    assert told is not None
    assert "quarantined" not in told.get("degraded", {}).get("iris", {})  # though it ended workers a moment ago
    assert http.post("/release", headers=AS_ADMIN).json == {"released": []}


def test_a_release_names_what_there_is(http: FlaskClient) -> None:
    other = http.post("/release?model=iris&model_version=2", headers=AS_ADMIN)
    assert other.json == {"released": []}
    unknown = http.post("/release?model=rose", headers=AS_ADMIN)
    assert (unknown.status_code, unknown.json["metadata"]["code"]) == (404, "model-not-found")
    for wrong in ("model_version=1", "model=iris&model_version=one"):
        assert http.post(f"/release?{wrong}", headers=AS_ADMIN).status_code == 400
    assert http.post("/release").status_code == 401
    assert http.get("/models/iris/predict", query_string=FLOWER).status_code == 503
    assert http.post("/release", data={"model": "iris", "model_version": "1"}, headers=AS_ADMIN).json["released"]


def test_a_version_that_is_active_no_more_is_told_nowhere(http: FlaskClient, held: Service) -> None:
    held.cases.release()
    for _ in range(2):
        held.cases.died(("iris", 99, "0"), "python", "predict", "")
    assert http.get("/models/iris/ready").status_code == 200
    assert "quarantined" not in http.get("/alive").get_data(as_text=True)
    assert http.get("/models/iris/predict", query_string=FLOWER).status_code == 200
