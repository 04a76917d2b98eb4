"""Content both ways: forms of answers, classes with probabilities, files as bodies, codings, and what is no content."""

import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.bulk.test_conforming import arrow_body
from tests.server.conftest import FLOWER, Open
from tests.server.test_bulk import CLASSES, COLUMNS, FRUIT, IRIS, PROBA, ROWS, SPLIT, csv_body, send
from tests.server.test_encoding import zstd
from triglot.bodies.media import ARROW, ARROW_FILE, CSV, JSON, NDJSON, PARQUET
from triglot.server import encoding
from triglot.server.predict import PredictService

BOTH = f"{IRIS}?proba=true"


def ndjson_body(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def file_body(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table, max_chunksize=100)
    return sink.getvalue()


def parquet_body(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=100)
    return sink.getvalue()


FILES: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    ARROW_FILE: file_body,
    PARQUET: parquet_body,
    NDJSON: ndjson_body,
}


def frame(answer: TestResponse) -> pd.DataFrame:
    """Return an answer of any type as whoever asked for it would read it."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Model-Version"] == "1"
    data = io.BytesIO(answer.data)
    if answer.mimetype == JSON:
        content = answer.json
        split = isinstance(content, dict) and {*content} == {"columns", "data"}
        return pd.DataFrame(**content) if split else pd.DataFrame(content)
    readers: dict[str, Callable[[Any], Any]] = {
        CSV: pd.read_csv,
        ARROW: lambda source: pa.ipc.open_stream(source).read_pandas(),
        ARROW_FILE: lambda source: pa.ipc.open_file(source).read_pandas(),
        PARQUET: pd.read_parquet,
        NDJSON: lambda source: pd.DataFrame(map(orjson.loads, source)),  # pandas' own reader loses digits
    }
    found: pd.DataFrame = readers[answer.mimetype](data)
    return found


FORMS = [*(f"{JSON}; orient={orient}" for orient in ("records", "columns", "split")), CSV, ARROW, *FILES]


@pytest.mark.parametrize("accept", FORMS)
def test_classes_probabilities_and_both_come_in_every_form(http: FlaskClient, accept: str) -> None:
    classes, shares = http.post(IRIS, json=ROWS).json["result"], http.post(PROBA, json=ROWS).json["result"]

    for kind, rows in ((JSON, ROWS), (CSV, ROWS)):
        assert frame(send(http, IRIS, kind, rows, accept)).to_dict("list") == {"prediction": classes}
        apart = frame(send(http, PROBA, kind, rows, accept))
        beside = frame(send(http, BOTH, kind, rows, accept))
        assert list(apart) == CLASSES
        assert list(beside) == ["prediction", *CLASSES]
        np.testing.assert_array_equal(apart, shares)
        np.testing.assert_array_equal(beside[CLASSES], shares)
        assert list(beside["prediction"]) == classes


@pytest.mark.parametrize("accept", FORMS)
def test_no_rows_have_the_columns_of_rows(http: FlaskClient, accept: str) -> None:
    for path, names in ((IRIS, ["prediction"]), (BOTH, ["prediction", *CLASSES])):
        answer = send(http, path, JSON, b"[]", accept)
        assert answer.status_code == 200
        if accept == NDJSON or "records" in accept:
            assert answer.data in (b"", b"[]")
        else:
            assert list(frame(answer)) == names
            assert len(frame(answer)) == 0


def test_several_outputs_and_no_numbers_have_their_places_in_every_form_of_json(http: FlaskClient) -> None:
    rows, pair = [{"mood": 0.0}, {"mood": -1.5}], "/models/pair/predict"

    assert send(http, pair, JSON, rows, f"{JSON};orient=records").json[1] == {
        "prediction_0": -1.5,
        "prediction_1": -3.0,
    }
    assert send(http, pair, JSON, rows, f"{JSON};orient=split").json == {
        "columns": ["prediction_0", "prediction_1"],
        "data": [[0.0, 0.0], [-1.5, -3.0]],
    }
    assert send(http, "/models/moody/predict", JSON, rows, f"{JSON};orient=columns").json == {
        "prediction": [None, None]
    }


def test_the_usual_json_has_a_list_of_probabilities_beside_the_result(http: FlaskClient) -> None:
    apart = http.post(PROBA, json=ROWS).json
    for kind in (JSON, CSV):
        answer = send(http, BOTH, kind, ROWS).json
        assert list(answer) == ["metadata", "result", "probabilities"]
        assert answer["metadata"]["classes"] == CLASSES
        assert answer["result"] == http.post(IRIS, json=ROWS).json["result"]
        assert answer["probabilities"] == apart["result"]
    assert "probabilities" not in http.post(f"{IRIS}?proba=false", json=ROWS).json


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (f"{IRIS}?prob=true", "'prob' is no argument of this route; the query string may have 'proba'"),
        (f"{IRIS}?proba=1", "argument 'proba' must be true or false, not '1'"),
        (f"{PROBA}?proba=true", "'proba' is no argument of this route; it takes no query string"),
        ("/models/moody/predict?proba=true", "is no classifier and has no probabilities"),
        (f"{IRIS}?sepal+length=1", "a POST has its rows in its body, and 'sepal length' is no argument of this route"),
    ],
)
@pytest.mark.parametrize("kind", [JSON, CSV])
def test_a_query_of_a_post_that_nobody_reads_is_told(http: FlaskClient, kind: str, path: str, message: str) -> None:
    answer = send(http, path, kind, [{"mood": 0.0}] if "moody" in path else ROWS)

    assert answer.status_code == 400
    assert message in answer.json["error"]


def test_an_argument_of_a_service_is_its_own_even_where_it_is_called_proba(open_app: Open) -> None:
    http = open_app(services=(PredictService(params=[("proba", "str")], entry_point="/own", model="moody"),))

    answer = http.post("/own?proba=perhaps", json=[{"mood": 0.0}])

    assert answer.json["code"] == "estimator-failed"  # it has come to the model, which knows no such argument
    told = http.post("/own?more=1", json=[{"mood": 0.0}]).json["error"]
    assert "'more' is no argument of this route; the query string may have 'proba'" in told


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
@pytest.mark.parametrize("path", [IRIS, PROBA, "/models/iris/predict/"])
def test_a_body_of_a_get_is_told(http: FlaskClient, path: str, headers: dict[str, str]) -> None:
    answer = http.get(path, query_string=FLOWER, data=b"[]", content_type=JSON, headers=headers)

    assert answer.status_code == 400
    assert "a GET asks for the row in its query string, and has a body here" in answer.json["error"]
    assert http.get(path, query_string=FLOWER, headers={"Content-Length": "0"}).status_code == 200


@pytest.mark.parametrize("kind", FILES)
def test_files_of_other_tools_and_lines_of_json_are_bodies(http: FlaskClient, kind: str) -> None:
    body = FILES[kind](ROWS)

    answer = send(http, IRIS, kind, body)

    assert answer.status_code == 200, answer.text
    assert answer.json["result"] == http.post(IRIS, json=ROWS).json["result"]
    fruit = send(http, "/models/fruit/predict", kind, FILES[kind](FRUIT))
    assert fruit.json["result"] == [2002.25, 7500.0]


@pytest.mark.parametrize("kind", [ARROW_FILE, PARQUET])
def test_what_is_no_file_or_half_of_one_is_refused(http: FlaskClient, kind: str) -> None:
    body = FILES[kind](ROWS)

    for broken in (b"", b"x" * 100, body[:-20], body[: len(body) // 2], body[8:]):
        answer = send(http, IRIS, kind, broken)
        assert answer.status_code == 400, answer.text


def test_the_type_of_an_arrow_file_is_told_where_a_stream_was_said(http: FlaskClient) -> None:
    assert f"say so: Content-Type: {ARROW_FILE}" in send(http, IRIS, ARROW, file_body(ROWS)).json["error"]


@pytest.mark.parametrize(("orient", "body"), [("records", ROWS), ("columns", COLUMNS), ("split", SPLIT)])
def test_a_type_of_json_may_say_how_it_is_arranged(http: FlaskClient, orient: str, body: Any) -> None:
    expected = http.post(IRIS, json=ROWS).json["result"]

    for said in ("records", "columns", "split"):
        answer = http.post(IRIS, data=json.dumps(body), content_type=f"{JSON}; orient={said}")
        if said == orient:
            assert answer.json["result"] == expected
        elif (said, orient) != ("columns", "split"):
            assert f"as the orient={said} of its Content-Type says" in answer.json["error"]
    assert http.post(IRIS, data=b"[]", content_type=f"{JSON}; orient=index").status_code == 415


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (f"{JSON};q=0", 406),
        ("*/*;q=0", 406),
        (f"{JSON};q=0, */*", 200),
        (f"{JSON};orient=index", 406),
        ("text/html;q=1, */*;q=0.01", 200),
        (f"{JSON};q=0.001", 200),
        ("nonsense", 406),
    ],
)
def test_a_type_of_quality_nought_is_never_the_answer(http: FlaskClient, accept: str, status: int) -> None:
    for answer in (
        http.get(IRIS, query_string=FLOWER, headers={"Accept": accept}),
        http.post(IRIS, json=[FLOWER], headers={"Accept": accept}),
    ):
        assert answer.status_code == status
        if "q=0," in accept:
            assert answer.mimetype != JSON


CODINGS = [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstd)]


@pytest.mark.parametrize(("coding", "write"), CODINGS)
def test_bodies_of_every_type_may_be_compressed(
    http: FlaskClient, coding: str, write: Callable[[bytes], bytes]
) -> None:
    expected = http.post(IRIS, json=ROWS).json["result"]
    bodies = {JSON: json.dumps(ROWS).encode(), CSV: csv_body(ROWS), ARROW: arrow_body(pa.Table.from_pylist(ROWS))}
    bodies |= {kind: write_file(ROWS) for kind, write_file in FILES.items()}
    for kind, body in bodies.items():
        answer = http.post(IRIS, data=write(body), content_type=kind, headers={"Content-Encoding": coding})
        assert answer.status_code == 200, answer.text
        assert answer.json["result"] == expected


@pytest.mark.parametrize("kind", [JSON, CSV])
def test_a_compressed_body_that_is_broken_or_of_another_coding_is_told(http: FlaskClient, kind: str) -> None:
    body = gzip.compress(json.dumps(ROWS).encode() if kind == JSON else csv_body(ROWS))
    for content, coding, status, message in (
        (body, "br", 415, "Content-Encoding 'br' is not read here; send one of gzip, deflate, zstd"),
        (body, "gzip, gzip", 415, "is not read here"),
        (body[:-9], "gzip", 400, "the body is not the gzip that Content-Encoding says: it was cut off"),
        (body, "zstd", 400, "the body is not the zstd that Content-Encoding says"),
        (b"plain", "gzip", 400, "the body is not the gzip that Content-Encoding says"),
    ):
        answer = http.post(IRIS, data=content, content_type=kind, headers={"Content-Encoding": coding})
        assert answer.status_code == status, answer.text
        assert message in answer.json["error"]


@pytest.mark.parametrize(("coding", "write"), CODINGS)
@pytest.mark.parametrize("kind", [JSON, CSV, NDJSON, PARQUET])
def test_limits_hold_for_what_a_body_is_when_it_is_inflated(
    open_app: Open, kind: str, coding: str, write: Callable[[bytes], bytes]
) -> None:
    http = open_app(max_body_bytes=100_000, max_bulk_bytes=100_000)
    bomb = write(b"[" + b" " * 2**24)
    assert len(bomb) < 100_000

    answer = http.post(IRIS, data=bomb, content_type=kind, headers={"Content-Encoding": coding})

    assert answer.status_code == 413, answer.text
    assert "100,000 bytes" in answer.json["error"]


INFLATE: dict[str, Callable[[bytes], bytes]] = {
    name: lambda body, name=name: encoding.inflated(body, name, 2**26) for name in encoding.CODINGS
}


@pytest.mark.parametrize("coding", INFLATE)
def test_long_answers_are_compressed_for_whoever_accepts_it_and_short_ones_are_not(
    http: FlaskClient, coding: str
) -> None:
    many = ROWS * 100
    for kind, accept in ((JSON, JSON), (CSV, JSON), (JSON, CSV), (CSV, f"{JSON};orient=records")):
        plain = send(http, PROBA, kind, many, accept)
        headers = {"Accept": accept, "Accept-Encoding": f"{coding}, br"}
        body = csv_body(many) if kind == CSV else json.dumps(many).encode()
        small = http.post(PROBA, data=body, content_type=kind, headers=headers)
        assert small.headers["Content-Encoding"] == coding
        assert "Content-Encoding" not in plain.headers
        assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"
        assert len(small.data) < len(plain.data) / 3
        inflated = INFLATE[coding](small.data)
        if accept == JSON:
            assert orjson.loads(inflated)["result"] == plain.json["result"]
        else:
            assert inflated == plain.data
    short = http.post(PROBA, json=[FLOWER], headers={"Accept-Encoding": coding})
    assert "Content-Encoding" not in short.headers
    assert "Vary" not in short.headers


def test_what_a_caller_does_not_want_compressed_is_sent_as_it_is(http: FlaskClient) -> None:
    for said in ("gzip;q=0", "br", "identity", "*;q=0"):
        answer = http.post(PROBA, json=ROWS * 100, headers={"Accept-Encoding": said})
        assert "Content-Encoding" not in answer.headers
        assert len(answer.json["result"]) == 30_000
    parquet = send(http, PROBA, JSON, ROWS * 100, PARQUET)
    assert "Content-Encoding" not in parquet.headers


@pytest.mark.parametrize("text", ["1_000", "\u0661", " 1", "1 ", "\t1", "1\n", "\uff11"])
def test_numbers_are_those_of_json_and_csv_and_no_others(http: FlaskClient, text: str) -> None:
    row = {name: "1" for name in FLOWER} | {"petal width": text}
    odd = {"фрукт": "Birne", "größe": "1.5", "whole": text, "ripe": "true"}

    for path, rows, field in ((IRIS, [row], "petal width"), ("/models/fruit/predict", [odd], "whole")):
        quoted = ",".join(rows[0]) + "\n" + ",".join(f'"{value}"' for value in rows[0].values()) + "\n"
        answers = [
            http.get(path, query_string=rows[0]),
            http.post(path, json=rows),
            http.post(path, json=rows * 2),
            http.post(path, json={name: [value] for name, value in rows[0].items()}),
            send(http, path, CSV, quoted.encode()),
            send(http, path, ARROW, arrow_body(pa.Table.from_pylist(rows))),
        ]
        for answer in answers:
            assert answer.status_code == 400, (path, answer.text)
            assert answer.json["problems"][0]["field"] == field


@pytest.mark.parametrize("text", ["+1", "1.", ".5", "01", "1e1", "-0.0"])
def test_numbers_as_tools_write_them_are_read(http: FlaskClient, text: str) -> None:
    row = {name: "1" for name in FLOWER} | {"petal width": text}
    answers = [http.get(IRIS, query_string=row), http.post(IRIS, json=[row]), send(http, IRIS, CSV, [row])]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
