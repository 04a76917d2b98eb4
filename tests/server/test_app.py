"""The application: its routes, its decorators, its request ids."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.server.conftest import FLOWER, Open
from triglot.decorators import use_decorators
from triglot.errors import ConfigError
from triglot.server.access.door import DOOR
from triglot.server.palladium import create_predict_function
from triglot.server.palladium import list as list_
from triglot.server.predict import PredictService
from triglot.server.rules import add_url_rule

IRIS = "/models/iris/predict"


@pytest.mark.parametrize("given", ["abc.DEF-1", "a" * 128, "2026:11:21_x"])
def test_a_good_request_id_is_echoed_in_header_and_body(http: FlaskClient, given: str) -> None:
    answer = http.get(IRIS, query_string=FLOWER, headers={"X-Request-Id": given})

    assert answer.headers["X-Request-Id"] == given
    assert answer.json["metadata"]["request_id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a/b", "<script>", "a" * 129, "ä"])
def test_a_bad_request_id_is_replaced(http: FlaskClient, given: str) -> None:
    answer = http.get(IRIS, query_string=FLOWER, headers={"X-Request-Id": given})

    assert answer.headers["X-Request-Id"] not in ("", given)
    assert len(answer.headers["X-Request-Id"]) == 32
    assert answer.json["metadata"]["request_id"] == answer.headers["X-Request-Id"]


def test_two_requests_have_two_ids(http: FlaskClient) -> None:
    assert http.get("/alive").headers["X-Request-Id"] != http.get("/alive").headers["X-Request-Id"]


def test_an_error_carries_the_request_id_too(http: FlaskClient) -> None:
    answer = http.get("/nowhere", headers={"X-Request-Id": "mine"})

    assert answer.headers["X-Request-Id"] == "mine"
    assert answer.json["metadata"]["request_id"] == "mine"


def test_a_slash_at_the_end_changes_nothing(http: FlaskClient) -> None:
    assert http.get(f"{IRIS}/", query_string=FLOWER).json["result"] == "Iris-setosa"
    assert http.get("/alive/").status_code == 200


@pytest.mark.parametrize("path", ["/models//predict", "/models/iris//predict", "/alive//"])
def test_nobody_is_sent_to_another_address_for_two_slashes(http: FlaskClient, path: str) -> None:
    answer = http.get(path, headers={"Host": "elsewhere.example"})

    assert (answer.status_code, "elsewhere" in answer.text, "Location" in answer.headers) == (404, False, False)
    assert "there is no route" in answer.json["message"]


def test_there_is_no_route_for_files(http: FlaskClient) -> None:
    assert http.get("/static/../app.py").status_code == 404


def test_service_metadata_stand_in_every_good_answer(open_app: Open) -> None:
    http = open_app(service_metadata={"service_name": "flowers", "build": 7})

    metadata = http.get(IRIS, query_string=FLOWER).json["metadata"]

    assert (metadata["service_name"], metadata["build"]) == ("flowers", 7)


def test_two_services_of_one_route_are_refused(open_app: Open) -> None:
    with pytest.raises(ConfigError, match="two predict services share an entry_point: /predict, /predict"):
        open_app(services=[PredictService(), PredictService()])


def wrapped(name: str, seen: list[str]) -> Callable[..., Any]:
    """Return a decorator that notes its name before the view is called."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            seen.append(name)
            return view(*args, **kwargs)

        return call

    return decorate


def test_decorators_wrap_their_views_the_first_one_innermost(open_app: Open) -> None:
    seen: list[str] = []
    http = open_app(
        decorators={
            "predict_decorators": [wrapped("inner", seen), wrapped("outer", seen)],
            "alive_decorators": [wrapped("alive", seen)],
            "list_decorators": [wrapped("list", seen)],
        }
    )

    assert http.get(IRIS, query_string=FLOWER).status_code == 200
    assert seen == ["outer", "inner"]
    http.get("/alive")
    http.get("/list")
    http.get("/ready")
    assert seen[2:] == ["alive", "list"]


def test_what_predicts_or_tells_of_models_is_inside_decorators_whatever_client_it_is_for(open_app: Open) -> None:
    def closed(view: Any) -> Any:
        return lambda *args, **kwargs: ("closed", 403)

    http = open_app(decorators={"predict_decorators": [closed], "list_decorators": [closed]})
    scopes = http.application.extensions[DOOR].scopes
    told_to_all = {"/v2", "/version", "/v1/models/<name>"}  # none of it is more than a probe is told
    for rule in http.application.url_map.iter_rules():
        if scopes.of(rule) not in ("predict", "read") or rule.rule in told_to_all:
            continue
        path = rule.rule.replace("<name>", "iris").replace("<version>", "1")
        for method in rule.methods - {"OPTIONS"}:
            assert (rule.rule, method, http.open(path, method=method).status_code) == (rule.rule, method, 403)


def test_a_service_may_have_decorators_of_its_own(open_app: Open) -> None:
    seen: list[str] = []
    mine = PredictService(model="iris", entry_point="/mine", decorator_list_name="my_decorators")
    http = open_app(services=[mine], decorators={"my_decorators": [wrapped("mine", seen)]})

    http.get("/mine", query_string=FLOWER)
    http.get(IRIS, query_string=FLOWER)

    assert seen == ["mine"]


def test_the_metadata_of_answers_and_errors_are_a_point_of_decorators(open_app: Open) -> None:
    def sign(func: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: {**func(*args, **kwargs), "host": "h1"}

    use_decorators(lambda key: [sign] if key == "get_metadata_decorators" else [])
    http = open_app(service_metadata={"service_name": "flowers"})
    for path in ("/models/iris/predict", "/models/gone/predict"):
        metadata = http.post(path, json=[FLOWER]).json["metadata"]
        assert (metadata["host"], metadata["service_name"]) == ("h1", "flowers")


def test_palladiums_views_may_stand_at_further_routes(open_app: Open) -> None:
    service = PredictService(model="iris")
    create_predict_function("/flower", service, "flower_decorators", {})

    def loud(view: Callable[..., Any]) -> Callable[..., Any]:
        return lambda: {"wrapped": view().status_code}

    http = open_app(
        services=[service],
        rules=[add_url_rule("/health", view_func="palladium.server.alive"), add_url_rule("/all", view_func=list_)],
        decorators={"alive_decorators": [loud], "flower_decorators": [loud]},
    )
    assert http.post("/predict", json=[FLOWER]).json["result"] == ["Iris-setosa"]
    assert http.post("/flower", json=[FLOWER]).json == {"wrapped": 200}
    assert http.get("/health").json == {"wrapped": 200}
    assert http.get("/all").json == http.get("/list").json
    with pytest.raises(ConfigError, match=r"str is no predict service; derive it from palladium\.server"):
        create_predict_function("/other", "service", "predict_decorators", {})
