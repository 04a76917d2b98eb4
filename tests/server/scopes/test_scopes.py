"""Models of scopes over HTTP: chosen by the query string or by rows, looked up when somebody asks, many of them."""

import asyncio
from typing import Any

import pytest
from flask.testing import FlaskClient
from sklearn.linear_model import LinearRegression

from tests.helpers import until
from tests.server.scopes.conftest import MANY, X, rows
from triglot.server.app import Options, create_app
from triglot.server.asgi import Front
from triglot.serving import families
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench


def test_the_query_string_chooses_a_scope_for_a_row_and_for_a_body(http: FlaskClient) -> None:
    got = http.get("/models/sales/predict?scope=3/tea&price=2").get_json()
    assert got["result"] == pytest.approx(2)
    assert (got["metadata"]["model"], got["metadata"]["version"]) == ("sales/3/tea", 1)
    assert http.get("/models/sales/predict?store=3&product=a/b&price=2").get_json()["result"] == pytest.approx(4)
    body = http.post("/models/sales/predict?scope=4/tea", json=[{"price": 1}, {"price": 2}]).get_json()
    assert body["result"] == pytest.approx([10, 20])


def test_rows_of_several_scopes_are_answered_each_by_its_model_in_order(http: FlaskClient) -> None:
    wanted = rows((4, "tea", 1.0), ("3", "a/b", 1.0), (3.0, "tea", 1.0), (4, "tea", 3.0))
    body = http.post("/models/sales/predict", json=wanted).get_json()
    assert body["result"] == pytest.approx([10, 2, 1, 30])
    assert body["metadata"]["models"] == {"sales/4/tea": 1, "sales/3/a%2Fb": 1, "sales/3/tea": 1}

    columns = {"scope": ["3/tea", "4/tea"], "price": [1.0, 2.0]}
    assert http.post("/models/sales/predict", json=columns).get_json()["result"] == pytest.approx([1, 20])


def test_classes_and_probabilities_of_several_scopes_come_with_each_model_s_classes(http: FlaskClient) -> None:
    wanted = rows(("b", 1.0), ("a", 4.0), columns=("person", "price"))
    body = http.post("/models/mood/predict?proba=true", json=wanted).get_json()
    assert body["result"] == ["so", "good"]
    assert [max(each) > 0.9 for each in body["probabilities"]] == [True, True]
    assert body["metadata"]["classes"] == {"mood/b": ["so", "wow"], "mood/a": ["bad", "good"]}


def test_a_scope_that_there_is_not_is_told_with_those_like_it(http: FlaskClient) -> None:
    got = http.get("/models/sales/predict?scope=3/teas&price=2")
    assert (got.status_code, got.get_json()["code"]) == (404, "model-not-found")
    assert "has no scope '3/teas'; it has 3, the nearest are '3/tea'" in got.get_json()["message"]
    one = http.post("/models/sales/predict", json=rows((5, "tea", 1.0), (5, "tea", 2.0)))
    assert one.status_code == 404

    some = http.post("/models/sales/predict", json=rows((3, "tea", 1.0), (5, "tea", 1.0), (3, "milk", 1.0)))
    assert some.status_code == 400
    assert [problem["row"] for problem in some.get_json()["problems"]] == [1, 2]
    assert "the nearest are" in some.get_json()["problems"][0]["message"]


def test_rows_that_say_no_scope_are_named_and_told_how(http: FlaskClient) -> None:
    got = http.post("/models/sales/predict", json=[{"price": 1.0}, *rows((3, "tea", 1.0)), *rows((None, "tea", 1.0))])
    assert got.status_code == 400
    problems = got.get_json()["problems"]
    assert [(problem["field"], problem["row"]) for problem in problems] == [("scope", 0), ("store", 2)]
    assert "or in each row 'store' and 'product'" in problems[0]["message"]
    assert http.post("/models/sales/predict", json=[]).status_code == 400
    ragged = http.post("/models/sales/predict", json={"scope": ["3/tea"], "price": [1.0, 2.0]})
    assert "lists of one length" in ragged.get_json()["message"]


def test_a_model_answers_otherwise_where_the_configuration_names_one(http: FlaskClient) -> None:
    got = http.get("/models/mood/predict?scope=nobody&price=2").get_json()
    assert got["metadata"]["model"] == "rest"
    assert got["result"] == pytest.approx(200)
    wanted = rows(("c", 1.0), ("a", 1.0), columns=("person", "price"))
    body = http.post("/models/mood/predict", json=wanted).get_json()
    assert body["result"] == [pytest.approx(100), "bad"]


def test_other_types_of_bodies_and_of_answers_have_one_scope(http: FlaskClient) -> None:
    csv = {"Content-Type": "text/csv"}
    got = http.post("/models/sales/predict?scope=4/tea", data="price\n1\n2\n", headers=csv)
    assert got.get_json()["result"] == pytest.approx([10, 20])
    assert "?scope=" in http.post("/models/sales/predict", data="price\n1\n", headers=csv).get_json()["message"]
    several = http.post(
        "/models/sales/predict", json=rows((3, "tea", 1.0), (4, "tea", 1.0)), headers={"Accept": "text/csv"}
    )
    assert several.status_code == 400
    one = http.post("/models/sales/predict", json=rows((4, "tea", 1.0)), headers={"Accept": "text/csv"})
    assert one.get_data(as_text=True).splitlines()[1].startswith("10")


def test_each_scope_is_a_model_of_its_own_for_all_that_name_models(http: FlaskClient) -> None:
    got = http.post("/models/sales%252F3%252Ftea/predict", json=[{"price": 2}]).get_json()
    assert got["result"] == pytest.approx([2])
    assert http.get("/models/sales%252F3%252Ftea").get_json()["fields"][0]["name"] == "price"
    assert http.get("/v2/models/sales%252F3%252Ftea").get_json()["inputs"][0]["name"] == "price"
    assert http.get("/models/sales%252F9%252Ftea").status_code == 404
    assert "sales" in http.get("/predict?scope=3/tea&price=1").get_json()["message"]


def test_what_is_told_of_all_models_has_one_entry_for_a_family(http: FlaskClient) -> None:
    told = {"scopes": 3, "columns": ["store", "product"], "language": "python"}
    assert http.get("/ready").get_json()["families"]["sales"] == told
    ready = http.get("/ready").get_json()
    assert (ready["ready"], list(ready["models"])) == (True, ["rest"])
    models = http.get("/models").get_json()
    assert [model["name"] for model in models["models"]] == ["rest"]
    assert models["families"][2] == {"name": "shop", "scopes": MANY, "columns": ["shop"], "language": "python"}
    assert models["families"][0]["otherwise"] == "rest"
    assert http.get("/models/sales").get_json() == {"name": "sales", **told}
    listed = http.get("/list").get_json()
    assert [each["model"] for each in listed["models"]] == ["rest"]
    assert listed["properties"]["families"]["shop"]["scopes"] == MANY
    document = http.get("/openapi.json").get_json()
    assert {"/models/{name}/predict", "/models/rest/predict"} <= document["paths"].keys()
    parameters = document["paths"]["/models/{name}/predict"]["get"]["parameters"]
    assert {"name", "scope"} <= {parameter["name"] for parameter in parameters}


def test_scopes_are_listed_a_page_at_a_time(http: FlaskClient) -> None:
    first = http.get("/models/shop/scopes?limit=2").get_json()
    assert first == {
        "name": "shop",
        "scopes": [{"scope": "000", "version": 1}, {"scope": "001", "version": 1}],
        "after": "001",
    }
    last = http.get("/models/shop/scopes?limit=1000&after=697").get_json()
    assert ([each["scope"] for each in last["scopes"]], last["after"]) == (["698", "699"], None)
    assert http.get("/models/shop/scopes?limit=0").status_code == 400
    assert http.get("/models/rest/scopes").status_code == 404


def test_a_front_end_and_a_worker_hold_a_bounded_number_of_many_scopes(http: FlaskClient, service: Service) -> None:
    wanted = [{"shop": f"{number:03d}", "price": 1.0} for number in range(0, MANY, 7)]
    body = http.post("/models/shop/predict", json=wanted).get_json()
    assert body["result"] == pytest.approx([10.0] * len(wanted))
    assert all(len(worker.holds) <= 64 for worker in service.workers())
    for number in range(MANY):
        service.served(f"shop/{number:03d}")
    assert len(service._catalogue._families.in_use()) == families.MOST_IN_USE


def test_a_scope_follows_its_active_version_and_one_that_is_taken_out_is_gone(
    http: FlaskClient, store: ModelStore, bench: Bench
) -> None:
    assert http.get("/models/shop/predict?scope=001&price=1").get_json()["metadata"]["version"] == 1
    artefact = bench.fit("shop/001", LinearRegression(), X, X["price"] * 7).artefact
    store.activate("shop/001", store.write("shop/001", artefact, metadata={"scope": {"shop": "001"}}))
    until(lambda: http.get("/models/shop/predict?scope=001&price=1").get_json()["metadata"]["version"] == 2)
    assert http.get("/models/shop/predict?scope=001&price=1").get_json()["result"] == pytest.approx(7)
    store.deactivate("shop/001")
    until(lambda: http.get("/models/shop/predict?scope=001&price=1").status_code == 404)
    store.activate("shop/001", 1)
    until(lambda: http.get("/models/shop/predict?scope=001&price=1").status_code == 200)


def test_the_event_loop_leaves_a_scope_that_it_would_have_to_look_up_to_a_thread(service: Service) -> None:
    front = Front(create_app(service, Options(timeout_s=60)))
    assert service.at_hand("shop/005") is None

    async def asked() -> list[int]:
        return [await _status(front, f"scope={scope}&price=1") for scope in ("005", "005", "x")]

    assert asyncio.run(asked()) == [200, 200, 404]
    assert service.at_hand("shop/005") is not None


async def _status(front: Front, query: str) -> int:
    """Return the status of a GET that goes through the event loop."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/models/shop/predict",
        "raw_path": b"/models/shop/predict",
        "query_string": query.encode(),
        "headers": [(b"host", b"a")],
        "http_version": "1.1",
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await front(scope, receive, send)  # type: ignore[arg-type]
    return int(sent[0]["status"])


def test_predictions_of_scopes_are_counted_together(http: FlaskClient, service: Service) -> None:
    before = service.tallies.totals().get(("sales", 0))
    http.post("/models/sales/predict", json=rows((3, "tea", 1.0), (4, "tea", 1.0), (4, "tea", 2.0)))
    counted = http.get("/v2/models/sales/stats").get_json()["model_stats"]
    assert [(each["name"], each["version"]) for each in counted] == [("sales", "0")]
    assert counted[0]["inference_count"] - (before.rows if before else 0) == 3
