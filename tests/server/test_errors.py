"""One shape for every error, the right number, and nothing in it that a stranger should not read."""

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.server.conftest import Open
from triglot import errors
from triglot.server.errors import STATUS, register

SECRETS = ("/home/author", "hunter2", "RuntimeError:", "Traceback", "authors.py", "triglot-", ".ipc")


def test_an_unknown_route_is_a_404_that_names_the_known_ones(http: FlaskClient) -> None:
    answer = http.get("/nowhere")

    assert answer.status_code == 404
    assert answer.content_type == "application/json; charset=utf-8"
    metadata = answer.json["metadata"]
    assert (metadata["status"], metadata["error_code"], metadata["code"]) == ("ERROR", -1, "http")
    assert metadata["error_message"].startswith("Not Found: there is no route '/nowhere'; the routes are /alive, /list")
    assert "/models/<name>/predict" in metadata["error_message"]
    assert list(answer.json) == ["metadata"]


def test_a_long_path_is_not_sent_back_whole(http: FlaskClient) -> None:
    assert len(http.get("/" + "x" * 5_000).data) < 1_000


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
    assert "[unlucky-7] estimator-failed: cannot open /home/author/secret.txt" in caplog.text
    assert "raise RuntimeError" in caplog.text or "in predict" in caplog.text


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
    assert ("said for the caller" in metadata["error_message"]) is (answer.status_code != 500)
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


def test_a_caller_s_fault_is_no_error_in_the_log(http: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "triglot"):
        http.get("/models/iris/predict")
        http.get("/nowhere")

    assert caplog.records == []
