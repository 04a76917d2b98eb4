"""Versions are listed, loaded and unloaded, by who may."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.helpers import until
from tests.server.conftest import TIMEOUT_S
from tests.server.v2.conftest import MATRIX
from triglot.dispatch.blocking import Client
from triglot.persister import NOT_PROVED
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore

AS_ADMIN = {"Authorization": "Bearer secret"}
Post = Callable[..., TestResponse]


@pytest.fixture
def store(tmp_path: Path, models: ModelStore) -> Iterator[ModelStore]:
    """Hold a store of the test's own with three versions, of which the first is active and the last not proved."""
    made = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    for metadata in ({}, {}, {NOT_PROVED: "it forgot"}):
        made.write("iris", models.read("iris", 1).artefact, metadata=metadata)
    made.activate("iris", 1)
    yield made
    made.close()


@pytest.fixture
def http(store: ModelStore, run_dir: Path) -> Iterator[FlaskClient]:
    service = Service(store, Client(run_dir))
    made = create_app(service, Options(timeout_s=TIMEOUT_S, admin_token="secret"), store.jobs).test_client()
    until(lambda: made.get("/v2/health/ready").status_code == 200)
    yield made
    service.close()


@pytest.fixture
def post(http: FlaskClient) -> Post:
    """Give the function that posts to the repository as the admin."""

    def posted(path: str, body: Any = None, headers: dict[str, str] = AS_ADMIN) -> TestResponse:
        data = b"" if body is None else orjson.dumps(body)
        return http.post(f"/v2/repository/{path}", data=data, headers=headers)

    return posted


def states(post: Post, **asked: bool) -> dict[str, str]:
    answer = post("index", asked or None, {})
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert {entry["name"] for entry in answer.json} <= {"iris"}
    return {entry["version"]: entry["state"] for entry in answer.json}


def test_every_version_is_listed_with_its_state_to_everybody(post: Post) -> None:
    assert states(post) == {"1": "READY", "2": "UNAVAILABLE", "3": "UNAVAILABLE"}
    assert states(post, ready=True) == {"1": "READY"}
    assert states(post, ready=False) == states(post)
    assert post("index", headers={}).json[1]["reason"] == "not active"
    assert post("index", {"ready": 1}).status_code == 400


def test_to_load_is_to_activate_the_newest_that_was_proved_or_the_one_that_is_named(post: Post) -> None:
    loaded = post("models/iris/load", {})
    assert (loaded.status_code, loaded.data, loaded.content_type) == (200, b"", "application/json")
    assert states(post) == {"1": "UNAVAILABLE", "2": "READY", "3": "UNAVAILABLE"}
    for version in ("3", 1):
        assert post("models/iris/load", {"parameters": {"version": version}}).status_code == 200
        assert states(post, ready=True) == {str(version): "READY"}


def test_to_unload_is_to_take_out_of_service_and_the_service_stays_ready(post: Post, http: FlaskClient) -> None:
    unloaded = post("models/iris/unload", {"parameters": {"unload_dependents": False}})
    assert (unloaded.status_code, unloaded.data) == (200, b"")
    assert set(states(post).values()) == {"UNAVAILABLE"}
    for path in ("/v2/health/ready", "/ready"):
        assert http.get(path).status_code == 200
    for path in ("/v2/models/iris", "/v2/models/iris/ready"):
        assert http.get(path).status_code == 404
    assert http.post("/v2/models/iris/infer", json={"inputs": [MATRIX]}).status_code == 404
    assert post("models/iris/unload").status_code == 200  # as it is already
    assert post("models/iris/load").status_code == 200
    assert http.post("/v2/models/iris/infer", json={"inputs": [MATRIX]}).status_code == 200


@pytest.mark.parametrize("what", ["load", "unload"])
def test_nobody_without_the_token_loads_or_unloads(post: Post, what: str) -> None:
    for headers in ({}, {"Authorization": "Bearer other"}):
        answer = post(f"models/iris/{what}", {}, headers)
        assert (answer.status_code, answer.content_type) == (401, "application/json")
        assert answer.headers["WWW-Authenticate"] == "Bearer realm=triglot"
        assert "admin token" in answer.json["error"]
    assert states(post)["1"] == "READY"


def test_what_cannot_be_loaded_is_told(post: Post) -> None:
    for path, body, status, said in (
        ("models/nobody/load", {}, 404, "there is no model 'nobody'"),
        ("models/nobody/unload", {}, 404, "there is no model 'nobody'"),
        ("models/iris/load", {"parameters": {"version": 9}}, 404, "has no version '9'; known versions: 1, 2, 3"),
        ("models/iris/load", {"parameters": {"version": "x"}}, 404, "has no version 'x'"),
        ("models/iris/load", {"parameters": {"config": "{}"}}, 400, "parameter 'config' is not taken"),
        ("models/iris/load", {"parameters": {"file:1/model.onnx": "AA=="}}, 400, "'file:1/model.onnx' is not taken"),
        ("models/iris/load", {"parameters": [1]}, 400, "'parameters' must be an object"),
        ("models/iris/load", [1], 400, "must be a JSON object"),
        ("models/iris/unload", 5, 400, "must be a JSON object"),
    ):
        answer = post(path, body)
        assert (answer.status_code, answer.content_type) == (status, "application/json")
        assert said in answer.json["error"]
    assert states(post)["1"] == "READY"


def test_without_a_token_in_the_configuration_nothing_is_loaded(store: ModelStore, run_dir: Path) -> None:
    service = Service(store, Client(run_dir))
    http = create_app(service, Options()).test_client()
    for what in ("load", "unload"):
        assert http.post(f"/v2/repository/models/iris/{what}", headers=AS_ADMIN).status_code == 404
    assert http.get("/v2/repository/index").status_code == 405
    service.close()


def test_a_service_that_never_had_a_model_is_not_ready(tmp_path: Path, run_dir: Path) -> None:
    empty = ModelStore(f"sqlite:///{tmp_path / 'empty.db'}")
    service = Service(empty, Client(run_dir))
    answer = create_app(service, Options()).test_client().get("/v2/health/ready")
    assert (answer.status_code, answer.json) == (503, {"live": True, "ready": False})
    assert answer.headers["Retry-After"] == "1"
    service.close()
    empty.close()
