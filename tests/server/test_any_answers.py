"""A model that answers any JSON, by every way in which HTTP can ask it: whole where that can be, else a reason."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask import Response
from flask.testing import FlaskClient

from tests.helpers import author_module
from tests.server.conftest import TIMEOUT_S
from triglot.client import rows
from triglot.client.attempts import Got
from triglot.client.calls import _table as of_answer
from triglot.dispatch.blocking import Client
from triglot.server.app import Options, create_app
from triglot.server.payload import json_response
from triglot.server.predict import PredictService
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.training.entry import Terms
from triglot.training.fit_worker import Bench

MODELS = Path(__file__).parents[1] / "models"
SIZES = pd.DataFrame({"size": np.arange(30.0)})
WORDS = np.where(SIZES["size"] > 14, "high", "low")
LOW, HIGH = ({"tag": tag, "near": [size, size / 2], "3": None} for tag, size in (("low", 2.0), ("high", 20.0)))
ROWS = [{"size": 2.0}, {"size": 20}]
TAGS = "/models/tags/predict"


class Backwards(PredictService):
    """Answers in its own words."""

    def response_from_prediction(self, y_pred: Any, single: bool = True) -> Response:
        return json_response({"said": y_pred.tolist(), "single": single})


@pytest.fixture(scope="module")
def any_service(bench: Bench, run_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    store = ModelStore(f"sqlite:///{tmp_path_factory.mktemp('any') / 'models.db'}")
    anything = author_module(MODELS, "anything")
    for name, model in (
        ("tags", anything.Anything("tag")),
        ("network", anything.Network(2)),
        ("holes", anything.Anything("nan_of_7")),
        ("shares", anything.Shares()),
    ):
        made = bench.fit(name, model, SIZES, WORDS, (str(MODELS),), Terms(answers="any"))
        store.activate(name, store.write(name, made.artefact))
    made_service = Service(store, Client(run_dir))
    yield made_service
    made_service.close()
    store.close()


@pytest.fixture
def http(any_service: Service) -> FlaskClient:
    services = (
        PredictService(model="tags", entry_point="/plain", mapping=[("how large", "float")]),
        PredictService(model="shares", entry_point="/shares", predict_proba=True),
        Backwards(model="tags", entry_point="/own", mapping=[("how large", "float")]),
    )
    options = replace(Options(timeout_s=TIMEOUT_S), services=services)
    return create_app(any_service, options).test_client()


def posted(http: FlaskClient, accept: str, path: str = TAGS) -> Any:
    answer = http.post(path, json=ROWS, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    return answer


def test_a_get_a_post_and_no_rows(http: FlaskClient) -> None:
    answer = http.get(f"{TAGS}?size=20").json
    assert answer["result"] == HIGH
    assert answer["metadata"]["answers"] == "any"
    assert http.post(TAGS, json=ROWS).json["result"] == [LOW, HIGH]
    assert http.post(TAGS, json={"size": [2, 20]}).json["result"] == [LOW, HIGH]
    assert http.post(TAGS, json=[]).json["result"] == []
    assert http.post(TAGS, json=[{"size": "wide"}]).status_code == 400


def test_many_callers_at_once_each_get_their_own(http: FlaskClient) -> None:
    def ask(size: int) -> Any:
        return http.application.test_client().post(TAGS, json=[{"size": size}, {"size": size + 0.5}]).json["result"]

    with ThreadPoolExecutor(16) as pool:
        for size, found in enumerate(pool.map(ask, range(200))):
            assert [each["near"][0] for each in found] == [size, size + 0.5]


def test_a_predict_service_maps_names_and_one_with_methods_gets_the_very_answers(http: FlaskClient) -> None:
    given = [{"how large": 2}, {"how large": 20}]
    assert http.post("/plain", json=given).json["result"] == [LOW, HIGH]
    assert http.post("/own", json=given).json == {"said": [LOW, HIGH], "single": False}
    assert http.get("/own?how+large=2").json == {"said": [LOW], "single": True}
    assert http.post("/own", json=[]).json == {"said": [], "single": False}


def test_probabilities_are_what_its_predict_proba_answers(http: FlaskClient) -> None:
    assert http.post("/shares", json=ROWS).json["result"] == [{"high": 0.25}, {"high": 0.75}]
    assert http.get("/models/shares/predict_proba?size=20").json["result"] == {"high": 0.75}
    refused = http.post(f"{TAGS}?proba=true", json=ROWS)
    assert refused.status_code == 400
    assert "ask /models/tags/predict_proba" in refused.json["metadata"]["error_message"]
    assert http.post("/models/tags/predict_proba", json=ROWS).status_code == 400


def test_bulk_forms_have_its_text_and_forms_of_json_the_answer_itself(http: FlaskClient) -> None:
    texts = [json.dumps(each, separators=(",", ":")) for each in (LOW, HIGH)]
    csv = posted(http, "text/csv")
    assert pd.read_csv(io.BytesIO(csv.data))["prediction"].map(json.loads).tolist() == [LOW, HIGH]
    table = pa.ipc.open_stream(posted(http, "application/vnd.apache.arrow.stream").data).read_all()
    assert table["prediction"].to_pylist() == texts
    assert table.schema.field("prediction").metadata == {b"content": b"json"}
    parquet = pq.read_table(io.BytesIO(posted(http, "application/vnd.apache.parquet").data))
    assert parquet["prediction"].to_pylist() == texts
    lines = posted(http, "application/x-ndjson").text.splitlines()
    assert list(map(json.loads, lines)) == [{"prediction": LOW}, {"prediction": HIGH}]
    body = http.post(TAGS, data="size\n2\n20\n", content_type="text/csv").json
    assert body["result"] == [LOW, HIGH]
    empty = http.post(TAGS, json=[], headers={"Accept": "text/csv"})
    assert (empty.status_code, empty.text.strip().strip('"')) == (200, "prediction")


@pytest.mark.parametrize("orient", ["records", "split", "columns"])
def test_json_may_be_arranged_otherwise(http: FlaskClient, orient: str) -> None:
    found = posted(http, f"application/json; orient={orient}").json
    assert (
        found
        == {
            "records": [{"prediction": LOW}, {"prediction": HIGH}],
            "split": {"columns": ["prediction"], "data": [[LOW], [HIGH]]},
            "columns": {"prediction": [LOW, HIGH]},
        }[orient]
    )


def test_the_open_inference_protocol_carries_it_as_text_of_json(http: FlaskClient) -> None:
    [output] = http.get("/v2/models/tags").json["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("predict", "BYTES", [-1, 1])
    body = {"inputs": [{"name": "size", "shape": [2, 1], "datatype": "FP64", "data": [2, 20]}]}
    answer = http.post("/v2/models/tags/infer", json=body)
    assert answer.status_code == 200, answer.text
    [output] = answer.json["outputs"]
    assert (output["datatype"], output["shape"]) == ("BYTES", [2, 1])
    assert list(map(json.loads, output["data"])) == [LOW, HIGH]
    binary = http.post("/v2/models/tags/infer", json=body | {"parameters": {"binary_data_output": True}})
    head = int(binary.headers["Inference-Header-Content-Length"])
    [output] = json.loads(binary.data[:head])["outputs"]
    assert output["datatype"] == "BYTES"
    assert json.loads(binary.data[head + 4 : head + 4 + int.from_bytes(binary.data[head : head + 4], "little")]) == LOW
    wanted = body | {"outputs": [{"name": "predict_proba"}]}
    assert http.post("/v2/models/tags/infer", json=wanted).status_code == 400


def test_mlflow_and_kserves_first_protocol_carry_it_and_vetivers_frames_cannot(http: FlaskClient) -> None:
    split = {"dataframe_split": {"columns": ["size"], "data": [[2], [20]]}}
    assert http.post("/models/tags/invocations", json=split).json == {"predictions": [LOW, HIGH]}
    rows = {"instances": [[2], [20]]}
    assert http.post("/v1/models/tags:predict", json=rows).json["predictions"] == [LOW, HIGH]
    refused = http.post("/vetiver/tags/predict", json=ROWS)
    assert refused.status_code == 422
    assert "ask /models/tags/predict" in refused.json["message"]


def test_a_row_that_has_no_answer_fails_its_own_request_alone(http: FlaskClient) -> None:
    def ask(size: int) -> Any:
        return http.application.test_client().post("/models/holes/predict", json=[{"size": size}])

    with ThreadPoolExecutor(8) as pool:
        for size, answer in enumerate(pool.map(ask, range(14))):
            assert answer.status_code == (500 if size == 7 else 200)
            if size != 7:
                assert answer.json["result"] == [{"share": size}]


def test_documents_and_facts_say_that_it_is_anything(http: FlaskClient) -> None:
    document = http.get("/openapi.json").json
    good = document["paths"]["/models/tags/predict"]["post"]["responses"]["200"]
    result = good["content"]["application/json"]["schema"]["properties"]["result"]
    assert result["items"] == {"description": "Any JSON: whatever the model answers."}
    [facts] = [each for each in http.get("/models").json["models"] if each["name"] == "tags"]
    assert (facts["answers"], facts["classes"], facts["task"]) == ("any", None, "classification")


@pytest.mark.parametrize("accept", [rows.JSON, rows.ARROW])
def test_our_client_gives_the_answers_back_whatever_carried_them(http: FlaskClient, accept: str) -> None:
    answer = posted(http, accept)
    table = of_answer(Got(200, {"content-type": answer.content_type}, answer.data), False)
    assert rows.question(ROWS).give(table, False) == [LOW, HIGH]
    series = rows.question(pd.DataFrame(ROWS, index=["a", "b"])).give(table, False)
    assert (series.index.tolist(), series.tolist(), series.name) == (["a", "b"], [LOW, HIGH], "prediction")
