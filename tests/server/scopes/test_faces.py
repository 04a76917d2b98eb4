"""Models of scopes for bodies of every type, and for the clients of other servers."""

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from tests.server.test_grpc import Caller, Serving
from triglot.bodies.media import ARROW, ARROW_FILE, CSV, NDJSON, PARQUET
from triglot.server.app import Options, create_app
from triglot.server.grpc.messages import CLASSES
from triglot.serving.service import Service

TABLE = pa.table(
    {"store": ["4", "3", "3", "4"], "price": [1.0, 1.0, 3.0, 2.0], "product": ["tea", "a/b", "tea", "tea"]}
)
ANSWERS = [10.0, 2.0, 3.0, 20.0]
MODELS = {"sales/4/tea": 1, "sales/3/a%2Fb": 1, "sales/3/tea": 1}


def _csv(table: Any) -> bytes:
    lines = [",".join(table.column_names), *(",".join(map(str, row.values())) for row in table.to_pylist())]
    return "\n".join(lines).encode()


def _ndjson(table: Any) -> bytes:
    import orjson

    return b"\n".join(map(orjson.dumps, table.to_pylist()))


def _arrow(make: Callable[..., Any]) -> Callable[[Any], bytes]:
    def written(table: Any) -> bytes:
        sink = io.BytesIO()
        with make(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
        return sink.getvalue()

    return written


def _parquet(table: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


WRITERS: dict[str, Callable[[Any], bytes]] = {
    CSV: _csv,
    NDJSON: _ndjson,
    ARROW: _arrow(pa.ipc.new_stream),
    ARROW_FILE: _arrow(pa.ipc.new_file),
    PARQUET: _parquet,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_rows_of_a_table_of_any_type_name_their_scopes_and_are_answered_in_their_order(
    http: FlaskClient, kind: str
) -> None:
    def ask(table: Any, **more: str) -> Any:
        return http.post("/models/sales/predict", data=WRITERS[kind](table), headers={"Content-Type": kind, **more})

    by_columns = ask(TABLE).get_json()
    assert (by_columns["result"], by_columns["metadata"]["models"]) == (pytest.approx(ANSWERS), MODELS)
    scopes = pa.table({"scope": ["4/tea", "3/a%2Fb", "3/tea", "4/tea"], "price": TABLE["price"]})
    assert ask(scopes).get_json()["result"] == pytest.approx(ANSWERS)
    one = ask(TABLE.filter(pa.array([True, False, False, True])))
    assert (one.get_json()["result"], one.get_json()["metadata"]["model"]) == (pytest.approx([10, 20]), "sales/4/tea")
    text = ask(TABLE.slice(0, 1), Accept="text/csv").get_data(as_text=True)
    assert text.splitlines()[1].startswith("10")
    refused = ask(TABLE, Accept="text/csv")
    assert (refused.status_code, "answers of several scopes are JSON" in refused.get_json()["message"]) == (400, True)


def test_codes_of_dictionaries_and_numbers_are_scopes_too(http: FlaskClient) -> None:
    table = pa.table({"store": pa.array([4, 3], pa.int16()), "product": ["tea", "tea"], "price": [1.0, 1.0]})
    coded = table.set_column(1, "product", table["product"].dictionary_encode())
    got = http.post("/models/sales/predict", data=WRITERS[ARROW](coded), headers={"Content-Type": ARROW})
    assert got.get_json()["result"] == pytest.approx([10, 1])


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"price\n1\n", 400, "say which: ?scope=3/a%2Fb in the query string, or the field 'scope' in each row"),
        (b"store,price\n3,1\n", 400, "row 0, field 'scope': is missing"),
        (b"scope,price\n", 400, "there is no row"),
        (b"", 400, "the body is empty"),
        (b"scope,price\n3/tea,1\n,2\n", 400, "row 1, field 'scope': must be text or a number, not None"),
        (b"scope,price\n3/tea,1\n9/tea,2\n", 400, "row 1, field 'scope': model 'sales' has no scope '9/tea'"),
        (b"scope,price\n9/tea,2\n9/tea,1\n", 404, "has no scope '9/tea'"),
        (b"scope,price\n3/tea,1\n4/tea,2\n3/tea,dear\n", 400, "row 2, field 'price'"),
        (b"scope,price,colour\n3/tea,1,red\n", 400, "field 'colour'"),
        (b"scope,store,product,price\n3/tea,4,tea,1\n", 400, "say another one; leave one out"),
    ],
)
def test_what_is_wrong_with_a_table_of_scopes_is_told_with_its_rows(
    http: FlaskClient, body: bytes, status: int, why: str
) -> None:
    got = http.post("/models/sales/predict", data=body, headers={"Content-Type": CSV})
    assert (got.status_code, why in got.get_json()["message"]) == (status, True), got.get_json()["message"]


def test_a_table_of_scopes_is_read_whole_and_may_have_no_more_than_that(service: Service) -> None:
    small = create_app(service, Options(max_body_bytes=1_000)).test_client()
    csv = {"Content-Type": CSV}
    got = small.post("/models/sales/predict", data=b"scope,price\n" + b"3/tea,1\n" * 500, headers=csv)
    assert (got.status_code, "name it by ?scope=" in got.get_json()["message"]) == (413, True)
    named = small.post("/models/sales/predict?scope=3/tea", data=b"price\n" + b"1\n" * 3_000, headers=csv)
    assert len(named.get_json()["result"]) == 3_000


# --- other servers' clients

ROWS = [{"price": 1.0}, {"price": 2.0}]
SCOPED = [{"store": 4, "product": "tea", "price": 1.0}, {"scope": "3/tea", "price": 5.0}]


def test_kserve_s_first_protocol_asks_scopes(http: FlaskClient) -> None:
    assert "sales" in http.get("/v1/models").get_json()["models"]
    assert http.get("/v1/models/sales").get_json() == {"name": "sales", "ready": True}
    assert http.get("/v1/models/sales%252F4%252Ftea").get_json()["ready"] is True
    one = http.post("/v1/models/sales:predict?scope=4/tea", json={"instances": [[1.0], [2.0]]})
    assert one.get_json() == {"predictions": pytest.approx([10, 20])}
    assert http.post("/v1/models/sales:predict", json={"instances": SCOPED}).get_json()["predictions"] == pytest.approx(
        [10, 5]
    )
    untold = http.post("/v1/models/sales:predict", json={"instances": ROWS})
    assert (untold.status_code, "?scope=3/a%2Fb" in untold.get_json()["error"]) == (400, True)
    assert http.post("/v1/models/sales:predict?scope=9", json={"instances": ROWS}).status_code == 404


def test_mlflow_s_clients_ask_scopes(http: FlaskClient) -> None:
    path = "/models/sales/invocations"
    for body in ({"dataframe_records": SCOPED}, {"instances": SCOPED}):
        assert http.post(path, json=body).get_json()["predictions"] == pytest.approx([10, 5])
    split = {"columns": ["scope", "price"], "data": [["4/tea", 1.0], ["3/tea", 5.0]]}
    assert http.post(path, json={"dataframe_split": split}).get_json()["predictions"] == pytest.approx([10, 5])
    assert http.post(f"{path}?scope=4/tea", json={"inputs": {"price": [1.0]}}).get_json()["predictions"] == [10.0]
    csv = {"Content-Type": CSV}
    assert http.post(path, data="scope,price\n4/tea,1\n3/tea,5\n", headers=csv).get_json() == {
        "predictions": pytest.approx([10, 5])
    }
    assert http.post(f"{path}?scope=4/tea", data="price\n1\n", headers=csv).get_json()["predictions"] == [10.0]
    untold = http.post(path, json={"dataframe_records": ROWS})
    assert (untold.status_code, untold.get_json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "/models/sales/invocations" in http.post("/invocations", json={"inputs": ROWS}).get_json()["message"]


def test_vetiver_s_clients_ask_scopes(http: FlaskClient) -> None:
    assert http.post("/vetiver/sales/predict?scope=4/tea", json=ROWS).get_json() == {".pred": pytest.approx([10, 20])}
    assert http.post("/vetiver/sales/predict", json=SCOPED).get_json() == {".pred": pytest.approx([10, 5])}
    people = [{"person": "a", "price": 4.0}, {"person": "b", "price": 1.0}]
    assert http.post("/vetiver/mood/predict", json=people).get_json() == {".pred_class": ["good", "so"]}
    proba = http.post("/vetiver/mood/predict_proba", json=people[:1]).get_json()
    assert proba.keys() == {".pred_bad", ".pred_good"}
    several = http.post("/vetiver/mood/predict_proba", json=people)
    assert (several.status_code, "each scope has classes of its own" in several.get_json()["message"]) == (422, True)
    assert http.get("/vetiver/sales/ping").get_json()["status"] == "online"
    assert http.get("/vetiver/sales/metadata?scope=4/tea").get_json()["version"] == "1"
    assert "price" in str(http.get("/vetiver/sales/prototype?scope=4/tea").get_json())
    assert http.get("/vetiver/sales/prototype").status_code == 400


def tensors(*prices: float, **parameters: str) -> dict[str, Any]:
    inputs = [{"name": "price", "datatype": "FP64", "shape": [len(prices)], "data": list(prices)}]
    return {"inputs": inputs, **({"parameters": parameters} if parameters else {})}


def test_the_open_inference_protocol_asks_a_scope_by_the_query_string_or_a_parameter(http: FlaskClient) -> None:
    path = "/v2/models/sales"
    for got in (
        http.post(f"{path}/infer?scope=4/tea", json=tensors(1.0, 2.0)),
        http.post(f"{path}/infer", json=tensors(1.0, 2.0, scope="4/tea")),
    ):
        answer = got.get_json()
        assert (answer["model_name"], answer["outputs"][0]["data"]) == ("sales/4/tea", pytest.approx([10, 20]))
    untold = http.post(f"{path}/infer", json=tensors(1.0))
    assert untold.status_code == 400
    assert "?scope=3/a%2Fb in the query string, or the request's parameter 'scope'" in untold.get_json()["error"]
    assert http.post(f"{path}/infer", json=tensors(1.0, scope="9")).status_code == 404
    assert http.post("/v2/models/rest/infer", json=tensors(1.0, scope="9")).status_code == 200  # nobody's there
    assert http.get(f"{path}?scope=4/tea").get_json()["inputs"][0]["name"] == "price"
    assert http.get(path).status_code == 400
    assert http.get(f"{path}/ready").get_json() == {"name": "sales", "ready": True}
    assert http.get("/v2/models/sales%252F4%252Ftea/ready").get_json()["ready"] is True
    assert http.get("/v2/models/sales%252F9/ready").status_code == 404
    assert {"mood", "rest", "sales", "shop"} <= set(http.get("/v2/models").get_json()["models"])
    index = {each["name"]: each for each in http.post("/v2/repository/index", json={"ready": True}).get_json()}
    assert index["sales"] == {
        "name": "sales",
        "version": "0",
        "state": "READY",
        "reason": "3 models of scopes, loaded when they are asked",
    }


def test_grpc_asks_a_scope_by_a_parameter_of_the_request(service: Service) -> None:
    server = Serving(service, Options(timeout_s=60), lambda: None)
    call = Caller(server.port)
    price = {"name": "price", "datatype": "FP64", "shape": [1, 1], "contents": {"fp64_contents": [2.0]}}

    def request(model: str, **parameters: str) -> Any:
        said = {name: {"string_param": value} for name, value in parameters.items()}
        return CLASSES["ModelInferRequest"](model_name=model, inputs=[price], parameters=said)

    try:
        for asked in (request("sales", scope="4/tea"), request("sales/4/tea")):
            answer = call("ModelInfer", asked)
            assert (answer.model_name, list(answer.outputs[0].contents.fp64_contents)) == ("sales/4/tea", [20.0])
        code, told = call.refused("ModelInfer", request("sales"))
        assert (code.name, "the request's parameter 'scope'" in told) == ("INVALID_ARGUMENT", True)
        assert call.refused("ModelInfer", request("sales", scope="9"))[0].name == "NOT_FOUND"
        assert call("ModelReady", CLASSES["ModelReadyRequest"](name="sales")).ready
        assert "sales" in {each.name for each in call("RepositoryIndex").models}
    finally:
        call.close()
        server.close()
