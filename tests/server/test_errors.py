"""One shape for every error, the right number, and nothing in it that a stranger should not read."""

import logging
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.server.conftest import FLOWER, Open
from triglot import errors
from triglot.bodies.telling import STATUS
from triglot.logs import TextLines
from triglot.server.app import create_app
from triglot.server.errors import register
from triglot.server.route import Route
from triglot.serving.service import Service
from triglot.store import ModelStore

IRIS = "/models/iris/predict"

SECRETS = ("/home/author", "hunter2", "RuntimeError:", "Traceback", "authors.py", "triglot-", ".ipc")


def test_an_unknown_route_is_a_404_that_names_the_known_ones(http: FlaskClient) -> None:
    answer = http.get("/nowhere")

    assert answer.status_code == 404
    assert answer.content_type == "application/json; charset=utf-8"
    metadata = answer.json["metadata"]
    assert (metadata["status"], metadata["error_code"], metadata["code"]) == ("ERROR", -1, "http")
    assert metadata["error_message"].startswith("Not Found: there is no route '/nowhere'; there are /models, ")
    assert "/models/<name>/predict" in metadata["error_message"]
    assert metadata["error_message"].endswith("and all others in /openapi.json")
    assert list(answer.json) == ["metadata", "error", "message", "code"]


def test_clients_of_other_servers_find_text_and_problems_where_they_look(http: FlaskClient) -> None:
    body = http.get("/models/iris/predict?sepal=1").json

    assert body["error"] == body["message"] == body["metadata"]["error_message"]
    assert "field 'sepal': is not a field of this model" in body["error"]
    assert body["code"] == "bad-request"
    assert body["problems"] == body["metadata"]["problems"]


@pytest.mark.parametrize("path", ["/v2/nowhere", "/v1/nowhere"])
def test_clients_that_compare_the_type_as_a_text_get_it_without_parameters(http: FlaskClient, path: str) -> None:
    answer = http.get(path)

    assert (answer.status_code, answer.content_type) == (404, "application/json")
    assert answer.json["error"].startswith("Not Found: there is no route")


def test_a_long_path_is_not_sent_back_whole(http: FlaskClient) -> None:
    assert "x" * 300 not in http.get("/" + "x" * 5_000).text


def test_a_wrong_method_is_a_405_that_names_the_right_ones(http: FlaskClient) -> None:
    answer = http.delete("/models/iris/predict")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert answer.json["metadata"]["error_message"] == (
        "Method Not Allowed: DELETE is not allowed here; use GET, HEAD, OPTIONS, POST"
    )


def test_a_model_that_fails_tells_the_caller_its_class_and_the_log_the_rest(
    http: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = http.get("/models/moody/predict?mood=1", headers={"X-Request-Id": "unlucky-7"})

    assert answer.status_code == 500
    assert answer.json["metadata"] == {
        "status": "ERROR",
        "error_code": -1,
        "error_message": "the model failed (RuntimeError); see the log for this request_id",
        "code": "estimator-failed",
        "request_id": "unlucky-7",
    }
    assert not [secret for secret in SECRETS if secret in answer.text]
    told = "\n".join(TextLines().format(record) for record in caplog.records)
    assert "[unlucky-7 moody 1] estimator-failed: cannot open /home/author/secret.txt" in told
    assert "raise RuntimeError" in told or "in predict" in told


def test_in_debug_the_native_text_and_trace_are_told(open_app: Open) -> None:
    metadata = open_app(debug=True).get("/models/moody/predict?mood=1").json["metadata"]

    assert metadata["error_message"] == "cannot open /home/author/secret.txt with password hunter2"
    assert (metadata["language"], metadata["native_class"]) == ("python", "RuntimeError")
    assert "in predict" in metadata["traceback"]


@pytest.fixture
def failing() -> Flask:
    """Hold an application whose only view raises what the test puts into it."""
    app = Flask("failing", static_folder=None)
    register(app)

    @app.get("/")
    def view() -> str:
        raise app.config["error"]

    return app


def kinds() -> list[type[errors.TriglotError]]:
    """Return every error class of the bridge."""
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.TriglotError)]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.code)
def test_every_error_has_its_status_its_code_and_a_text(failing: Flask, kind: type[errors.TriglotError]) -> None:
    failing.config["error"] = kind("said for the caller, or not")

    answer = failing.test_client().get("/")

    assert answer.status_code == STATUS.get(kind.code, 500)
    metadata = answer.json["metadata"]
    assert metadata["code"] == kind.code
    told = answer.status_code != 500 and kind is not errors.StoreError
    assert ("said for the caller" in metadata["error_message"]) is told
    assert ("Retry-After" in answer.headers) is (answer.status_code == 503)
    assert "problems" not in metadata


def test_problems_stand_in_the_body_one_by_one(failing: Flask) -> None:
    failing.config["error"] = errors.BadRequest(
        "two things", [errors.Problem("a", "is odd", 3), errors.Problem("b", "too")]
    )

    metadata = failing.test_client().get("/").json["metadata"]

    assert metadata["error_message"] == "BadRequest: two things; row 3, field 'a': is odd; field 'b': too"
    assert metadata["problems"] == [
        {"field": "a", "message": "is odd", "row": 3},
        {"field": "b", "message": "too"},
    ]


def test_an_error_that_nobody_thought_of_is_a_500_in_the_same_shape(
    failing: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    failing.config["error"] = ZeroDivisionError("in /secret/place.py")

    answer = failing.test_client().get("/")

    assert answer.status_code == 500
    assert answer.json["metadata"]["error_message"] == "the service failed; see the log"
    assert "secret" not in answer.text
    assert "ZeroDivisionError: in /secret/place.py" in caplog.text


def test_where_the_store_is_stays_in_the_log(
    models: ModelStore, service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "secret-place.db"
    store = ModelStore(f"sqlite:///{path}")
    made = Service(store, service._client)
    store.write("iris", models.read("iris").artefact)
    http = create_app(made).test_client()
    assert http.get("/list").status_code == 200
    path.write_bytes(b"no database")

    with caplog.at_level(logging.ERROR, "triglot"):
        answer = http.get("/list")

    assert answer.status_code == 503
    assert answer.json["code"] == "store"
    assert "secret-place" not in answer.text
    assert "the model store cannot do this at the moment" in answer.json["error"]
    assert "secret-place" in caplog.text
    made._catalogue.close()
    store.close()


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_nobody_expected_has_its_trace_in_the_log(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    def unheard_of(*_: Any) -> None:
        raise KeyError("unheard of")

    monkeypatch.setattr(Route, "_table", unheard_of)

    answer = http.get(IRIS, query_string=FLOWER) if method == "get" else http.post(IRIS, json=[FLOWER])

    assert answer.status_code == 500
    assert "unheard of" not in answer.text
    assert "in unheard_of" in caplog.text
    assert "KeyError: 'unheard of'" in caplog.text


def test_a_caller_s_fault_is_no_error_in_the_log(http: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "triglot"):
        http.get("/models/iris/predict")
        http.get("/nowhere")

    assert caplog.records == []
