"""What browsers are told: which origins may ask, what may be asked, and what nobody may do with an answer."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from flask_cors import CORS

from tests.server.conftest import FLOWER, TIMEOUT_S
from tests.server.test_access import IRIS, QUERY, Answer, ask
from tests.server.test_asgi import Caller, http
from triglot.access.access import access_of
from triglot.server.app import Options, create_app
from triglot.server.rules import add_url_rule
from triglot.serving.service import Service

APP, OTHER = "https://app.example.com", "https://evil.example.com"


@pytest.fixture
def start(service: Service, models: Any) -> Iterator[Callable[..., Caller]]:
    """Give the function that returns a caller of an application that lets these origins ask."""
    made: list[Caller] = []

    def started(origins: list[str] | None = None, options: dict[str, Any] | None = None, **cors: Any) -> Caller:
        said = {"anonymous": ["predict", "read"]} | ({"cors": {"origins": origins} | cors} if origins else {})
        chosen = Options(timeout_s=TIMEOUT_S, access=access_of(said, Path(), {}, ""), **(options or {}))
        made.append(Caller(create_app(service, chosen, models.jobs)))
        return made[-1]

    yield started
    for caller in made:
        caller.close()


def preflight(caller: Caller, origin: str, path: str = IRIS) -> Answer:
    said = {"access_control_request_method": "POST", "access_control_request_headers": "x-api-key"}
    return ask(caller, path, "OPTIONS", "", origin=origin, **said)


def of_cors(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("access-control-")}


def test_a_page_of_a_configured_origin_may_ask_and_read_the_answer(start: Callable[..., Caller]) -> None:
    caller = start([APP, "http://localhost:5173"])
    answer = ask(caller, origin=APP)
    assert answer.status == 200
    assert of_cors(answer)["access-control-allow-origin"] == APP
    assert "X-Request-Id" in of_cors(answer)["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in of_cors(answer)
    assert answer.all("Vary") == ["Origin"]


def test_a_preflight_is_answered_without_a_credential_and_without_a_body(start: Callable[..., Caller]) -> None:
    answer = preflight(start([APP]), APP, "/fit")
    assert (answer.status, answer.text) == (204, "")
    told = of_cors(answer)
    assert told["access-control-allow-origin"] == APP
    assert told["access-control-allow-methods"] == "OPTIONS, POST"
    assert {"Authorization", "Content-Type", "X-API-Key"} <= set(told["access-control-allow-headers"].split(", "))
    assert told["access-control-max-age"] == "600"


@pytest.mark.parametrize("origin", [OTHER, "null", f"{APP}.evil.com", f"{APP}:8443", "http://app.example.com"])
def test_a_page_of_another_origin_is_told_nothing(start: Callable[..., Caller], origin: str) -> None:
    caller = start([APP])
    for answer in (ask(caller, origin=origin), preflight(caller, origin)):
        assert of_cors(answer) == {}
        assert answer.all("Vary") == ["Origin"]


def test_an_answer_without_an_origin_says_that_it_depends_on_it(start: Callable[..., Caller]) -> None:
    assert ask(start([APP])).all("Vary") == ["Origin"]


def test_a_page_may_read_why_it_was_refused(start: Callable[..., Caller]) -> None:
    answer = ask(start([APP]), "/jobs", origin=APP)
    assert answer.status == 401
    assert of_cors(answer)["access-control-allow-origin"] == APP


def test_credentials_are_for_named_origins_alone(start: Callable[..., Caller]) -> None:
    named = start([APP], credentials=True)
    assert of_cors(ask(named, origin=APP))["access-control-allow-credentials"] == "true"
    assert of_cors(ask(named, origin=OTHER)) == {}
    anybody = of_cors(ask(start(["*"]), origin=OTHER))
    assert anybody["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in anybody


def test_where_nothing_is_said_of_origins_none_may_ask(start: Callable[..., Caller]) -> None:
    caller = start()
    for answer in (ask(caller, origin=APP), preflight(caller, APP)):
        assert of_cors(answer) == {}
        assert answer.all("Vary") == []


@pytest.mark.parametrize(
    ("path", "allowed"),
    [(IRIS, "GET, HEAD, OPTIONS, POST"), ("/list", "GET, HEAD, OPTIONS"), ("/jobs/x", "DELETE, GET, HEAD, OPTIONS")],
)
def test_what_a_route_takes_is_told_to_whoever_asks(start: Callable[..., Caller], path: str, allowed: str) -> None:
    answer = ask(start(), path, "OPTIONS")
    assert (answer.status, answer.text, answer.all("Allow")) == (204, "", [allowed])
    assert ask(start(), "/nowhere", "OPTIONS").status == 404


def test_a_view_that_answers_options_itself_is_asked(start: Callable[..., Caller]) -> None:
    own = add_url_rule("/own", view_func=lambda: ("mine", 200), methods=["OPTIONS"])
    caller = start(options={"rules": [own]})
    assert ask(caller, "/own", "OPTIONS").status == 401


def test_flask_cors_may_be_hung_in_as_ever(service: Service) -> None:
    app = create_app(service, Options(timeout_s=TIMEOUT_S))
    CORS(app, origins=[APP])
    answer = app.test_client().options(IRIS, headers={"Origin": APP, "Access-Control-Request-Method": "POST"})
    assert answer.headers["Access-Control-Allow-Origin"] == APP


# --- headers of every answer


def plain(service: Service) -> Flask:
    page = add_url_rule("/page", view_func=lambda: "<p>hello</p>")
    kept = add_url_rule("/kept", view_func=lambda: Response("x", headers={"Cache-Control": "max-age=60"}))
    return create_app(service, Options(timeout_s=TIMEOUT_S, rules=[page, kept]))


@pytest.mark.parametrize("path", [f"{IRIS}?{QUERY}", IRIS, "/list", "/alive", "/nowhere", "/page"])
def test_no_answer_is_guessed_at_and_none_is_kept(service: Service, path: str) -> None:
    headers = plain(service).test_client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_a_page_is_shown_within_no_other(service: Service) -> None:
    client = plain(service).test_client()
    headers = client.get("/page").headers
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert (headers["X-Frame-Options"], headers["Referrer-Policy"]) == ("DENY", "no-referrer")
    assert "X-Frame-Options" not in client.get("/list").headers


def test_what_a_view_says_itself_stays(service: Service) -> None:
    assert plain(service).test_client().get("/kept").headers["Cache-Control"] == "max-age=60"


def test_the_short_way_s_answers_have_the_headers_of_flask_s(start: Callable[..., Caller]) -> None:
    caller = start([APP])
    body = json.dumps([FLOWER]).encode()
    said = {"content_type": "application/json", "content_length": str(len(body)), "x_request_id": "mine"}
    short = Answer(caller.answer(http("POST", IRIS, **said), body))
    long = Answer(caller.answer(http("POST", f"{IRIS}/", **said), body))
    assert (short.headers, short.text) == (long.headers, long.text)
