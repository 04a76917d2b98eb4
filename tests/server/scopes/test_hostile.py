"""Scopes as nobody should ask for them: said twice, of no sense, far too long, far too many."""

from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sklearn.linear_model import LinearRegression

from tests.helpers import until
from tests.server.scopes.conftest import MANY, X, rows
from triglot.scope_names import near
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench

CSV = {"Content-Type": "text/csv"}


def told(got: Any) -> tuple[int, str]:
    """Return the number and the text of an error."""
    return got.status_code, got.get_json()["message"]


def test_a_scope_that_is_said_twice_and_not_alike_is_refused_and_the_rows_are_named(http: FlaskClient) -> None:
    wanted = rows((3, "tea", 1.0), (4, "tea", 1.0))
    got = http.post("/models/sales/predict?scope=3/tea", json=wanted)
    assert told(got) == (
        400,
        "BadRequest: the scope is said twice, and not alike; leave one out; row 1, field 'scope': is '4/tea' here, and "
        "'3/tea' beside the rows",
    )
    assert http.post("/models/sales/predict?scope=3/tea", json=wanted[:1]).get_json()["result"] == pytest.approx([1])
    columns = {"scope": ["3/tea", "4/tea"], "price": [1.0, 1.0]}
    assert told(http.post("/models/sales/predict?scope=4/tea", json=columns))[0] == 400
    status, text = told(http.get("/models/sales/predict?scope=3/tea&store=4&product=tea&price=1"))
    assert (status, "'store' and 'product' say another one" in text) == (400, True)
    both = [{"scope": "3/tea", "store": 4, "product": "tea", "price": 1.0}]
    status, text = told(http.post("/models/sales/predict", json=both))
    assert (status, "is '3/tea', and 'store' and 'product' say another one; leave one out" in text) == (400, True)
    gaps = [{"scope": "3/tea", "store": None, "product": "milk", "price": 1.0}, {"scope": None, "price": 1.0}]
    assert http.post("/models/sales/predict", json=gaps[:1]).get_json()["result"] == pytest.approx([1])
    assert http.post("/models/sales/predict?scope=3/tea", json=gaps).get_json()["result"] == pytest.approx([1, 1])
    # two that nobody has a model for are both the rest's
    others = [{"person": "x", "price": 2.0}]
    assert http.post("/models/mood/predict?scope=y", json=others).get_json()["result"] == pytest.approx([200])


@pytest.mark.parametrize(
    ("value", "status", "why"),
    [
        (None, 400, "must be text or a number, not None"),
        ([], 400, "must be text or a number, not []"),
        ({}, 400, "must be text or a number, not {}"),
        ("", 404, "has no scope ''"),
        (True, 404, "has no scope 'true'"),
        (1e300, 404, "has no scope '1000"),
        (-0.0, 404, "has no scope '0'"),
        ("3/../3/tea", 404, "the nearest are '3/tea'"),
        ("3%2Ftea", 404, "has no scope '3%2Ftea'"),
        ("3/a/b", 404, "the nearest are '3/a%2Fb'"),
        ("\0", 404, "has no scope '\\x00'"),
        ("3/te\u0430", 404, "has no scope '3/te\u0430'"),
        ("x" * 5_000_000, 404, "it has 3, and none is like it"),
    ],
)
def test_what_is_no_scope_is_told_and_not_much_of_it(http: FlaskClient, value: Any, status: int, why: str) -> None:
    got = http.post("/models/sales/predict", json=[{"scope": value, "price": 1.0}])
    assert (got.status_code, why in got.get_json()["message"]) == (status, True), got.get_json()["message"][:300]
    assert len(got.data) < 2_000
    if isinstance(value, str) and len(value) < 100:
        by_query = http.get(f"/models/sales/predict?scope={quote(value, safe='')}&price=1")
        assert (by_query.status_code, why in by_query.get_json()["message"]) == (404, True)


def test_bytes_that_are_no_text_are_no_scope_either(http: FlaskClient) -> None:
    for query in ("scope=%ff%fe&price=1", "scope=%ed%a0%80&price=1", "scope&price=1", "scope=&scope=3/tea&price=1"):
        assert http.get(f"/models/sales/predict?{query}").status_code == 404


def test_what_is_too_long_for_a_name_is_compared_with_none() -> None:
    assert near("x" * 201, ["x" * 200]) == []
    assert near("x" * 199, ["x" * 200]) == ["x" * 200]


def test_of_thousands_of_scopes_that_there_are_not_some_are_named_and_the_request_is_one_error(
    http: FlaskClient,
) -> None:
    wanted = [{"shop": f"none{number}", "price": 1.0} for number in range(10_000)]
    got = http.post("/models/shop/predict", json=[{"shop": "001", "price": 1.0}, *wanted])
    problems = got.get_json()["problems"]
    assert (got.status_code, len(problems), problems[0]["row"]) == (400, 50, 1)
    assert "it has 700" in problems[0]["message"]
    assert problems[49]["message"] == "there is none 'none49'"
    assert len(got.data) < 50_000


def test_ten_thousand_distinct_scopes_in_a_row_are_each_answered_or_told(http: FlaskClient, service: Service) -> None:
    answers = [
        http.get(f"/models/shop/predict?scope={number:03d}&price=1").status_code for number in range(0, 2_000, 5)
    ]
    assert answers == [200] * (MANY // 5) + [404] * ((2_000 - MANY) // 5)
    assert http.get("/ready").status_code == 200


def test_many_scopes_in_one_request_have_the_time_of_one_request(service: Service) -> None:
    hurried = create_app(service, Options(timeout_s=1e-9)).test_client()
    got = hurried.post("/models/sales/predict", json=rows((3, "tea", 1.0), (4, "tea", 1.0)))
    assert (got.status_code, got.get_json()["code"]) == (504, "deadline-exceeded")
    assert "0 of 2 models have answered within 1e-09 s" in got.get_json()["message"]
    assert "ask fewer scopes at a time" in got.get_json()["message"]


@pytest.mark.parametrize("path", ["sales", "sales/ready", "sales/openapi.json", "sales/scopes?limit=000001234567"])
def test_a_family_is_no_model_and_says_what_it_is(http: FlaskClient, path: str) -> None:
    got = http.get(f"/models/{path}")
    if path == "sales":
        assert got.get_json()["scopes"] == 3
    elif "limit" in path:
        assert told(got)[0] == 400
    else:
        status, text = told(got)
        assert status == 404
        assert "model 'sales' has a model for each of 3 scopes, such as sales/3/a%2Fb; name one" in text


def test_columns_of_a_family_are_those_of_the_models_that_are_active_now(
    http: FlaskClient, store: ModelStore, bench: Bench
) -> None:
    artefact = bench.fit("tide/a/b", LinearRegression(), X, X["price"]).artefact

    def put(**scope: str) -> None:
        store.activate("tide/a/b", store.write("tide/a/b", artefact, metadata={"scope": scope}))

    put(port="a", month="b")
    asked = [{"port": "a", "month": "b", "price": 2.0}]
    until(lambda: http.post("/models/tide/predict", json=asked).status_code == 200)
    put(month="a", port="b")  # the file of scopes has its columns in another order from now on
    turned = [{"month": "a", "port": "b", "price": 2.0}]
    until(lambda: http.post("/models/tide/predict", json=turned).status_code == 200)
    assert http.get("/models/tide").get_json()["columns"] == ["month", "port"]
    store.deactivate("tide/a/b")
