"""Who may call which route: by keys, passwords and tokens, on the short way as through Flask."""

import base64
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.access.authority import AUDIENCE, Authority, authority
from tests.server.conftest import FLOWER, TIMEOUT_S
from tests.server.test_asgi import Caller, http
from triglot.access import callers, passwords
from triglot.access.access import Access, access_of
from triglot.server.access.door import DOOR
from triglot.server.app import Options, create_app
from triglot.server.predict import PredictService
from triglot.server.rules import add_url_rule
from triglot.serving.service import Service

ASK, MANAGE = callers.new_key(), callers.new_key()
PASSWORD, TOKEN = "correct horse battery", "the admin token of these tests"
IRIS, QUERY = "/models/iris/predict", urlencode(FLOWER)
LINES = [
    {"name": "asker", "key": callers.digest(ASK), "scopes": ["predict"]},
    {"name": "manager", "key": callers.digest(MANAGE), "scopes": ["admin"]},
    {"name": "ada", "password": passwords.hashed(PASSWORD), "scopes": ["read"]},
]
BEARER, WRONG_BEARER = 'Bearer realm="triglot"', 'Bearer realm="triglot", error="invalid_token"'
BASIC = 'Basic realm="triglot", charset="UTF-8"'


@pytest.fixture(scope="module")
def issuer() -> Iterator[Authority]:
    with authority() as made:
        yield made


def access(said: dict[str, Any], token: str = TOKEN) -> Access:
    return access_of({"callers": LINES} | said, Path(), {}, token)


@pytest.fixture
def start(service: Service, models: Any) -> Iterator[Callable[..., Caller]]:
    """Give the function that returns a caller of an application with this access, by ASGI."""
    made: list[Caller] = []

    def started(*, token: str = TOKEN, options: dict[str, Any] | None = None, **said: Any) -> Caller:
        chosen = Options(timeout_s=TIMEOUT_S, admin_token=token, access=access(said, token), **(options or {}))
        made.append(Caller(create_app(service, chosen, models.jobs)))
        return made[-1]

    yield started
    for caller in made:
        caller.close()


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, told: tuple[str, list[tuple[str, str]], bytes]) -> None:
        self.status = int(told[0])
        self.headers = told[1]
        self.text = told[2].decode()

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def ask(caller: Caller, path: str = IRIS, method: str = "GET", query: str = QUERY, **headers: str) -> Answer:
    return Answer(caller.answer(http(method, path, query, **headers), b""))


def went_through_flask(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Return the function that says whether the last request went through Flask."""
    went: list[str] = []
    express: Any = caller.flask.wsgi_app
    inner = express._flask
    monkeypatch.setattr(express, "_flask", lambda environ, start: (went.append("flask"), inner(environ, start))[1])
    return lambda: bool([went.pop() for _ in list(went)])


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


# --- who may


def test_a_key_opens_what_its_scopes_say_and_no_more(start: Callable[..., Caller]) -> None:
    caller = start()
    for sent in ({"x_api_key": ASK}, {"authorization": f"Bearer {ASK}"}, {"authorization": f"Key {ASK}"}):
        answer = ask(caller, **sent)
        assert (answer.status, answer.json["result"]) == (200, "Iris-setosa")
        refused = ask(caller, "/list", **sent)
        assert (refused.status, refused.json["code"]) == (403, "scope-missing")
        assert "key 'asker' has not the scope 'read'" in refused.json["message"]
        assert refused.all("WWW-Authenticate") == [f'{BEARER}, error="insufficient_scope", scope="read"']


def test_what_a_key_may_it_may_without_flask(start: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch) -> None:
    caller = start(rates="100/s")
    through_flask = went_through_flask(caller, monkeypatch)
    assert ask(caller, x_api_key=ASK).status == 200
    assert not through_flask()
    assert ask(caller, x_api_key=MANAGE).status == 403
    assert through_flask()


def test_without_a_credential_there_is_a_challenge_of_each_scheme(start: Callable[..., Caller]) -> None:
    answer = ask(start())
    assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
    assert answer.all("WWW-Authenticate") == [BASIC, BEARER]
    assert "result" not in answer.json
    assert answer.json["metadata"]["request_id"] == answer.all("X-Request-Id")[0]
    assert ask(start(callers=LINES[:2])).all("WWW-Authenticate") == [BEARER]


@pytest.mark.parametrize(
    "sent",
    [
        {"x_api_key": "trgl_wrong"},
        {"authorization": "Bearer trgl_wrong"},
        {"authorization": "Bearer a.b.c"},
        {"authorization": basic("ada", "wrong")},
        {"authorization": "Negotiate abc"},
    ],
)
def test_a_wrong_credential_is_refused_and_never_repeated(
    start: Callable[..., Caller], caplog: pytest.LogCaptureFixture, sent: dict[str, str]
) -> None:
    caplog.set_level(logging.DEBUG)
    caller = start(anonymous=["predict"])
    for path, method in ((IRIS, "GET"), ("/fit", "POST")):
        answer = ask(caller, path, method, **sent)
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
        assert answer.all("WWW-Authenticate") == [BASIC, WRONG_BEARER]
        secret = next(iter(sent.values())).rpartition(" ")[2]
        assert secret not in answer.text + caplog.text + str(answer.headers)


def test_anonymous_callers_may_what_they_are_let(start: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch) -> None:
    caller = start(anonymous=["predict"])
    through_flask = went_through_flask(caller, monkeypatch)
    assert ask(caller).status == 200
    assert not through_flask()
    assert ask(caller, "/list").status == 401


def test_a_person_s_password_is_judged_once_and_then_needs_no_flask(
    start: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [LINES[2] | {"scopes": ["predict", "read"]}]
    caller = start(callers=people)
    through_flask = went_through_flask(caller, monkeypatch)
    for number in range(3):
        assert ask(caller, authorization=basic("ada", PASSWORD)).status == 200
        assert through_flask() == (number == 0)
    assert ask(caller, "/list", authorization=basic("ada", PASSWORD)).status == 200


def test_a_token_is_judged_once_and_then_needs_no_flask(
    start: Callable[..., Caller], issuer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = start(oidc={"issuer": issuer.url, "audience": AUDIENCE})
    through_flask = went_through_flask(caller, monkeypatch)
    token = issuer.token(scope="predict")
    for number in range(3):
        assert ask(caller, authorization=f"Bearer {token}").status == 200
        assert through_flask() == (number == 0)
    assert ask(caller, "/fit", "POST", authorization=f"Bearer {token}").status == 403
    assert (
        ask(caller, authorization=f"Bearer {issuer.token(exp=1)}").json["message"].startswith("the token has expired")
    )
    assert ask(caller, "/jobs", authorization=f"Bearer {issuer.token(scope='admin')}").status == 200


def test_an_issuer_that_is_away_is_a_503_to_try_again(start: Callable[..., Caller]) -> None:
    with authority() as issuer:
        token = issuer.token()
    caller = start(oidc={"issuer": issuer.url, "audience": AUDIENCE})
    answer = ask(caller, authorization=f"Bearer {token}")
    assert (answer.status, answer.json["code"]) == (503, "issuer-unavailable")
    assert answer.all("Retry-After")
    assert ask(caller, x_api_key=ASK).status == 200


def test_the_admin_token_and_a_caller_with_that_scope_may_change_things(start: Callable[..., Caller]) -> None:
    caller = start()
    for sent in (f"Bearer {TOKEN}", f"Bearer {MANAGE}"):
        assert ask(caller, "/jobs", query="", authorization=sent).status == 200
    assert ask(caller, authorization=f"Bearer {TOKEN}").status == 200
    assert ask(caller, "/jobs", query="", x_api_key=ASK).status == 403
    without = start(token="")
    assert ask(without, "/jobs", query="", x_api_key=MANAGE).status == 200
    assert ask(without, "/jobs", query="", authorization=f"Bearer {TOKEN}").status == 401


def test_who_is_written_down_nowhere_is_let_in_nowhere_though_the_view_would(start: Callable[..., Caller]) -> None:
    hello = add_url_rule("/hello", view_func=lambda: "hello")
    caller = start(options={"rules": [hello]})
    assert ask(caller, "/hello", x_api_key=ASK).json["code"] == "scope-missing"
    assert ask(caller, "/hello", x_api_key=MANAGE).text == "hello"
    told = start(options={"rules": [hello]}, routes={"/hello": "predict"})
    assert ask(told, "/hello", x_api_key=ASK).text == "hello"
    assert ask(start(options={"rules": [hello]}, routes={"/hello": "open"}), "/hello").text == "hello"


def test_a_configuration_may_say_otherwise_of_a_route_of_predictions_too(start: Callable[..., Caller]) -> None:
    rule = "/models/<name>/predict"
    assert ask(start(routes={rule: "open"})).status == 200
    caller = start(routes={rule: "admin"})
    assert ask(caller, x_api_key=ASK).status == 403
    assert ask(caller, x_api_key=MANAGE).status == 200


def test_probes_are_asked_for_nothing(start: Callable[..., Caller]) -> None:
    caller = start()
    for path in ("/alive", "/ready", "/models/iris/ready"):
        assert ask(caller, path, x_api_key="wrong").status in (200, 503)
        assert ask(caller, path, "HEAD").status in (200, 503)


def test_decorators_ask_beside(start: Callable[..., Caller]) -> None:
    def only_tuesdays(view: Any) -> Any:
        return lambda *args, **kwargs: ("closed", 403)

    caller = start(options={"decorators": {"predict_decorators": [only_tuesdays]}})
    assert ask(caller).status == 401
    assert ask(caller, x_api_key=ASK).text == "closed"


@pytest.mark.parametrize("sent", [{}, {"x_api_key": "wrong"}, {"authorization": "Bearer wrong"}])
def test_of_a_stranger_s_body_nothing_is_received(start: Callable[..., Caller], sent: dict[str, str]) -> None:
    for kind, path in (("application/json", IRIS), ("text/csv", IRIS), ("application/json", "/fit")):
        scope = http("POST", path, content_type=kind, content_length="1000000000", **sent)
        answer = Answer(start().answer(scope))  # whoever waited for the body would hear that the caller has gone
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
        assert answer.all("WWW-Authenticate")


# --- every route is classified


def everything(service: Service, models: Any) -> Flask:
    """Return an application with every route that it can have of itself."""
    mapped = PredictService([("a", "float")], entry_point="/mapped", model="iris")
    return create_app(service, Options(services=(mapped,), admin_token=TOKEN, access=access({})), models.jobs)


def test_of_every_route_somebody_has_said_what_it_wants(service: Service, models: Any) -> None:
    app = everything(service, models)
    scopes = app.extensions[DOOR].scopes
    unsaid = [rule.rule for rule in app.url_map.iter_rules() if not scopes.is_classified(rule)]
    assert unsaid == [], "give the offer a scope"


def test_nothing_but_probes_is_open_and_nothing_that_changes_wants_less_than_admin(
    service: Service, models: Any
) -> None:
    app = everything(service, models)
    scopes = app.extensions[DOOR].scopes
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        found.setdefault(scopes.of(rule), set()).add(rule.rule)
    # the pages tell nothing themselves
    probes = re.compile(r"/(.*/)?(alive|ready|live|health|ping)?|/docs|/page/<part>")
    assert [path for path in found["open"] if not probes.fullmatch(path)] == []
    assert {"/fit", "/activate", "/refresh", "/jobs", "/programs/<program>/restart"} <= found["admin"]
    assert found["run"] == {"/pipelines", "/pipelines/<pipeline>", "/jobs/<job_id>", "/jobs/<job_id>/result"}
    assert {"/predict", "/mapped", "/models/<name>/predict", "/models/<name>/predict_proba"} <= found["predict"]


def test_every_route_but_open_ones_refuses_a_stranger(service: Service, models: Any) -> None:
    app = everything(service, models)
    scopes, stranger = app.extensions[DOOR].scopes, app.test_client()
    for rule in app.url_map.iter_rules():
        path = re.sub("<[^>]*>", "1", rule.rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            status = stranger.open(path, method=method).status_code
            assert (path, method, status == 401) == (path, method, scopes.of(rule) != "open")


# --- how often


def test_more_than_its_rate_a_caller_may_not_and_is_told_when_it_may(start: Callable[..., Caller]) -> None:
    caller = start(rates={"predict": "2/h"}, anonymous=["predict"])
    assert [ask(caller, x_api_key=ASK).status for _ in range(3)] == [200, 200, 429]
    answer = ask(caller, x_api_key=ASK)
    assert (answer.status, answer.json["code"]) == (429, "rate-limited")
    assert 1790 <= int(answer.all("Retry-After")[0]) <= 1800
    assert [ask(caller).status for _ in range(3)] == [200, 200, 429]
    assert ask(caller, authorization=f"Bearer {TOKEN}").status == 200


def test_a_request_is_counted_once_whichever_way_it_goes(start: Callable[..., Caller]) -> None:
    caller = start(rates={"predict": "4/h"})
    csv = ask(caller, x_api_key=ASK, accept="text/csv")
    assert csv.status == 200
    bad = ask(caller, x_api_key=ASK, query="")
    assert bad.status == 400
    long = b" " * 300_000 + json.dumps([FLOWER]).encode()
    scope = http("POST", IRIS, x_api_key=ASK, content_type="application/json", content_length=str(len(long)))
    assert caller.answer(scope, long)[0] == "200"
    assert [ask(caller, x_api_key=ASK).status for _ in range(2)] == [200, 429]


# --- what is written down


def audited(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "triglot.audit"]


def test_what_is_done_at_routes_that_change_something_is_written_down(
    start: Callable[..., Caller], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "triglot.audit")
    caller = start()
    query = "model=iris&model_version=99&password=hunter2&note=" + "x" * 500
    ask(caller, "/activate", "POST", query, x_api_key=MANAGE, x_request_id="mine-1")
    ask(caller, "/jobs/none", "DELETE", "", authorization=f"Bearer {TOKEN}")
    ask(caller, "/fit", "POST", "", x_api_key=ASK)
    ask(caller, "/fit", "POST", "")
    ask(caller, x_api_key=ASK)
    ask(caller, "/fit", "OPTIONS", "")
    first, *others = audited(caplog)
    assert first == {
        "request_id": "mine-1",
        "caller": "key manager",
        "address": "127.0.0.1",
        "method": "POST",
        "route": "/activate",
        "arguments": {"model": "iris", "model_version": "99", "password": "***", "note": "x" * 200},
        "status": 404,
        "code": "version-not-found",
    }
    assert [(line["caller"], line["route"], line["status"]) for line in others] == [
        ("admin token", "/jobs/<job_id>", 404),
        ("key asker", "/fit", 403),
        ("anonymous 127.0.0.1", "/fit", 401),
    ]
    assert others[0]["arguments"] == {"job_id": "none"}
    assert not [secret for secret in (MANAGE, ASK, TOKEN, "hunter2") if secret in caplog.text]


def test_a_line_of_the_audit_is_one_line_whatever_was_sent(
    start: Callable[..., Caller], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("triglot"), "level", logging.WARNING)
    ask(start(), "/activate", "POST", "model=a%0A%7B%22caller%22%3A%20%22eve%22%7D%E2%80%A8", x_api_key=MANAGE)
    (record,) = [record for record in caplog.records if record.name == "triglot.audit"]
    assert record.getMessage().isascii()
    assert "\n" not in record.getMessage()


def test_without_access_the_token_s_routes_are_written_down_and_the_configuration_s_own_are_not(
    service: Service, models: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "triglot.audit")
    hello = add_url_rule("/hello", view_func=lambda: "hello")
    client = create_app(service, Options(admin_token=TOKEN, rules=[hello]), models.jobs).test_client()
    client.get("/hello")
    client.get("/jobs", headers={"Authorization": f"Bearer {TOKEN}"})
    client.post("/fit")
    assert [(line["caller"], line["status"]) for line in audited(caplog)] == [("admin token", 200), (None, 401)]
