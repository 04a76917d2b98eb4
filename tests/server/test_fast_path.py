"""What is answered without Flask is answered as Flask would."""

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask, Response, request_started
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from tests.server.conftest import FLOWER, TIMEOUT_S
from triglot.server.app import Options, create_app
from triglot.server.fast_path import Express
from triglot.server.predict import PredictService
from triglot.serving.service import Service

Answer = tuple[str, list[tuple[str, str]], bytes]
MAPPING = [("a", "float"), ("b", "float"), ("c", "float"), ("d", "float")]


@pytest.fixture(scope="module")
def app(service: Service) -> Flask:
    mapped = PredictService(MAPPING, params=[("sample_weight", "float")], entry_point="/mapped", model="iris")
    return create_app(service, Options(services=(mapped,), timeout_s=TIMEOUT_S, max_body_bytes=4_000))


@pytest.fixture
def through_flask(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Give the function that says whether the last request went through Flask."""
    went: list[str] = []
    express: Any = app.wsgi_app
    inner = express._flask
    monkeypatch.setattr(express, "_flask", lambda environ, start: (went.append("flask"), inner(environ, start))[1])

    def answer() -> bool:
        found = bool(went)
        went.clear()
        return found

    return answer


def ask(wsgi: Any, environ: dict[str, Any]) -> Answer:
    """Return the status, the headers and the body of one application's answer."""
    said: list[Any] = []
    body = b"".join(wsgi(environ, lambda status, headers, exc_info=None: said.extend((status, headers))))
    return said[0], sorted((name, value) for name, value in said[1]), body


def environ(method: str, path: str, query: str, body: bytes, content_type: str, request_id: str) -> dict[str, Any]:
    made = EnvironBuilder(path="/", method=method, input_stream=io.BytesIO(body)).get_environ()
    made |= {"PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body))}
    if request_id:
        made["HTTP_X_REQUEST_ID"] = request_id
    return made


NAMES = st.sampled_from([*FLOWER, "a", "b", "c", "d", "sample_weight", "größe", ""])
VALUES = st.one_of(
    st.floats(0, 9).map(str), st.sampled_from(["", "nan", "long", "+1", "%zz", "ü"]), st.text(max_size=3)
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
QUERIES = st.one_of(
    st.just(urlencode(FLOWER)),
    PAIRS.map(urlencode),
    PAIRS.map(lambda pairs: urlencode(FLOWER) + "&" + urlencode(pairs)),
    st.text(alphabet="ab=&%+;é1", max_size=12),
)
ROWS = st.lists(
    st.one_of(st.just(FLOWER), st.dictionaries(NAMES, st.one_of(st.floats(0, 9), VALUES, st.none()), max_size=5)),
    max_size=3,
)
BODIES = st.one_of(
    ROWS.map(lambda rows: json.dumps(rows).encode()), st.sampled_from([b"", b"{", b"{}", b"[", b"x" * 5_000])
)
PATHS = st.sampled_from(
    [
        "/predict",
        "/predict/",
        "/mapped",
        "/models",
        "/models/iris/predict",
        "/models/iris/predict_proba",
        "/models/iris/predict/",
        "/models/iris/predict/more",
        "/models/iris/",
        "/models//predict",
        "/models/ja-nein/predict",
        "/models/nobody/predict",
        "/models/ü/predict",
    ]
)
TYPES = st.sampled_from(["application/json", "application/json; charset=utf-8", "text/csv", "", "APPLICATION/JSON"])


@given(st.sampled_from(["GET", "POST"]), PATHS, QUERIES, BODIES, TYPES, st.sampled_from(["mine-1", "not sane"]))
@example("GET", "/models/iris/predict", urlencode(FLOWER), b"", "", "mine-1")
@example("POST", "/models/iris/predict_proba", "", json.dumps([FLOWER, FLOWER]).encode(), "application/json", "mine-1")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_an_answer_is_the_one_that_flask_gives(
    app: Flask, method: str, path: str, query: str, body: bytes, content_type: str, request_id: str
) -> None:
    path, query = (text.encode().decode("latin-1") for text in (path, query))
    express: Any = app.wsgi_app
    short = ask(express, environ(method, path, query, body, content_type, request_id))
    long = ask(express._flask, environ(method, path, query, body, content_type, request_id))
    if request_id == "mine-1":
        assert short == long
    else:  # each has an id of its own
        assert (short[0], [name for name, _ in short[1]]) == (long[0], [name for name, _ in long[1]])


def test_an_ordinary_prediction_does_without_flask(app: Flask, through_flask: Callable[[], bool]) -> None:
    http = app.test_client()
    for path in ("/models/iris/predict", "/models/iris/predict_proba"):
        assert http.get(path, query_string=FLOWER).status_code == 200
        assert http.post(path, json=[FLOWER]).status_code == 200
        assert not through_flask()
    assert http.get("/mapped", query_string=dict(zip("abcd", FLOWER.values(), strict=True))).status_code == 200
    assert not through_flask()


@pytest.mark.parametrize(
    "asked",
    [
        {"method": "HEAD"},
        {"method": "POST", "data": "[]", "content_type": "text/plain"},
        {"method": "POST", "data": "[" + " " * 5_000 + "]", "content_type": "application/json"},
        {"path": f"/models/{quote('größe')}/predict"},
        {"path": "/alive"},
    ],
)
def test_what_is_out_of_the_ordinary_goes_through_flask(
    app: Flask, through_flask: Callable[[], bool], asked: dict[str, Any]
) -> None:
    app.test_client().open(**{"path": "/models/iris/predict", "query_string": FLOWER, **asked})
    assert through_flask()


def forbidden(*_: Any, **__: Any) -> Response:
    return Response(status=403)


@pytest.fixture
def own_app(service: Service) -> Flask:
    app = create_app(service, Options(timeout_s=TIMEOUT_S))
    assert isinstance(app.wsgi_app, Express)
    assert app.test_client().get("/models/iris/predict", query_string=FLOWER).status_code == 200
    return app


def test_whoever_hangs_something_around_requests_later_is_heard(own_app: Flask) -> None:
    own_app.before_request_funcs.setdefault(None, []).append(forbidden)
    assert own_app.test_client().get("/models/iris/predict", query_string=FLOWER).status_code == 403


def test_whoever_puts_something_else_behind_the_route_is_heard(own_app: Flask) -> None:
    own_app.view_functions["predict_of"] = forbidden
    assert own_app.test_client().get("/models/iris/predict", query_string=FLOWER).status_code == 403
    assert own_app.test_client().get("/models/iris/predict_proba", query_string=FLOWER).status_code == 200


def test_whoever_changes_answers_later_is_heard(own_app: Flask) -> None:
    own_app.after_request_funcs.setdefault(None, []).append(forbidden)
    assert own_app.test_client().get("/models/iris/predict", query_string=FLOWER).status_code == 403


def test_whoever_listens_to_signals_hears_every_request(own_app: Flask) -> None:
    heard: list[str] = []

    def hear(sender: Flask, **_: Any) -> None:
        heard.append(sender.name)

    with request_started.connected_to(hear, own_app):
        own_app.test_client().get("/models/iris/predict", query_string=FLOWER)
    assert heard == ["triglot"]
    own_app.test_client().get("/models/iris/predict", query_string=FLOWER)
    assert heard == ["triglot"]


def test_a_route_with_decorators_keeps_them(service: Service) -> None:
    app = create_app(service, Options(timeout_s=TIMEOUT_S, decorators={"predict_decorators": [lambda _: forbidden]}))
    assert app.test_client().get("/models/iris/predict", query_string=FLOWER).status_code == 403
