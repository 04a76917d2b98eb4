"""KServe's first protocol."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.server.conftest import FLOWER, Open
from triglot.server.rules import Rule

PREDICT = "/v1/models/iris:predict"


@pytest.mark.parametrize("row", [FLOWER, list(FLOWER.values())], ids=["object", "list"])
def test_instances_are_objects_or_lists_in_the_order_of_the_columns(http: FlaskClient, row: Any) -> None:
    answer = http.post(PREDICT, json={"instances": [row, row]})

    assert answer.json == {"predictions": ["Iris-setosa", "Iris-setosa"]}
    assert answer.content_type == "application/json"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty; send a JSON object with the list 'instances'"),
        (b"{", "the body is not JSON"),
        (b"[]", "must be a JSON object with the list 'instances'"),
        (b"{}", "instances must be a list of rows"),
        (b'{"instances": {}}', "instances must be a list of rows"),
        (b'{"instances": [1]}', "must be an object with the fields"),
        (b'{"instances": [{"sepal length": 1}]}', "field 'petal width': is missing"),
        (rb'{"instances": [{"sepal length": NaN, "\ud800": 1}]}', "the body is not JSON"),
        (b'{"instances": [{"sepal length": NaN, "\xed\xa0\x80": 1}]}', "the body is not JSON"),
        (rb'{"instances": [{"sepal length": NaN, "\ud83d\ude00": 1}]}', "field '\U0001f600': is not a field"),
        (b'{"instances": [[1, 2, 3, 4], {}]}', "row 1, field '': must be a list of 4 values"),
    ],
)
def test_other_bodies_are_a_400_whose_error_says_why(http: FlaskClient, body: bytes, message: str) -> None:
    answer = http.post(PREDICT, data=body)

    assert (answer.status_code, answer.content_type) == (400, "application/json")
    assert message in answer.json["error"]


def test_models_and_whether_they_are_ready_are_told(http: FlaskClient) -> None:
    http.post(PREDICT, json={"instances": [FLOWER]})  # so that a worker has it

    assert http.get("/").json == {"status": "alive"}
    assert "iris" in http.get("/v1/models").json["models"]
    assert http.get("/v1/models/iris").json == {"name": "iris", "ready": True}
    unknown = http.get("/v1/models/rose")
    assert unknown.status_code == 404
    assert "rose" in unknown.json["error"]
    assert http.post("/v1/models/rose:predict", json={"instances": []}).status_code == 404


def test_a_route_of_the_configuration_takes_the_place_of_one_of_these(open_app: Open) -> None:
    http = open_app(rules=(Rule("/", "home", lambda: "a page of the author's"),))

    assert http.get("/").text == "a page of the author's"
    assert http.get("/v1/models").status_code == 200


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_who_opens_the_service_in_a_browser_gets_its_page_and_a_client_what_it_looks_for(http: FlaskClient) -> None:
    answer = http.get("/", headers=BROWSER)

    assert (answer.status_code, answer.mimetype, answer.headers["Vary"]) == (200, "text/html", "Accept")
    for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "application/json, text/html"}):
        found = http.get("/", headers=accept)
        assert (found.json, found.headers["Vary"]) == ({"status": "alive"}, "Accept")


def test_without_the_page_a_browser_is_led_to_that_of_the_models(open_app: Open) -> None:
    answer = open_app(page=False).get("/", headers=BROWSER)

    assert (answer.status_code, answer.headers["Location"]) == (302, "docs")
