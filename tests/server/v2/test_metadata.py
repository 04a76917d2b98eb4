"""What the service and its models say of themselves, and whether they are ready."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers import until
from tests.server.conftest import Open
from triglot import __version__

BARE = "application/json"


def told(http: FlaskClient, path: str) -> Any:
    answer = http.get(path)
    assert (answer.status_code, answer.content_type) == (200, BARE)
    return answer.json


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_says_who_it_is_and_what_it_can(open_app: Open, path: str) -> None:
    extensions = ["binary_tensor_data", "classification", "parameters", "statistics"]
    assert told(open_app(), path) == {"name": "triglot", "version": __version__, "extensions": extensions}
    assert set(told(open_app(admin_token="x"), path)["extensions"]) == {*extensions, "model_repository"}


def test_the_service_lives_and_is_ready_once_its_models_are(http: FlaskClient) -> None:
    for path in ("/v2/health/live", "/v2/health/live/"):
        assert told(http, path) == {"live": True}
    until(lambda: http.get("/v2/health/ready").status_code == 200)
    assert told(http, "/v2/health/ready") == {"live": True, "ready": True}
    for path in ("/v2/models/iris/ready", "/v2/models/iris/versions/1/ready", "/v2/models/iris/ready/"):
        assert told(http, path) == {"name": "iris", "ready": True}


def test_a_model_says_its_columns_and_its_outputs(http: FlaskClient) -> None:
    assert told(http, "/v2/models/fruit") == {
        "name": "fruit",
        "versions": ["1"],
        "platform": "triglot_python",
        "inputs": [
            {
                "name": "фрукт",
                "datatype": "BYTES",
                "shape": [-1, 1],
                "parameters": {
                    "kind": "category",
                    "nullable": True,
                    "content_type": "str",
                    "levels": ["яблоко", "Birne"],
                },
            },
            _input("größe", "FP64", kind="float64", nullable=True),
            _input("whole", "INT64", kind="int64", nullable=False),
            _input("ripe", "BOOL", kind="bool", nullable=False),
        ],
        "outputs": [{"name": "predict", "datatype": "FP64", "shape": [-1, 1]}],
    }


def _input(name: str, datatype: str, **parameters: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1, 1], "parameters": parameters}


def test_a_classifier_has_probabilities_in_the_order_of_its_classes(http: FlaskClient) -> None:
    classes = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    for path in ("/v2/models/iris", "/v2/models/iris/", "/v2/models/iris/versions/1"):
        assert told(http, path)["outputs"] == [
            {"name": "predict", "datatype": "BYTES", "shape": [-1, 1], "parameters": {"classes": classes}},
            {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 3], "parameters": {"classes": classes}},
        ]
    assert told(http, "/v2/models/pair")["outputs"][0]["shape"] == [-1, 2]


@pytest.mark.parametrize("suffix", ["", "/ready"])
def test_what_is_not_there_is_not_found(http: FlaskClient, suffix: str) -> None:
    for path, code in (
        ("/v2/models/nobody", "model-not-found"),
        ("/v2/models/iris/versions/2", "version-not-found"),
        ("/v2/models/iris/versions/one", "version-not-found"),
    ):
        answer = http.get(path + suffix)
        assert (answer.status_code, answer.content_type, answer.json["code"]) == (404, BARE, code)
        assert answer.json["error"]
    assert http.get("/v2/models/stats/ready").status_code == 404  # `stats` is no model's name here


def test_the_models_are_listed(http: FlaskClient) -> None:
    assert told(http, "/v2/models")["models"] == ["fruit", "iris", "ja-nein", "moody", "pair"]
    assert http.head("/v2").status_code == 200
