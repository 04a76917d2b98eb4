"""Inference over HTTP: what a request may be, what is answered, and what is told of what is wrong."""

import struct
from typing import Any

import numpy as np
import orjson
import pytest
from flask.testing import FlaskClient

from tests.server.conftest import Open
from tests.server.v2.conftest import COLUMNS, MATRIX, ROWS, Asking, column

# As a client was recorded to send it: 135 bytes of JSON, two rows of four doubles.
RECORDED = (
    b'{"inputs":[{"name":"x","shape":[2,4],"datatype":"FP64","parameters":{"binary_data_size":64}}],'
    b'"parameters":{"binary_data_output":true}}'
) + bytes.fromhex(
    "6666666666661440 0000000000000c40 666666666666f63f 9a9999999999c93f"
    "3333333333331940 0000000000000440 9a99999999991340 000000000000f83f"
)
CLASSES = ["Iris-setosa", "Iris-versicolor"]


@pytest.fixture
def shares(ask: Asking) -> list[float]:
    """The probabilities of the two rows, as the service's own route has them."""
    rows = [dict(zip(COLUMNS, ROWS[start : start + 4], strict=True)) for start in (0, 4)]
    answer = ask.http.post("/models/iris/predict_proba", json=rows)
    return [share for row in answer.json["result"] for share in row]


# --- what is answered


def test_an_answer_in_json_has_all_outputs_flat(ask: Asking, shares: list[float]) -> None:
    answer = ask(MATRIX)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json == {
        "model_name": "iris",
        "model_version": "1",
        "outputs": [
            {"name": "predict", "datatype": "BYTES", "shape": [2, 1], "data": CLASSES},
            {"name": "predict_proba", "datatype": "FP64", "shape": [2, 3], "data": shares},
        ],
    }


def test_the_recorded_bytes_are_answered_in_bytes(ask: Asking, shares: list[float]) -> None:
    assert len(RECORDED) == 199
    answer = ask.send(RECORDED, header=135)
    assert (answer.status_code, answer.content_type) == (200, "application/octet-stream")
    length = int(answer.headers["Inference-Header-Content-Length"])
    told, tail = orjson.loads(answer.data[:length]), answer.data[length:]
    assert told["outputs"] == [
        {"name": "predict", "datatype": "BYTES", "shape": [2, 1], "parameters": {"binary_data_size": 34}},
        {"name": "predict_proba", "datatype": "FP64", "shape": [2, 3], "parameters": {"binary_data_size": 48}},
    ]
    assert tail[:34] == b"\x0b\0\0\0Iris-setosa\x0f\0\0\0Iris-versicolor"
    assert np.frombuffer(tail[34:], "<f8").tolist() == shares


def test_outputs_come_in_the_order_and_the_form_that_is_asked_for(ask: Asking, shares: list[float]) -> None:
    asked = [{"name": "predict_proba", "parameters": {"binary_data": False}}, {"name": "predict"}]
    answer = ask(MATRIX, outputs=asked, parameters={"binary_data_output": True})
    length = int(answer.headers["Inference-Header-Content-Length"])
    assert orjson.loads(answer.data[:length])["outputs"] == [
        {"name": "predict_proba", "datatype": "FP64", "shape": [2, 3], "data": shares},
        {"name": "predict", "datatype": "BYTES", "shape": [2, 1], "parameters": {"binary_data_size": 34}},
    ]
    assert len(answer.data) == length + 34


@pytest.mark.parametrize("outputs", [None, []])
def test_no_outputs_are_all_outputs(ask: Asking, outputs: Any) -> None:
    assert list(ask.outputs(MATRIX, outputs=outputs)) == ["predict", "predict_proba"]


def test_only_what_is_asked_for_is_answered(ask: Asking) -> None:
    assert ask.outputs(MATRIX, outputs=[{"name": "predict"}]) == {"predict": CLASSES}


def test_an_input_a_column_answers_alike(ask: Asking) -> None:
    columns = [column(name, ROWS[place::4]) for place, name in enumerate(COLUMNS)]
    assert ask.outputs(*reversed(columns)) == ask.outputs(MATRIX)


def test_no_rows_have_answers_without_any(ask: Asking) -> None:
    answer = ask({"name": "x", "shape": [0, 4], "datatype": "FP64", "data": []})
    assert [(each["shape"], each["data"]) for each in answer.json["outputs"]] == [([0, 1], []), ([0, 3], [])]
    empty = ask({"name": "x", "shape": [0, 4], "datatype": "FP64", "data": []}, parameters={"binary_data_output": True})
    told = orjson.loads(empty.data)
    assert [each["parameters"] for each in told["outputs"]] == [{"binary_data_size": 0}] * 2
    best = [{"name": "predict_proba", "parameters": {"classification": 2}}]
    assert ask({**MATRIX, "shape": [0, 4], "data": []}, outputs=best).json["outputs"][0]["shape"] == [0, 2]


def test_several_numbers_a_row_are_one_output(ask: Asking) -> None:
    answer = ask(column("mood", [1.0, 2.0]), model="pair")
    assert answer.json["outputs"] == [
        {"name": "predict", "datatype": "FP64", "shape": [2, 2], "data": answer.json["outputs"][0]["data"]}
    ]
    assert len(answer.json["outputs"][0]["data"]) == 4


def test_a_model_of_mixed_columns_is_asked_in_bytes_and_json_at_once(ask: Asking) -> None:
    words = b"\x0c\0\0\0" + "яблоко".encode() + b"\x05\0\0\0Birne"
    sizes = struct.pack("<2f", 1.5, 2.5)
    inputs = [
        {"name": "фрукт", "shape": [2, 1], "datatype": "BYTES", "parameters": {"binary_data_size": len(words)}},
        column("ripe", [True, False], "BOOL"),
        {"name": "größe", "shape": [2, 1], "datatype": "FP32", "parameters": {"binary_data_size": 8}},
        column("whole", [1, 2], "INT8"),
    ]
    mixed = ask(*inputs, model="fruit", tail=words + sizes)
    plain = ask(
        column("фрукт", ["яблоко", "Birne"], "BYTES"),
        column("ripe", [True, False], "BOOL"),
        column("größe", [1.5, 2.5]),
        column("whole", [1, 2], "INT64"),
        model="fruit",
    )
    assert (mixed.status_code, mixed.json["outputs"]) == (200, plain.json["outputs"])


def test_what_a_data_frame_is_made_of_by_another_server_is_read(ask: Asking) -> None:
    words = column("фрукт", ["яблоко"], "BYTES", parameters={"content_type": "str"})
    inputs = [words, column("ripe", [True], "BOOL"), column("größe", [40.0]), column("whole", [1], "INT64")]
    plain = ask.outputs(*inputs, model="fruit")
    assert ask.outputs(*inputs, model="fruit", parameters={"content_type": "pd"}) == plain
    coded = column("фрукт", ["0Y/QsdC70L7QutC+"], "BYTES", parameters={"content_type": "base64"})
    assert ask.outputs(coded, *inputs[1:], model="fruit") == plain
    assert ask.outputs({**words, "parameters": {"content_type": "whatever"}}, *inputs[1:], model="fruit") == plain


@pytest.mark.parametrize("word", [b"NaN", b"null"])
def test_what_is_missing_may_be_nan_in_json(ask: Asking, word: bytes) -> None:
    inputs = [
        column("größe", ["?", 2.5]),
        column("whole", [1, 2], "INT8"),
        column("ripe", [True, True], "BOOL"),
        column("фрукт", ["Birne", "Birne"], "BYTES"),
    ]
    answer = ask.send(orjson.dumps({"inputs": inputs}).replace(b'"?"', word), "fruit")
    assert answer.status_code == 200, answer.text


def test_what_a_model_has_no_number_for_is_null(ask: Asking) -> None:
    assert ask.outputs(column("mood", [0.0, -1.0]), model="moody") == {"predict": [None, None]}


# --- what stands beside


@pytest.mark.parametrize(("sent", "told"), [("my-id 42/\u00fc", "my-id 42/ü"), ("", None), (None, None)])
def test_an_id_comes_back_as_it_was(ask: Asking, sent: Any, told: str | None) -> None:
    answer = ask(MATRIX, id=sent)
    assert answer.json.get("id") == told
    assert answer.headers["X-Request-Id"] != told


def test_unknown_members_parameters_and_queries_are_ignored(ask: Asking) -> None:
    parameters = {"priority": 3, "sequence_id": 7, "mine": "x", "flag": True, "rate": 1.5, "nothing": None}
    answer = ask({**MATRIX, "more": 1}, model_name="other", parameters=parameters, unknown={"a": [1]})
    assert (answer.status_code, answer.json["model_name"]) == (200, "iris")
    body = orjson.dumps({"inputs": [MATRIX], "parameters": None})
    assert ask.http.post("/v2/models/iris/infer?a=1&a=2&b=c+d", data=body).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [None, "application/octet-stream", "application/json", "text/plain", "application/x-www-form-urlencoded"],
)
def test_neither_content_type_nor_accept_matter(ask: Asking, content_type: str | None) -> None:
    body = orjson.dumps({"inputs": [MATRIX]})
    for accept in ("*/*", "application/json, text/xml, application/xml, */*", "text/csv"):
        answer = ask.http.post(
            "/v2/models/iris/infer", data=body, content_type=content_type, headers={"Accept": accept}
        )
        assert (answer.status_code, answer.content_type) == (200, "application/json")


def test_a_version_that_answers_may_be_named(ask: Asking) -> None:
    body = orjson.dumps({"inputs": [MATRIX]})
    for path in ("/v2/models/iris/versions/1/infer", "/v2/models/iris/versions/1/infer/", "/v2/models/iris/infer/"):
        assert ask.http.post(path, data=body).status_code == 200
    for version in ("2", "x"):
        answer = ask.http.post(f"/v2/models/iris/versions/{version}/infer", data=body)
        assert (answer.status_code, answer.json["code"]) == (404, "version-not-found")
        assert "version 1 does" in answer.json["error"]


def test_the_caller_may_set_a_shorter_time_limit(ask: Asking) -> None:
    assert ask(MATRIX, parameters={"timeout": 0}).status_code == 200
    assert ask(MATRIX, parameters={"timeout": 60_000_000}).status_code == 200
    endless = b'{"inputs":[%s],"parameters":{"timeout":%s,"x":NaN}}' % (orjson.dumps(MATRIX), b"9" * 4_000)
    assert ask.send(endless).status_code == 200
    late = ask(MATRIX, parameters={"timeout": 1})  # of two questions the second one comes after it
    assert (late.status_code, late.json["code"]) == (504, "deadline-exceeded")


# --- classification


def test_the_best_classes_are_told_with_share_place_and_name(ask: Asking) -> None:
    asked = [{"name": "predict_proba", "parameters": {"classification": 2}}]
    [output] = ask(MATRIX, outputs=asked).json["outputs"]
    assert output == {
        "name": "predict_proba",
        "datatype": "BYTES",
        "shape": [2, 2],
        "data": [
            "0.957758:0:Iris-setosa",
            "0.042235:1:Iris-versicolor",
            "0.580495:1:Iris-versicolor",
            "0.415141:2:Iris-virginica",
        ],
    }
    asked[0]["parameters"] = {"classification": 9}
    assert ask(MATRIX, outputs=asked).json["outputs"][0]["shape"] == [2, 3]
    asked[0]["parameters"] = {"classification": 0}
    assert ask(MATRIX, outputs=asked).json["outputs"][0]["datatype"] == "FP64"
    asked[0]["parameters"] = {"classification": 1, "binary_data": True}
    assert ask(MATRIX, outputs=asked).data.endswith(b"\x19\0\0\0" + b"0.580495:1:Iris-versicolor"[:25]) is False
    assert ask(MATRIX, outputs=asked).data.endswith(b"\x1a\0\0\x000.580495:1:Iris-versicolor")


def test_what_has_no_classes_has_no_best_ones(ask: Asking) -> None:
    asked = [{"name": "predict", "parameters": {"classification": 2}}]
    for model, given in (("iris", MATRIX), ("moody", column("mood", [1.0]))):
        [(name, _, message)] = ask.problems(given, model=model, outputs=asked)
        assert (name, message.partition(";")[0]) == ("predict", "has no scores of classes")


# --- what is wrong


def test_a_wrong_value_is_named_by_column_and_row(ask: Asking) -> None:
    columns = [column(name, ROWS[place::4]) for place, name in enumerate(COLUMNS)]
    columns[2]["data"] = [1.4, "wide"]
    answer = ask(*columns)
    assert answer.json["problems"] == [{"field": "petal length", "message": "must be a number, not 'wide'", "row": 1}]
    assert "row 1, field 'petal length': must be a number, not 'wide'" in answer.json["error"]


def test_an_unknown_model_is_not_found(ask: Asking) -> None:
    answer = ask(MATRIX, model="nobody")
    assert (answer.status_code, answer.content_type) == (404, "application/json")
    assert "no model 'nobody' is active; active are" in answer.json["error"]


def test_a_name_with_a_slash_is_not_found(ask: Asking) -> None:
    for name in ("a/b", "a%2Fb"):
        answer = ask.http.post(f"/v2/models/{name}/infer", data=b"{}")
        assert (answer.status_code, answer.content_type) == (404, "application/json")
        assert "a model's name has no '/'" in answer.json["error"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"outputs": [{"name": "proba"}]}, "field 'proba': is no output of this model; it has predict, predict_proba"),
        ({"outputs": [{"name": "predict"}] * 2}, "field 'predict': is asked for twice"),
        ({"outputs": {"name": "predict"}}, "'outputs' must be a list"),
        ({"outputs": ["predict"]}, "field 'outputs[0]': must be an object with a 'name'"),
        ({"outputs": [{}]}, "field 'outputs[0]': 'name' must be text, not None"),
        ({"outputs": [{"name": "predict", "parameters": {"binary_data": 1}}]}, "must be true or false, not 1"),
        ({"outputs": [{"name": "predict", "parameters": {"classification": True}}]}, "must be a number of classes"),
        ({"outputs": [{"name": "predict", "parameters": {"classification": -1}}]}, "must be a number of classes"),
        ({"id": 5}, "'id' must be text, not 5"),
        ({"parameters": [1]}, "'parameters' must be an object, not [1]"),
        ({"parameters": {"a": {"b": 1}}}, "parameter 'a' must be text, a number, true or false, not {'b': 1}"),
        ({"parameters": {"timeout": "1"}}, "'timeout' must be a number of microseconds, not '1'"),
        ({"parameters": {"timeout": -1}}, "'timeout' must be a number of microseconds, not -1"),
        ({"parameters": {"binary_data_output": "yes"}}, "'binary_data_output' must be true or false"),
    ],
)
def test_what_stands_beside_the_inputs_is_checked(ask: Asking, members: dict[str, Any], said: str) -> None:
    answer = ask(MATRIX, **members)
    assert answer.status_code == 400
    assert said in answer.json["error"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": 5}, "field 'inputs[0]': 'name' must be text, not 5"),
        ({"shape": None}, "field 'x': 'shape' must be a list of whole numbers from 0, not None"),
        ({"shape": [-1, 4]}, "'shape' must be a list of whole numbers from 0, not [-1, 4]"),
        ({"shape": [2.0, 4]}, "'shape' must be a list"),
        ({"shape": ["2", 4]}, "'shape' must be a list"),
        ({"shape": [True, 4]}, "'shape' must be a list"),
        ({"shape": []}, "has shape [], not [0]"),
        ({"shape": [2, 3]}, "has shape [2, 3], not [rows, 4]"),
        ({"shape": [2, 2, 2]}, "has shape [2, 2, 2], not [rows, 4]"),
        ({"shape": [4611686018427387904, 4]}, "may have 10,000,000 rows"),
        ({"shape": [1, 4]}, "has 8 values where its shape [1, 4] has 4"),
        ({"shape": [3, 4]}, "has 8 values where its shape [3, 4] has 12"),
        ({"datatype": "fp64"}, "'datatype' must be one of BOOL, UINT8"),
        ({"datatype": "STRING"}, "not 'STRING'"),
        ({"datatype": None}, "not None"),
        ({"datatype": "BYTES", "data": ["a"] * 8}, "must be FP64, or another datatype of numbers, not BYTES"),
        ({"data": None}, "must have either 'data' or the parameter 'binary_data_size'"),
        ({"data": 5}, "'data' must be a list of values, not 5"),
        ({"parameters": {"binary_data_size": 64}}, "must have either 'data' or"),
        ({"data": None, "parameters": {"binary_data_size": 64}}, "'binary_data_size' is 64, and 0 bytes are left"),
        ({"data": None, "parameters": {"binary_data_size": "64"}}, "must be a number of bytes, not '64'"),
        ({"data": None, "parameters": {"binary_data_size": -1}}, "must be a number of bytes, not -1"),
        ({"data": None, "parameters": {"binary_data_size": True}}, "must be a number of bytes, not True"),
    ],
)
def test_an_input_is_checked(ask: Asking, changed: dict[str, Any], said: str) -> None:
    answer = ask({**MATRIX, **changed})
    assert answer.status_code == (413 if "10,000,000" in said else 400)
    assert said in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is empty"),
        (b"{", "the body is not JSON"),
        (b"[]", "must be a JSON object, not []"),
        (b'"x"', "must be a JSON object, not 'x'"),
        (b"{}", "'inputs' must be a list of tensors"),
        (b'{"inputs":5}', "'inputs' must be a list of tensors"),
        (b'{"inputs":[5]}', "field 'inputs[0]': must be an object with a 'name', not 5"),
        (b'{"inputs":[]}', "field 'petal width': is missing"),
        (b'{"inputs":"\xff"}', "the body is not JSON"),
        (b'{"inputs":[NaN,}', "the body is not JSON"),
        (b'{"inputs":[' + b"[" * 5_000 + b"NaN", "the body is not JSON"),
        (rb'{"inputs":[{"name":"\ud800","x":NaN}]}', "the body is not JSON"),
        (RECORDED, "raw tensors behind it need the header Inference-Header-Content-Length"),
    ],
)
def test_a_body_that_is_no_request_is_told(ask: Asking, body: bytes, said: str) -> None:
    answer = ask.send(body)
    assert (answer.status_code, answer.content_type) == (400, "application/json")
    assert said in answer.json["error"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("x", "must be a number of bytes, not 'x'"),
        ("-1", "must be a number of bytes, not '-1'"),
        ("", "must be a number of bytes, not ''"),
        ("9" * 5_000, "must be a number of bytes"),
        ("200", "is 200, and the body has 199 bytes"),
        ("0", "raw requests are not taken here"),
        ("134", "the body is not JSON"),
        ("136", "the body is not JSON"),
    ],
)
def test_the_length_of_the_json_is_checked(ask: Asking, header: str, said: str) -> None:
    answer = ask.send(RECORDED, header=header)
    assert answer.status_code == 400
    assert said in answer.json["error"]


def test_bytes_that_are_missing_or_too_many_are_told(ask: Asking) -> None:
    assert "64, and 63 bytes are left" in ask.send(RECORDED[:-1], header=135).json["error"]
    assert "are 1 more bytes" in ask.send(RECORDED + b"\0", header=135).json["error"]
    short = RECORDED.replace(b'"binary_data_size":64', b'"binary_data_size":56')[:-8]
    assert "has 56 bytes where 8 values of FP64 are 64" in ask.send(short, header=135).json["error"]


def test_a_body_beyond_the_limit_is_too_large(open_app: Open) -> None:
    answer = Asking(open_app(max_body_bytes=100)).send(RECORDED, header=135)
    assert (answer.status_code, answer.content_type) == (413, "application/json")
    rows = Asking(open_app(max_bulk_rows=1))(MATRIX)
    assert (rows.status_code, rows.json["code"]) == (413, "too-large")


def test_a_model_that_fails_tells_callers_no_more_than_that(ask: Asking) -> None:
    answer = ask(column("mood", [1.0]), model="moody")
    assert (answer.status_code, answer.content_type) == (500, "application/json")
    assert "the model failed" in answer.json["error"]
    assert "secret" not in answer.text


def test_another_method_is_told_with_those_that_are_allowed(http: FlaskClient) -> None:
    answer = http.get("/v2/models/iris/infer")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")
    assert "use OPTIONS, POST" in answer.json["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/iris/config",
        "/v2/trace/setting",
        "/v2/models/iris/trace/setting",
        "/v2/logging",
        "/v2/systemsharedmemory/status",
        "/v2/cudasharedmemory/status",
        "/v2/models/iris/generate",
        "/v2/models/iris/infer_stream",
    ],
)
def test_what_is_not_here_is_not_found(http: FlaskClient, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/json")
    assert "there is no route" in answer.json["error"]
