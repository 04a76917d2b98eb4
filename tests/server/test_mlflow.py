"""MLflow's routes: four shapes of one body, arguments beside, CSV, and errors with its code."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.server.conftest import FLOWER, Open
from triglot import __version__
from triglot.server.predict import PredictService

NAMES, VALUES = list(FLOWER), list(FLOWER.values())
IRIS = "/models/iris/invocations"
MOODY = "/models/moody/invocations"


def invoked(http: FlaskClient, body: Any, path: str = IRIS) -> Any:
    return http.post(path, json=body)


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": NAMES, "data": [VALUES, VALUES], "index": ["a", "b"]}},
        {"dataframe_records": [FLOWER, FLOWER | {"mood": "good"}]},
        {"inputs": {name: [value, value] for name, value in FLOWER.items()} | {"mood": ["good", "bad"]}},
        {"inputs": [FLOWER, FLOWER]},
        {"inputs": [VALUES, VALUES], "signature_name": "of no account"},
        {"instances": [FLOWER, FLOWER]},
        {"instances": [VALUES, VALUES], "params": None},
        {"instances": [dict(reversed(FLOWER.items()))] * 2, "params": {}},
    ],
)
def test_each_of_the_four_shapes_is_answered_and_what_the_model_does_not_know_is_ignored(
    http: FlaskClient, body: Any
) -> None:
    answer = invoked(http, body)

    assert answer.json == {"predictions": ["Iris-setosa", "Iris-setosa"]}
    assert answer.content_type == "application/json"


def test_an_object_of_single_values_is_one_row_of_inputs(http: FlaskClient) -> None:
    assert invoked(http, {"inputs": FLOWER}).json == {"predictions": ["Iris-setosa"]}


@pytest.mark.parametrize("content", [None, [VALUES], "x", 5, {}, {"columns": NAMES}, {"columns": 1, "data": []}])
@pytest.mark.parametrize("path", [IRIS, "/models/iris/predict"])
def test_a_split_that_is_none_is_the_callers_error_here_and_at_predict(
    http: FlaskClient, path: str, content: Any
) -> None:
    answer = invoked(http, {"dataframe_split": content}, path)

    assert answer.status_code == 400
    assert "'columns'" in answer.json["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "not none of them"),
        ({"inputs": [FLOWER], "instances": [FLOWER]}, "not instances and inputs"),
        ([FLOWER], "must be a JSON object"),
        ("x", "must be a JSON object"),
        ({"dataframe_records": {"a": 1}}, "'dataframe_records' must be a list of objects"),
        ({"instances": FLOWER}, "instances must be a list of rows"),
        ({"inputs": 5}, "inputs must be a list of rows"),
        ({"inputs": [VALUES, VALUES[1:]]}, "row 1, field '': must be a list of 4 values, as the model has columns"),
        ({"inputs": [FLOWER], "params": [1]}, "params must be an object"),
        ({"inputs": [FLOWER], "params": {"k": 1}}, "field 'k': is no argument of this model's predict"),
    ],
)
def test_a_body_of_another_shape_is_refused_with_what_it_must_be(http: FlaskClient, body: Any, message: str) -> None:
    answer = invoked(http, body)

    assert answer.status_code == 400
    assert message in answer.json["message"]


def test_columns_that_are_missing_are_named_in_mlflows_error(http: FlaskClient) -> None:
    answer = invoked(http, {"dataframe_records": [FLOWER, {"sepal length": 1.0}]})

    assert (answer.status_code, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert {"field": "petal width", "message": "is missing", "row": 1} in answer.json["problems"]
    assert "field 'petal width': is missing" in answer.json["message"]


def test_errors_have_mlflows_code_beside_ours_and_no_trace(http: FlaskClient) -> None:
    assert http.post(IRIS, data=b"{", content_type="application/json").json["error_code"] == "BAD_REQUEST"
    assert invoked(http, {}, "/models/rose/invocations").json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    failed = invoked(http, {"inputs": [[1.0]]}, MOODY)
    assert (failed.status_code, failed.json["error_code"]) == (500, "INTERNAL_ERROR")
    assert "hunter2" not in failed.text


def test_the_word_nan_is_a_missing_value_and_an_infinity_is_refused(http: FlaskClient) -> None:
    columns = '{"columns": ["фрукт", "größe", "whole", "ripe"], "data": [["Birne", %s, 1, true]]}'

    def told(word: str) -> Any:
        body = f'{{"dataframe_split": {columns % word}}}'.encode()
        return http.post("/models/fruit/invocations", data=body, content_type="application/json")

    assert told("NaN").json == told("null").json == {"predictions": [1501.0]}
    assert (told("-Infinity").status_code, told("nan").status_code) == (400, 400)
    assert "-Infinity" in told("-Infinity").json["message"]


def test_arguments_that_the_configuration_declares_reach_the_model(open_app: Open) -> None:
    http = open_app(services=(PredictService(model="moody", params=[("factor", "float"), ("text", "str")]),))

    assert invoked(http, {"inputs": [[0]], "params": {"factor": 2, "text": "abc"}}, MOODY).json == {
        "predictions": [5.0]
    }
    refused = invoked(http, {"inputs": [[0]], "params": {"factor": "2"}}, MOODY)
    assert refused.status_code == 400
    assert "field 'factor': must be of type float" in refused.json["message"]


@pytest.mark.parametrize("content_type", ["text/csv", "text/csv; charset=utf-8", "text/csv; charset=UTF-8"])
def test_csv_with_a_header_is_read_and_other_columns_are_ignored(http: FlaskClient, content_type: str) -> None:
    lines = [",".join([*NAMES, "mood"]), *[",".join([*map(str, VALUES), "good"])] * 2]

    answer = http.post(IRIS, data="\n".join(lines).encode(), content_type=content_type)

    assert answer.json == {"predictions": ["Iris-setosa", "Iris-setosa"]}


@pytest.mark.parametrize(
    ("content_type", "said"),
    [
        ("text/plain", "send Content-Type: application/json or text/csv or application/vnd.apache.arrow.stream"),
        ("application/json; charset=latin-1", "no parameter here but charset=utf-8"),
        ("text/csv; delimiter=tab", "no parameter here but charset=utf-8"),
    ],
)
def test_other_types_of_bodies_are_a_415_that_says_what_is_read(
    http: FlaskClient, content_type: str, said: str
) -> None:
    answer = http.post(IRIS, data=b"{}", content_type=content_type)

    assert answer.status_code == 415
    assert said in answer.json["message"]


def test_a_body_without_a_type_is_json_and_one_that_is_compressed_is_a_415(http: FlaskClient) -> None:
    assert http.post(IRIS, data=b'{"inputs": []}').json == {"predictions": []}
    assert http.post(IRIS, data=b"x", headers={"Content-Encoding": "compress"}).status_code == 415


def test_the_root_asks_the_model_that_the_configuration_names_and_else_says_which_there_are(open_app: Open) -> None:
    assert invoked(open_app(mlflow_model="iris"), {"inputs": [VALUES]}, "/invocations").json["predictions"]
    unsaid = invoked(open_app(), {"inputs": [VALUES]}, "/invocations")
    assert unsaid.status_code == 400
    assert "/models/iris/invocations" in unsaid.json["message"]


def test_health_and_version_are_told_without_a_model_and_other_methods_are_405(http: FlaskClient) -> None:
    assert [http.get(path).data for path in ("/ping", "/health")] == [b"\n", b"\n"]
    assert http.get("/version").text == __version__
    assert [http.post("/ping").status_code, http.get(IRIS).status_code] == [405, 405]
    assert http.get(IRIS).headers["Allow"] == "OPTIONS, POST"


def test_a_decorator_around_predictions_is_around_these_too(open_app: Open) -> None:
    def nobody(view: Any) -> Any:
        return lambda *args, **kwargs: ("closed", 403)

    http = open_app(decorators={"predict_decorators": [nobody]})

    paths = (IRIS, "/invocations", "/v1/models/iris:predict", "/vetiver/iris/predict", "/vetiver/iris/predict_proba")
    assert [http.post(path).status_code for path in paths] == [403] * len(paths)
