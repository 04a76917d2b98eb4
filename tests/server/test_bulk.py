"""Bodies of CSV, Arrow and JSON columns: the same answers as rows of JSON have, as the type that is asked for."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.bulk.test_conforming import arrow_body
from tests.helpers import KEY
from tests.server.conftest import FLOWER, Open
from tests.server.test_predict import MAPPING
from triglot.artefact import seal
from triglot.bodies.media import ARROW, CSV, JSON
from triglot.bodies.media import BODIES as BODY_TYPES
from triglot.server import palladium
from triglot.server.app import Options, create_app
from triglot.server.predict import PredictService
from triglot.server.rules import add_url_rule
from triglot.serving import bulk
from triglot.serving.service import Service
from triglot.store import ModelStore

IRIS, PROBA = "/models/iris/predict", "/models/iris/predict_proba"
NAMES = list(FLOWER)
CLASSES = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
FRUIT = [
    {"фрукт": "яблоко", "größe": 1.5, "whole": 2, "ripe": True},
    {"фрукт": None, "größe": None, "whole": 7, "ripe": False},
]


def flowers(count: int) -> list[dict[str, float]]:
    """Return rows that differ."""
    values = np.random.default_rng(3).uniform(0.1, 7.9, (count, 4)).round(1)
    return [dict(zip(NAMES, row, strict=True)) for row in values.tolist()]


ROWS = flowers(300)


def csv_body(rows: list[dict[str, Any]]) -> bytes:
    """Return rows as CSV."""
    sink = io.BytesIO()
    pyarrow.csv.write_csv(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


BODIES = {
    CSV: csv_body,
    ARROW: lambda rows: arrow_body(pa.Table.from_pylist(rows)),
    JSON: lambda rows: json.dumps(rows).encode(),
}


def send(http: FlaskClient, path: str, kind: str, rows: Any, accept: str = "*/*") -> TestResponse:
    """Return the answer to rows that are sent as this type, or to a body as it is."""
    body = rows if isinstance(rows, bytes) else BODIES[kind](rows)
    return http.post(path, data=body, content_type=kind, headers={"Accept": accept})


def table(answer: TestResponse) -> Any:
    """Return an answer of CSV or Arrow as an Arrow table."""
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    if answer.mimetype == ARROW:
        return pa.ipc.open_stream(answer.data).read_all()
    assert answer.content_type == "text/csv; charset=utf-8; header=present"
    return pyarrow.csv.read_csv(io.BytesIO(answer.data))


@pytest.mark.parametrize("kind", BODIES)
def test_every_type_of_body_gets_the_answer_of_every_type(http: FlaskClient, kind: str) -> None:
    expected = http.post(IRIS, json=ROWS).json["result"]
    probabilities = http.post(PROBA, json=ROWS).json["result"]
    assert len(set(expected)) == 3

    assert send(http, IRIS, kind, ROWS).json["result"] == expected
    assert send(http, PROBA, kind, ROWS).json["result"] == probabilities
    for accept in (CSV, ARROW):
        answer = send(http, IRIS, kind, ROWS, accept)
        assert answer.mimetype == accept
        assert answer.headers["X-Model-Version"] == "1"
        assert table(answer).to_pydict() == {"prediction": expected}
        found = table(send(http, PROBA, kind, ROWS, accept))
        assert found.column_names == CLASSES
        np.testing.assert_array_equal(np.column_stack(found.columns), probabilities)


def test_the_metadata_of_json_are_those_of_rows(http: FlaskClient) -> None:
    rows, columns = http.post(PROBA, json=[FLOWER]).json, send(http, PROBA, CSV, [FLOWER]).json

    assert list(columns) == ["metadata", "result"]
    for answer in (rows, columns):
        answer["metadata"].pop("request_id")
    assert columns == rows


def test_text_labels_are_a_dictionary_in_arrow_and_a_get_can_be_answered_with_it(http: FlaskClient) -> None:
    answer = http.get(IRIS, query_string=FLOWER, headers={"Accept": ARROW})

    column = table(answer).column("prediction").chunk(0)
    assert column.dictionary.to_pylist() == CLASSES
    assert column.to_pylist() == ["Iris-setosa"]


@pytest.mark.parametrize("kind", [CSV, ARROW])
def test_categories_whole_numbers_booleans_and_what_is_missing_come_as_from_json(http: FlaskClient, kind: str) -> None:
    expected = http.post("/models/fruit/predict", json=FRUIT).json["result"]

    assert send(http, "/models/fruit/predict", kind, FRUIT).json["result"] == expected
    assert expected == [2002.25, 7500.0]


def test_several_outputs_are_several_columns_and_what_is_no_number_is_missing(http: FlaskClient) -> None:
    rows = [{"mood": 0.0}, {"mood": -1.5}]

    pair = table(send(http, "/models/pair/predict", JSON, rows, CSV))
    moody = send(http, "/models/moody/predict", ARROW, rows, CSV)

    assert pair.to_pydict() == {"prediction_0": [0.0, -1.5], "prediction_1": [0.0, -3.0]}
    assert moody.data == b'"prediction"\n\n\n'
    assert send(http, "/models/moody/predict", ARROW, rows).json["result"] == [None, None]
    assert table(send(http, "/models/moody/predict", CSV, rows, ARROW)).column(0).null_count == 2


@pytest.mark.parametrize("accept", BODIES)
def test_no_rows_are_answered_with_no_rows(http: FlaskClient, accept: str) -> None:
    for kind, body in (
        (CSV, ",".join(NAMES).encode()),
        (ARROW, arrow_body(pa.table(dict.fromkeys(NAMES, pa.array([], pa.float64()))))),
        (JSON, b"[]"),
    ):
        for path in (IRIS, PROBA):
            answer = send(http, path, kind, body, accept)
            assert answer.json["result"] == [] if accept == JSON else table(answer).num_rows == 0
            if accept != JSON:
                assert table(answer).column_names == (["prediction"] if path == IRIS else CLASSES)


COLUMNS = {name: [row[name] for row in ROWS] for name in NAMES}
SPLIT = {"columns": NAMES, "data": [list(row.values()) for row in ROWS]}


@pytest.mark.parametrize(
    "body",
    [COLUMNS, SPLIT, SPLIT | {"index": list(range(300))}, {"dataframe_split": SPLIT}, {"dataframe_records": ROWS}],
    ids=["list", "split", "split with index", "dataframe_split", "dataframe_records"],
)
def test_json_may_be_columns_as_pandas_and_mlflow_write_them(http: FlaskClient, body: Any) -> None:
    assert http.post(IRIS, json=body).json["result"] == http.post(IRIS, json=ROWS).json["result"]


@pytest.mark.parametrize(
    ("body", "field", "row", "message"),
    [
        (COLUMNS | {"petal width": ["x"] + [1.0] * 299}, "petal width", 0, "must be a number, not the text 'x'"),
        (COLUMNS | {"petal width": [1.0] * 299}, "petal width", None, "has 299 values where another column has 300"),
        (COLUMNS | {"petal width": 1.0}, "petal width", None, "must be a list with a value for each row"),
        (COLUMNS | {"petal length": [None] * 300}, "petal length", 0, "must not be null"),
        ({"sepal length": [1.0]}, "sepal width", None, "is missing"),
        (COLUMNS | {"colour": ["red"] * 300}, "colour", None, "is not a field of this model"),
        (SPLIT | {"data": [[1, 2, 3, 4], [1, 2]]}, "", 1, "must be a list of 4 values, as 'columns' has names"),
        ({"dataframe_split": {"columns": NAMES, "data": [[1, 2, 3, "x"]] * 2}}, "petal width", 0, "must be a number"),
    ],
)
def test_columns_that_do_not_fit_are_named(http: FlaskClient, body: Any, field: str, row: int, message: str) -> None:
    answer = http.post(IRIS, data=json.dumps(body), content_type=JSON)

    assert answer.status_code == 400, answer.text
    problem = answer.json["metadata"]["problems"][0]
    assert (problem["field"], problem.get("row")) == (field, row)
    assert problem["message"].startswith(message)


@pytest.mark.parametrize(
    "body",
    [
        {"columns": "x", "data": []},
        {"columns": ["a", "a"], "data": []},
        {"columns": [1], "data": []},
        {},
        {"a": 1},
        *(
            {wrapper: value}
            for wrapper in ("dataframe_split", "dataframe_records")
            for value in (None, [5], "x", 5, {})
        ),
    ],
)
def test_an_object_that_is_no_table_is_refused(http: FlaskClient, body: Any) -> None:
    answer = http.post(IRIS, json=body)

    assert answer.status_code == 400
    assert answer.json["metadata"]["error_message"].startswith("BadRequest: ")


@pytest.mark.parametrize("kind", [CSV, ARROW])
def test_what_does_not_fit_is_a_400_with_row_and_column_counted_over_the_whole_body(
    http: FlaskClient, kind: str
) -> None:
    text = [{name: str(value) for name, value in row.items()} for row in ROWS * 60]
    text[17_777]["petal width"] = "wide"

    answer = send(http, IRIS, kind, text)

    assert answer.status_code == 400
    assert answer.json["metadata"]["problems"] == [
        {"field": "petal width", "row": 17_777, "message": "must be a number, not the text 'wide'"}
    ]


def test_a_mapping_renames_columns_and_ignores_others(open_app: Open) -> None:
    mapped = PredictService(MAPPING, entry_point="/iris", model="iris", params=[("factor", "float")])
    http = open_app(services=(mapped,))
    rows = [dict(zip(("sl", "sw", "pl", "pw"), row.values(), strict=True)) | {"id": "x"} for row in ROWS]

    for kind in (CSV, ARROW):
        assert send(http, "/iris", kind, rows).json["result"] == send(http, IRIS, kind, ROWS).json["result"]


def test_a_view_that_answers_by_a_predict_service_has_the_limits_of_the_application(open_app: Open) -> None:
    service = PredictService(model="iris")
    rule = add_url_rule("/own", view_func=lambda: palladium.predict(None, service), methods=["POST"])
    http = open_app(rules=(rule,), max_bulk_rows=2)

    assert len(send(http, "/own", CSV, ROWS[:2]).json["result"]) == 2
    assert send(http, "/own", CSV, ROWS[:3]).status_code == 413


def test_a_mapping_names_the_columns_of_the_version_that_answers(
    models: ModelStore, service: Service, tmp_path: Path
) -> None:
    mapped = PredictService(MAPPING, model="one")
    answers = []
    for model, row in (("iris", FLOWER), ("fruit", FRUIT[0])):
        with closing(ModelStore(f"sqlite:///{tmp_path / f'{model}.db'}")) as store:
            store.activate("one", store.write("one", models.read(model).artefact))
            made = Service(store, service._client)
            http = create_app(made, Options(services=[mapped])).test_client()
            fields = dict(zip(dict(MAPPING), row.values(), strict=True))
            answers.append(http.post("/predict", json=[fields]).json["result"])
            made._catalogue.close()

    assert answers == [["Iris-setosa"], [2002.25]]


def test_params_of_the_query_string_hold_for_all_rows(open_app: Open) -> None:
    service = PredictService(params=[("factor", "float")], entry_point="/moody", model="moody")
    http = open_app(services=(service,))

    assert send(http, "/moody?factor=2.5", CSV, [{"mood": 0.0}] * 3).json["result"] == [2.5] * 3


@pytest.mark.parametrize(
    ("content_type", "encoding", "message"),
    [
        ("text/html", None, f"send Content-Type: {' or '.join(BODY_TYPES)}, not 'text/html'"),
        ("application/vnd.apache.arrow", None, "send Content-Type: "),
        ("", None, "send Content-Type: "),
        ("text/csv; charset=latin-1", None, "CSV must be UTF-8, not 'latin-1'"),
        (CSV, "br", "Content-Encoding 'br' is not read here"),
    ],
)
def test_a_body_of_another_type_is_a_415(http: FlaskClient, content_type: str, encoding: str, message: str) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = http.post(IRIS, data=b"a\n1\n", content_type=content_type, headers=headers)

    assert answer.status_code == 415
    assert answer.json["metadata"]["error_message"].startswith(f"BadRequest: {message}")


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_answer_of_another_type_is_a_406_that_lists_the_known_ones(http: FlaskClient, method: str) -> None:
    options: dict[str, Any] = {"query_string": FLOWER} if method == "get" else {"json": [FLOWER]}

    answer = getattr(http, method)(IRIS, headers={"Accept": "image/png"}, **options)

    assert answer.status_code == 406, answer.text
    metadata = answer.json["metadata"]
    assert metadata["code"] == "not-acceptable"
    assert f"the answer may be {JSON}, {CSV}, {ARROW}" in metadata["error_message"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("application/json, text/plain, */*", JSON),
        (f"{CSV}, */*;q=0.1", CSV),
        (f"{JSON};q=0.5, {ARROW}", ARROW),
        ("text/*", CSV),
        ("application/*", JSON),
    ],
)
def test_the_answer_is_what_the_caller_likes_best(http: FlaskClient, accept: str, kind: str) -> None:
    assert http.get(IRIS, query_string=FLOWER, headers={"Accept": accept}).mimetype == kind
    assert send(http, IRIS, JSON, [FLOWER], accept).mimetype == kind


def test_limits_of_rows_and_bytes_are_413s_that_name_them(open_app: Open) -> None:
    http = open_app(max_bulk_rows=200, max_bulk_bytes=20_000, max_body_bytes=5_000)
    some, many = ROWS[:100], ROWS

    for kind in (CSV, ARROW):
        assert send(http, IRIS, kind, some).status_code == 200
        answer = send(http, IRIS, kind, many)
        assert answer.status_code == 413
        assert answer.json["metadata"]["code"] == "too-large"
        assert "a request may have 200 rows; send fewer at a time" in answer.json["metadata"]["error_message"]
        large = send(http, IRIS, kind, ROWS * 10)
        assert large.status_code == 413
        assert "the body may have 20,000 bytes" in large.json["metadata"]["error_message"]
    sink = io.BytesIO()
    whole = pa.Table.from_pylist(many)
    with pa.ipc.new_stream(sink, whole.schema) as stream:
        stream.write_table(whole)
    answer = send(http, IRIS, ARROW, sink.getvalue())
    assert answer.status_code == 413
    assert (
        "a record batch may have 5,000 bytes; write batches of fewer rows" in answer.json["metadata"]["error_message"]
    )


def test_probabilities_of_what_is_no_classifier_are_refused_in_every_type(http: FlaskClient) -> None:
    for kind, accept in ((CSV, JSON), (ARROW, CSV), (JSON, ARROW)):
        answer = send(http, "/models/moody/predict_proba", kind, [{"mood": 0.0}], accept)
        assert answer.status_code == 400
        assert "is no classifier and has no probabilities" in answer.json["metadata"]["error_message"]


def test_a_failure_of_the_model_is_a_500_however_many_rows_were_answered_before(http: FlaskClient) -> None:
    moods = [{"mood": 0.0}] * 40_000 + [{"mood": 1.0}]

    answer = send(http, "/models/moody/predict", CSV, moods, ARROW)

    assert answer.status_code == 500
    assert answer.json["metadata"]["code"] == "estimator-failed"


@pytest.fixture
def whole(models: ModelStore, service: Service, tmp_path: Path) -> Iterator[Service]:
    """Hold a service of the iris model alone, whose answers, it says, depend on the rows beside."""
    artefact = models.read("iris").artefact
    card = {key: value for key, value in artefact.card().items() if key not in ("format", "blob_sha256")}
    with closing(ModelStore(f"sqlite:///{tmp_path / 'models.db'}")) as store:
        store.activate("whole", store.write("whole", seal(card | {"batch": False}, artefact.blob, KEY)))
        made = Service(store, service._client)
        yield made
        made._catalogue.close()


def test_a_model_that_is_not_batched_gets_a_body_whole_or_not_at_all(
    http: FlaskClient, whole: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = bulk.Call.ask
    monkeypatch.setattr(bulk.Call, "ask", lambda call, table: (asked.append(table.rows), ask(call, table))[1])

    def send_whole(rows: Any, most: int) -> TestResponse:
        return send(create_app(whole, Options(max_body_bytes=most)).test_client(), "/predict", CSV, rows)

    answer, parted = send_whole(ROWS * 100, 2_000_000), send(http, IRIS, CSV, ROWS * 100)
    assert asked[0] == 30_000
    assert sum(asked[1:]) == 30_000
    assert len(asked) > 2
    assert answer.json["result"] == parted.json["result"]

    refused = send_whole(ROWS, 2_000)
    assert refused.status_code == 413
    assert "the answers of this model depend on the rows beside" in refused.json["metadata"]["error_message"]


def test_a_service_of_ones_own_methods_reads_json_alone_columns_too(open_app: Open) -> None:
    class Own(PredictService):
        def sample_from_data(self, model: Any, data: Any) -> Any:
            return super().sample_from_data(model, {name: data[name] for name in NAMES})

    http = open_app(services=(Own(entry_point="/own", model="iris"),))

    assert (
        send(http, "/own", JSON, json.dumps(COLUMNS).encode()).json["result"]
        == http.post(IRIS, json=ROWS).json["result"]
    )
    assert send(http, "/own", CSV, ROWS).status_code == 415


def test_only_so_many_large_requests_are_answered_at_a_time(http: FlaskClient) -> None:
    for _ in range(bulk.AT_A_TIME):
        assert bulk._places.acquire(blocking=False)
    try:
        answer = send(http, IRIS, CSV, ROWS)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
    finally:
        bulk._places.release(bulk.AT_A_TIME)
    assert send(http, IRIS, CSV, ROWS).status_code == 200
