"""The document of a service in OpenAPI: its routes are those of the application, its columns those of its models."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.server.conftest import FLOWER, TIMEOUT_S, Open
from triglot.server import admin
from triglot.server.app import Options, create_app
from triglot.server.context import View
from triglot.server.openapi.document import path_of
from triglot.server.palladium import PredictService
from triglot.server.rules import Rule
from triglot.serving.service import Service
from triglot.store import ModelStore

MODELS = ("fruit", "iris", "ja-nein", "moody", "pair")
MAPPING = [("sl", "float"), ("sw", "float"), ("pl", "float"), ("pw", "float")]


class Overridden(PredictService):
    """Answers in its own way."""

    def params_from_data(self, model: Any, data: Any) -> dict[str, Any]:
        return {}


def own_view() -> str:
    """Say hello.

    To everybody.
    """
    return "hello"


@pytest.fixture
def document(http: FlaskClient) -> dict[str, Any]:
    """Hold the document of a service as it is by default."""
    found: dict[str, Any] = http.get("/openapi.json").json
    return found


@pytest.fixture
def full(service: Service, models: ModelStore) -> Flask:
    """Hold an application with all that a configuration can add."""
    services = (
        PredictService(mapping=MAPPING, entry_point="/mapped", model="iris", params=[("factor", "float")]),
        Overridden(mapping=MAPPING, entry_point="/own", model="iris"),
    )
    rules = (Rule("/hello/<name>", None, own_view), Rule("/refit", "refit", admin.fit, {"methods": ["POST"]}))
    return create_app(
        service, Options(services=services, rules=rules, timeout_s=TIMEOUT_S, admin_token="t"), models.jobs
    )


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def asked(document: dict[str, Any], path: str) -> dict[str, Any]:
    """Return what a body of JSON may be at a path, and its example."""
    found: dict[str, Any] = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    return found


def test_the_document_is_valid_and_so_is_that_of_each_model(full: Flask) -> None:
    http = full.test_client()

    found = http.get("/openapi.json")

    assert found.content_type == "application/json"
    assert found.json["openapi"] == "3.1.0"
    validate(found.json)
    for name in MODELS:
        validate(http.get(f"/models/{quote(name)}/openapi.json").json)


def test_generators_of_clients_find_what_they_want_of_every_list_and_every_body(document: dict[str, Any]) -> None:
    def lists(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict) and part.get("type") in ("array", ["array", "null"]):
            yield part
        for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from lists(each)

    assert [each for each in lists(document) if not {"items", "prefixItems"} & each.keys()] == []
    operations = [(path, each) for path, item in document["paths"].items() for each in item.values()]
    bodies = [(path, each["requestBody"]["content"]) for path, each in operations if "requestBody" in each]
    assert [path for path, content in bodies if not all("schema" in kind for kind in content.values())] == []


def test_every_route_of_an_application_is_in_the_document(full: Flask) -> None:
    named = {name for name, _ in operations(full.test_client().get("/openapi.json").json)}
    routes = [(rule.rule, method) for rule in full.url_map.iter_rules() for method in rule.methods or ()]

    missing = [
        (rule, method)
        for rule, method in routes
        if method not in ("HEAD", "OPTIONS")
        and not named & {f"{method} {path_of(rule)}", f"{method} {path_of(rule.replace('<name>', 'iris'))}"}
    ]

    assert missing == []


def test_no_route_of_the_service_s_own_is_left_to_a_guess(full: Flask) -> None:
    guessed = {
        name
        for name, operation in operations(full.test_client().get("/openapi.json").json)
        if "configuration" in operation["tags"]
    }

    assert guessed == {"GET /hello/{name}"}


def test_a_route_of_the_configuration_is_told_by_its_view(full: Flask) -> None:
    paths = full.test_client().get("/openapi.json").json["paths"]

    assert paths["/hello/{name}"]["get"]["summary"] == "Say hello."
    assert paths["/refit"]["post"]["security"] == [{"bearer": []}]
    assert "400" in paths["/refit"]["post"]["responses"]


def test_a_model_s_own_columns_stand_in_the_document(document: dict[str, Any]) -> None:
    row = document["components"]["schemas"]["fruit.row"]

    assert row["properties"]["фрукт"] == {"type": ["string", "null"], "enum": ["яблоко", "Birne", None]}
    assert row["properties"]["größe"] == {"type": ["number", "null"], "format": "double"}
    assert row["properties"]["whole"]["type"] == "integer"
    assert row["properties"]["ripe"] == {"type": "boolean"}
    assert row["required"] == ["фрукт", "größe", "whole", "ripe"]
    assert row["additionalProperties"] is False


def test_the_query_string_has_a_parameter_a_column_and_no_word_for_what_is_missing(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/models/fruit/predict"]["get"]["parameters"]

    assert [each["name"] for each in parameters] == ["фрукт", "größe", "whole", "ripe"]
    assert parameters[0]["schema"] == {"type": "string", "enum": ["яблоко", "Birne"]}
    assert all(each["required"] for each in parameters)


def test_answers_are_the_model_s_classes_or_numbers(document: dict[str, Any]) -> None:
    def result(path: str) -> Any:
        content = document["paths"][path]["post"]["responses"]["200"]["content"]
        return content["application/json"]["schema"]["properties"]["result"]["items"]

    assert result("/models/ja-nein/predict") == {"type": "string", "enum": ["ja ✓", "нет ✗"]}
    assert result("/models/iris/predict_proba")["minItems"] == 3
    assert "number" in str(result("/models/pair/predict"))
    assert "/models/pair/predict_proba" not in document["paths"]


def test_classes_and_probabilities_of_one_answer_stand_in_the_document(document: dict[str, Any]) -> None:
    def asked(route: str) -> tuple[list[str], dict[str, Any]]:
        post = document["paths"][route]["post"]
        good = post["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
        return [each["name"] for each in post.get("parameters", [])], good

    names, both = asked("/models/iris/predict")
    assert names == ["proba"]
    assert both["probabilities"]["items"]["minItems"] == 3
    for route in ("/models/fruit/predict", "/models/iris/predict_proba"):
        names, one = asked(route)
        assert (names, "probabilities" in one) == ([], False)


@pytest.mark.parametrize("name", MODELS)
def test_the_example_of_a_model_is_a_row_that_it_answers(
    http: FlaskClient, document: dict[str, Any], name: str
) -> None:
    body = asked(document, f"/models/{name}/predict")["example"]

    assert body == [http.get(f"/models/{name}").json["example"]]
    assert http.post(f"/models/{name}/predict", json=body).status_code == 200
    row = document["components"]["schemas"][f"{name}.row"]
    Draft202012Validator(row).validate(body[0])


@pytest.mark.parametrize("name", MODELS)
def test_the_example_is_one_in_csv_and_in_the_query_string_too(
    http: FlaskClient, document: dict[str, Any], name: str
) -> None:
    methods = document["paths"][f"/models/{name}/predict"]
    csv = methods["post"]["requestBody"]["content"]["text/csv"]["example"]
    said = {each["name"]: each["example"] for each in methods["get"]["parameters"]}

    lines = http.post(f"/models/{name}/predict", data=csv.encode(), content_type="text/csv")
    assert lines.status_code == 200
    assert http.get(f"/models/{name}/predict", query_string=said).json["result"] == lines.json["result"][0]


def test_the_example_is_no_row_of_the_training_data(http: FlaskClient, models: ModelStore) -> None:
    golden = models.info("iris").card["golden"]["rows"]

    assert list(http.get("/models/iris").json["example"].values()) not in golden
    assert http.get("/models/iris").json["example"] == dict(zip(FLOWER, (5.8, 3.0, 4.4, 1.3), strict=True))


def test_a_mapping_s_names_stand_where_it_answers_with_the_arguments_beside(full: Flask) -> None:
    http = full.test_client()
    document = http.get("/openapi.json").json

    body = asked(document, "/mapped")["example"]
    assert list(body[0]) == ["sl", "sw", "pl", "pw"]
    assert http.post("/mapped", json=body).status_code == 200
    names = [each["name"] for each in document["paths"]["/mapped"]["get"]["parameters"]]
    assert names == ["sl", "sw", "pl", "pw", "factor"]
    assert "example" not in asked(document, "/own")


def test_a_service_of_one_model_has_its_columns_at_predict(open_app: Open) -> None:
    document = open_app(services=(PredictService(model="iris"),)).get("/openapi.json").json

    assert list(asked(document, "/predict")["example"][0]) == list(FLOWER)


def test_days_times_and_texts_have_their_forms_and_an_example_that_names_nobody(calendar: Service) -> None:
    http = create_app(calendar, Options(timeout_s=TIMEOUT_S)).test_client()
    document = http.get("/openapi.json").json
    row = document["components"]["schemas"]["calendar.row"]
    [example] = asked(document, "/predict")["example"]

    assert example == {
        "day": "2026-01-01",
        "seen": "2026-01-01T00:00:00",
        "sent": "2026-01-01T00:00:00Z",
        "note": "as usual",
        "count": 10,
        "share": 10.0,
    }
    assert row["properties"]["day"] == {"type": "string", "format": "date"}
    assert row["properties"]["sent"]["format"] == "date-time"
    assert (row["properties"]["count"]["format"], row["properties"]["share"]["format"]) == ("int32", "float")
    assert http.post("/predict", json=[example]).json["result"] == [6.0]


def test_the_document_of_one_model_has_its_routes_alone(http: FlaskClient) -> None:
    one = http.get("/models/pair/openapi.json").json

    assert one["info"]["title"] == "pair"
    assert {"/models/pair", "/models/pair/predict", "/models/pair/ready"} <= one["paths"].keys()
    assert all("pair" in path for path in one["paths"])
    assert "/models/pair/predict_proba" not in one["paths"]
    assert [name for name in one["components"]["schemas"] if name.endswith(".row")] == ["pair.row"]
    assert http.get("/models/nobody/openapi.json").status_code == 404


def test_a_change_of_version_changes_the_document(service: Service, models: ModelStore, http: FlaskClient) -> None:
    def version() -> Any:
        return http.get("/models/moody/openapi.json").json["info"]["version"]

    assert version() == "1"
    number = models.write("moody", models.read("moody", 1).artefact)
    models.activate("moody", number)
    service.refresh()
    try:
        assert version() == str(number)
    finally:
        models.activate("moody", 1)
        service.refresh()
    assert version() == "1"


def refused(view: View) -> View:
    return lambda *arguments, **named: Response("no", 403)


def test_what_wraps_a_route_adds_the_answers_of_those_who_are_kept_out(open_app: Open) -> None:
    http = open_app(decorators={"predict_decorators": [refused]})
    paths = http.get("/openapi.json").json["paths"]

    assert {"401", "403", "429"} <= paths["/models/iris/predict"]["post"]["responses"].keys()
    assert "403" not in paths["/list"]["get"]["responses"]


def test_whoever_guards_the_list_guards_what_tells_of_the_models(open_app: Open) -> None:
    http = open_app(decorators={"list_decorators": [refused]})

    for path in ("/models", "/models/iris", "/openapi.json", "/models/iris/openapi.json"):
        assert http.get(path).status_code == 403
    assert http.get("/docs").status_code == 200  # to take a token


def test_a_service_may_keep_typical_values_to_itself(open_app: Open) -> None:
    http = open_app(examples=False)

    assert set(http.get("/models/iris").json["example"].values()) == {0.0}
    assert asked(http.get("/openapi.json").json, "/models/iris/predict")["example"] == [dict.fromkeys(FLOWER, 0.0)]


def test_a_route_of_the_configuration_s_own_stays_where_it_was(service: Service) -> None:
    http = create_app(service, Options(rules=(Rule("/docs", None, own_view),))).test_client()

    assert http.get("/docs").text == "hello"
    assert http.get("/openapi.json").json["paths"]["/docs"]["get"]["summary"] == "Say hello."
