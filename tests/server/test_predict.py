"""Predict services: what comes in, what goes out, and every way in which a request can be wrong."""

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.server.conftest import FLOWER, Open
from triglot.bodies.media import BODIES
from triglot.errors import ConfigError
from triglot.server.predict import PredictService

IRIS = "/models/iris/predict"
MAPPING = [("sl", "float"), ("sw", "float"), ("pl", "float"), ("pw", "float")]
SHORT = {"sl": 5.2, "sw": 3.5, "pl": 1.5, "pw": 0.2}


def without(field: str) -> dict[str, Any]:
    """Return the flower without one field."""
    return {key: value for key, value in FLOWER.items() if key != field}


def problems(http: FlaskClient, rows: Any, path: str = IRIS) -> list[dict[str, Any]]:
    """Return the problems of a refused POST."""
    answer = http.post(path, json=rows)
    assert answer.status_code == 400, answer.text
    metadata = answer.json["metadata"]
    assert metadata["status"] == "ERROR"
    assert metadata["error_code"] == -1
    assert metadata["code"] == "bad-request"
    assert metadata["error_message"].startswith("BadRequest: the request does not fit the model; ")
    found: list[dict[str, Any]] = metadata["problems"]
    assert all(problem["message"] in metadata["error_message"] for problem in found)
    return found


def test_a_get_is_one_row_and_a_post_a_list(http: FlaskClient) -> None:
    assert http.get(IRIS, query_string=FLOWER).json["result"] == "Iris-setosa"
    assert http.post(IRIS, json=[FLOWER]).json["result"] == ["Iris-setosa"]


def test_the_metadata_begin_as_palladium_s_and_name_who_answered(http: FlaskClient) -> None:
    answer = http.get(IRIS, query_string=FLOWER)

    assert list(answer.json) == ["metadata", "result"]
    assert list(answer.json["metadata"].items())[:5] == [
        ("status", "OK"),
        ("error_code", 0),
        ("model", "iris"),
        ("version", 1),
        ("language", "python"),
    ]
    assert answer.content_type == "application/json; charset=utf-8"


def test_a_repeated_key_counts_once_with_its_first_value(http: FlaskClient) -> None:
    answer = http.get(f"{IRIS}?sepal+length=5.2&sepal+width=3.5&petal+length=1.5&petal+width=0.2&petal+width=9")

    assert answer.json["result"] == "Iris-setosa"


def test_a_list_without_rows_has_no_answers(http: FlaskClient) -> None:
    for path in (IRIS, "/models/iris/predict_proba", "/models/fruit/predict", "/models/pair/predict"):
        answer = http.post(path, json=[])
        assert (answer.status_code, answer.json["result"]) == (200, [])


def test_probabilities_name_their_classes(http: FlaskClient) -> None:
    answer = http.get("/models/iris/predict_proba", query_string=FLOWER).json

    assert answer["metadata"]["classes"] == ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    assert sum(answer["result"]) == pytest.approx(1)
    assert answer["result"][0] > 0.9


def test_a_batch_is_answered_as_its_rows_are(http: FlaskClient) -> None:
    rows = [FLOWER | {"petal length": length / 10} for length in range(10, 70, 7)]

    together = http.post("/models/iris/predict_proba", json=rows).json["result"]

    alone = [http.get("/models/iris/predict_proba", query_string=row).json["result"] for row in rows]
    assert together == [pytest.approx(row, rel=1e-12) for row in alone]


def test_every_kind_of_column_reaches_the_model(http: FlaskClient) -> None:
    rows = [
        {"фрукт": "Birne", "größe": 1.5, "whole": 3, "ripe": True},
        {"ripe": False, "whole": 2.0, "größe": None, "фрукт": "яблоко"},
        {"фрукт": None, "größe": 0, "whole": 1, "ripe": "true"},
    ]

    assert http.post("/models/fruit/predict", json=rows).json["result"] == [3002.5, 2500.25, 1000.5]
    query = {"фрукт": "Birne", "größe": "1.5", "whole": "3", "ripe": "TRUE"}
    assert http.get("/models/fruit/predict", query_string=query).json["result"] == 3002.5


def test_names_and_classes_may_be_of_any_alphabet(http: FlaskClient) -> None:
    answer = http.get("/models/ja-nein/predict", query_string={"größe": 9})
    assert answer.json["result"] == "ja ✓"
    assert "ja ✓".encode() in answer.data

    answer = http.post("/models/ja-nein/predict_proba", json=[{"größe": 1}])
    assert answer.json["metadata"]["classes"] == ["ja ✓", "нет ✗"]

    (problem,) = problems(http, [{"größe": "groß"}], "/models/ja-nein/predict")
    assert problem == {"field": "größe", "message": "must be a number, not the text 'groß'"}


def test_nan_is_null_and_several_outputs_are_a_list(http: FlaskClient) -> None:
    assert http.get("/models/moody/predict?mood=0").json["result"] is None
    assert http.post("/models/moody/predict", json=[{"mood": 0}] * 2).json["result"] == [None, None]
    assert http.post("/models/pair/predict", json=[{"mood": 1}, {"mood": 2}]).json["result"] == [[1, 2], [2, 4]]


def test_head_answers_as_get_without_a_body(http: FlaskClient) -> None:
    answer = http.head(IRIS, query_string=FLOWER)

    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100


def test_a_missing_field_is_named(http: FlaskClient) -> None:
    assert problems(http, [without("petal width")]) == [{"field": "petal width", "message": "is missing"}]

    answer = http.get(IRIS, query_string=without("petal width"))
    assert answer.status_code == 400
    assert answer.json["metadata"]["error_message"].endswith("field 'petal width': is missing")


def test_an_extra_field_is_refused_with_the_name_that_was_meant(http: FlaskClient) -> None:
    assert problems(http, [FLOWER | {"petal widht": 1}]) == [
        {"field": "petal widht", "message": "is not a field of this model; did you mean 'petal width'?"}
    ]
    (problem,) = problems(http, [FLOWER | {"colour": "blue"}])
    assert problem["message"].startswith("is not a field of this model; known fields are 'sepal length', ")


def test_a_misspelt_field_is_told_as_missing_and_as_unknown(http: FlaskClient) -> None:
    found = problems(http, [without("petal width") | {"petal_width": 0.2}])

    assert [problem["field"] for problem in found] == ["petal width", "petal_width"]
    assert "did you mean 'petal width'?" in found[1]["message"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("long", "must be a number, not the text 'long'"),
        ("", "must be a number, not the text ''"),
        ("nan", "must be a finite number, not 'nan'; what is missing must be null (R: toJSON(..., na = 'null'))"),
        ("1e999", "must be a finite number, not '1e999'"),
        (None, "must not be null: the model was fitted to no gaps in this column, or fails on them"),
        (True, "must be a number, not a boolean"),
        ([1], "must be a number, not a list"),
        ({"value": 1}, "must be a number, not an object"),
        (10**18, None),
    ],
)
def test_a_value_that_is_no_number_is_refused(http: FlaskClient, value: Any, message: str | None) -> None:
    row = FLOWER | {"petal width": value}
    if message is None:
        assert http.post(IRIS, json=[row]).status_code == 200
    else:
        assert problems(http, [row]) == [{"field": "petal width", "message": message}]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("whole", 2.5, "must be a whole number, not 2.5: it was one when the model was fitted"),
        ("whole", None, "must not be null: the model was fitted to no gaps in this column, or fails on them"),
        ("ripe", "perhaps", "must be true or false, not 'perhaps'"),
        ("фрукт", "Banane", "'Banane' is none of the levels 'яблоко', 'Birne'"),
        ("фрукт", ["Birne"], "must be a level's text, not a list"),
    ],
)
def test_a_value_of_another_kind_is_refused(http: FlaskClient, field: str, value: Any, message: str) -> None:
    row = {"фрукт": "Birne", "größe": 1.5, "whole": 3, "ripe": True, field: value}

    assert problems(http, [row], "/models/fruit/predict") == [{"field": field, "message": message}]


def test_every_bad_field_of_every_row_is_named_at_once(http: FlaskClient) -> None:
    rows = [FLOWER, FLOWER | {"sepal length": "x", "petal width": None}, without("sepal width"), 7]

    found = [(problem.get("row"), problem["field"]) for problem in problems(http, rows)]

    assert found == [(1, "sepal length"), (1, "petal width"), (2, "sepal width"), (3, "")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "BadRequest: the body is empty; send a JSON list of objects, one a row"),
        (b'[{"sepal length": 5', "BadRequest: the body is not JSON: "),
        (b"[NaN]", "BadRequest: the body is not JSON: "),
        (b"[1e999]", "BadRequest: the body is not JSON: "),
        (b'["\xff"]', "BadRequest: the body is not JSON: "),
        (json.dumps(FLOWER).encode(), "BadRequest: the body must be a JSON list of objects, one a row; put a single"),
        (b'"text"', "BadRequest: the body must be a JSON list of objects"),
        (b"null", "BadRequest: the body must be a JSON list of objects"),
        (b"[" * 5_000 + b"]" * 5_000, "BadRequest: the body is not JSON: "),
    ],
)
def test_a_body_that_is_no_list_is_refused(http: FlaskClient, body: bytes, message: str) -> None:
    answer = http.post(IRIS, data=body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json["metadata"]["error_message"].startswith(message)
    assert "problems" not in answer.json["metadata"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_refused_with_the_type_to_send(http: FlaskClient, content_type: str) -> None:
    answer = http.post(IRIS, data=json.dumps([FLOWER]), content_type=content_type or None)

    assert answer.status_code == 415
    assert answer.json["metadata"]["code"] == "unsupported-media-type"
    said = repr(content_type) if content_type else "nothing"
    assert answer.json["metadata"]["error_message"] == (
        f"BadRequest: send Content-Type: {' or '.join(BODIES)}, not {said}"
    )


@pytest.mark.parametrize("told", [True, False])
def test_a_body_beyond_the_limit_is_refused_whether_its_length_is_told_or_not(open_app: Open, told: bool) -> None:
    http = open_app(max_body_bytes=1_000)
    body = json.dumps([FLOWER] * 100).encode()
    how: dict[str, Any] = {"data": body}
    if not told:  # as a server hands on a chunked body
        how = {"input_stream": io.BytesIO(body), "environ_overrides": {"wsgi.input_terminated": True}}

    answer = http.post(IRIS, content_type="application/json", **how)

    assert answer.status_code == 413
    assert answer.json["metadata"]["error_message"] == (
        "Request Entity Too Large: a body may have 1,000 bytes; send fewer rows at a time"
    )
    assert http.post(IRIS, json=[FLOWER]).status_code == 200


def test_a_short_body_of_untold_length_is_read(http: FlaskClient) -> None:
    answer = http.post(
        IRIS,
        input_stream=io.BytesIO(json.dumps([FLOWER]).encode()),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert answer.json["result"] == ["Iris-setosa"]


def test_an_unknown_model_is_not_found_and_the_known_ones_are_named(http: FlaskClient) -> None:
    answer = http.get("/models/rose/predict", query_string=FLOWER)

    assert answer.status_code == 404
    assert answer.json["metadata"]["code"] == "model-not-found"
    assert answer.json["metadata"]["error_message"] == (
        "no model 'rose' is active; active are 'fruit', 'iris', 'ja-nein', 'moody', 'pair'"
    )


def test_predict_without_a_model_names_the_routes_where_there_are_several(http: FlaskClient) -> None:
    answer = http.get("/predict", query_string=FLOWER)

    assert answer.status_code == 400
    assert "ask one of them: /models/fruit/predict, /models/iris/predict" in answer.json["metadata"]["error_message"]


def test_probabilities_of_a_regression_are_refused(http: FlaskClient) -> None:
    answer = http.get("/models/pair/predict_proba?mood=1")

    assert answer.status_code == 400
    assert answer.json["metadata"]["error_message"] == (
        "BadRequest: model 'pair' is no classifier and has no probabilities"
    )


def test_a_mapping_renames_fields_and_ignores_others(open_app: Open) -> None:
    http = open_app(services=[PredictService(MAPPING, model="iris")])

    assert http.get("/predict", query_string=SHORT | {"colour": "blue"}).json["result"] == "Iris-setosa"
    assert http.post("/predict", json=[SHORT | {"colour": "blue"}]).json["result"] == ["Iris-setosa"]
    answer = http.get("/predict", query_string={**SHORT, "pw": "wide"})
    assert answer.json["metadata"]["problems"] == [{"field": "pw", "message": "must be a number, not the text 'wide'"}]


def test_a_mapping_of_another_length_is_the_operator_s_fault(open_app: Open, caplog: pytest.LogCaptureFixture) -> None:
    http = open_app(services=[PredictService(MAPPING[:2], model="iris")])

    answer = http.get("/predict", query_string=SHORT)

    assert answer.status_code == 500
    assert answer.json["metadata"]["error_message"] == "the service failed; see the log for this request_id"
    assert "maps 2 fields, but model 'iris' was fitted on 4: sepal length, " in caplog.text


def test_params_come_from_the_query_string_by_their_types(open_app: Open) -> None:
    params = [("factor", "float"), ("text", "str"), ("whole", "int"), ("flag", "bool")]
    http = open_app(services=[PredictService(params=params, model="moody")])
    given = {"factor": "0.5", "text": "four", "whole": "3", "flag": "True"}

    assert http.get("/predict", query_string={"mood": 0, **given}).json["result"] == 107.5
    assert http.post("/predict", query_string=given, json=[{"mood": 0}]).json["result"] == [107.5]
    assert http.get("/predict?mood=0&factor=0.5").json["result"] == 0.5
    answer = http.get("/predict?mood=0&whole=2.5")
    assert answer.status_code == 400
    assert answer.json["metadata"]["error_message"] == ("BadRequest: argument 'whole' must be of type int, not '2.5'")


def test_a_service_may_have_a_route_of_its_own_and_answer_probabilities(open_app: Open) -> None:
    http = open_app(services=[PredictService(model="iris", entry_point="/chances", predict_proba=True)])

    answer = http.get("/chances", query_string=FLOWER)

    assert len(answer.json["result"]) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mapping": [("a", "flaot")]}, "'a' is of type 'flaot'; use float, int, str, bool"),
        ({"params": [("a", "date")]}, "'a' is of type 'date'; use float, int, str, bool"),
        ({"entry_point": "chances"}, "entry_point must start with '/'"),
    ],
)
def test_a_service_that_cannot_work_is_refused_when_it_is_made(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PredictService(**arguments)
