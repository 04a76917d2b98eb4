"""What is inferred without Flask is inferred as Flask would, in the event loop and out of it."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.server.conftest import TIMEOUT_S
from tests.server.test_asgi import Caller, http
from tests.server.test_fast_path import ask, environ
from tests.server.v2.conftest import COLUMNS, MATRIX
from tests.server.v2.test_infer import RECORDED
from triglot.server.app import Options, create_app
from triglot.serving.service import Service

SHAPES = st.sampled_from([[1, 4], [2, 4], [4], [4, 1], [0, 4]])
VALUES = st.lists(st.one_of(st.floats(-9, 9), st.integers(0, 9), st.none(), st.text(max_size=2)), max_size=8)
INPUTS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["x", *COLUMNS]),
            "shape": SHAPES,
            "datatype": st.sampled_from(["FP64", "FP32", "INT8", "BYTES", "fp64"]),
            "data": VALUES,
        }
    ),
    max_size=4,
)
OUTPUTS = st.one_of(
    st.none(),
    st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["predict", "predict_proba", "other"])},
            optional={"parameters": st.sampled_from([{"binary_data": True}, {"classification": 2}])},
        ),
        max_size=2,
    ),
)
BODIES = st.one_of(
    st.sampled_from([b"", b"{", b"[]", RECORDED]),
    st.builds(lambda inputs, outputs: orjson.dumps({"inputs": inputs, "outputs": outputs}), INPUTS, OUTPUTS),
    OUTPUTS.map(lambda outputs: orjson.dumps({"inputs": [MATRIX], "outputs": outputs})),
)
PATHS = st.sampled_from(
    [
        "/v2/models/iris/infer",
        "/v2/models/iris/infer/",
        "/v2/models/iris/versions/1/infer",
        "/v2/models/nobody/infer",
        "/v2/models/fruit/infer",
        "/v2/models//infer",
        "/v2/models/iris/other",
    ]
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "inference_header_content_length": st.sampled_from(["135", "0", "x", "9999"]),
        "accept_encoding": st.sampled_from(["gzip", "deflate, br", "gzip;q=0", "br", "identity"]),
        "content_encoding": st.sampled_from(["identity", "gzip", "br"]),
    },
)


@pytest.fixture(scope="module")
def app(service: Service) -> Flask:
    return create_app(service, Options(timeout_s=TIMEOUT_S))


@pytest.fixture(scope="module")
def caller(app: Flask) -> Iterator[Caller]:
    made = Caller(app)
    yield made
    made.close()


@given(st.sampled_from(["POST", "GET", "HEAD"]), PATHS, BODIES, HEADERS)
@example("POST", "/v2/models/iris/infer", RECORDED, {"inference_header_content_length": "135"})
@example("POST", "/v2/models/iris/infer", orjson.dumps({"inputs": [MATRIX]}), {"accept_encoding": "gzip"})
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_an_answer_is_the_same_by_all_ways(
    app: Flask, caller: Caller, method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    def made() -> dict[str, Any]:
        return environ(method, path, "", body, "", "mine-1") | {f"HTTP_{key.upper()}": headers[key] for key in headers}

    express: Any = app.wsgi_app
    short, long = ask(express, made()), ask(express._flask, made())
    assert short == long
    scope = http(method, path, x_request_id="mine-1", **headers)
    scope["headers"].append((b"content-length", str(len(body)).encode()))
    status, told, content = caller.answer(scope, body)
    assert (status, content) == (long[0][:3], long[2])
    assert told == sorted((name.lower(), value) for name, value in long[1])


@pytest.mark.parametrize(
    ("headers", "quick"),
    [
        ({}, True),
        ({"HTTP_ACCEPT_ENCODING": "gzip"}, True),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, False),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, False),
    ],
)
def test_an_ordinary_inference_does_without_flask(app: Flask, headers: dict[str, str], quick: bool) -> None:
    express: Any = app.wsgi_app
    for body in (orjson.dumps({"inputs": [MATRIX]}), RECORDED):
        asked = environ("POST", "/v2/models/iris/infer", "", body, "", "") | headers
        assert (express.take(asked) is not None) is quick


def test_a_service_that_decorates_predictions_decorates_inferences(service: Service) -> None:
    def refusing(view: Any) -> Any:
        return lambda *_, **__: ("no", 403)

    app = create_app(service, Options(decorators={"predict_decorators": [refusing]}))
    for path in ("/v2/models/iris/infer", "/v2/models/iris/versions/1/infer"):
        assert app.test_client().post(path, json={"inputs": [MATRIX]}).status_code == 403
