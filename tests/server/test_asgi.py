"""The ASGI application answers as the WSGI application does, by an event loop and, where need be, in threads."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from flask import Flask, Response, request
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.helpers import PATIENCE_S
from tests.server.conftest import FLOWER, TIMEOUT_S
from tests.server.test_fast_path import BODIES, MAPPING, PATHS, QUERIES, TYPES, Answer, ask, environ
from triglot.server.app import Options, create_app
from triglot.server.asgi import Front
from triglot.server.predict import PredictService
from triglot.server.wsgi_threads import SHORT_BYTES
from triglot.serving.service import Service

Message = dict[str, Any]
SEEN = threading.Semaphore(0)


class Caller:
    """One ASGI application in an event loop of its own."""

    def __init__(self, app: Flask) -> None:
        self.flask = app
        self.front = Front(app)
        self._runner = asyncio.Runner()

    def send(self, scope: Message, *pieces: bytes, each: Callable[[Message], None] = lambda _: None) -> list[Message]:
        """Return all that is sent for a request whose body comes in these pieces."""
        waiting = [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
            for number, piece in enumerate(pieces, 1)
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)
            each(message)

        self._runner.run(self.front(scope, receive, send))
        return sent

    def answer(self, scope: Message, *pieces: bytes) -> Answer:
        """Return the answer as the one of a WSGI application is written down."""
        start, *bodies = self.send(scope, *pieces)
        headers = sorted((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
        return str(start["status"]), headers, b"".join(message["body"] for message in bodies)

    def close(self) -> None:
        waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[Message] = []

        async def receive() -> Message:
            return waiting.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        self._runner.run(self.front({"type": "lifespan"}, receive, send))
        assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        self._runner.close()


def http(method: str, path: str, query: str = "", **headers: str) -> Message:
    """Return the scope of a request; the path is as it stands in its first line."""
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items() if value]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "headers": [(b"host", b"localhost"), *named],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }


@pytest.fixture(scope="module")
def caller(service: Service) -> Iterator[Caller]:
    mapped = PredictService(MAPPING, params=[("sample_weight", "float")], entry_point="/mapped", model="iris")
    app = create_app(service, Options(services=(mapped,), timeout_s=TIMEOUT_S, max_body_bytes=3 * SHORT_BYTES))

    @app.route("/own", methods=["GET", "POST"])
    def own() -> Any:
        def pieces() -> Iterator[str]:
            for number in range(3):
                yield f"{number} "
                assert SEEN.acquire(timeout=PATIENCE_S), "the piece has not left yet"

        return Response(pieces()) if request.method == "GET" else str(len(request.get_data()))

    made = Caller(app)
    yield made
    made.close()


@given(st.sampled_from(["GET", "POST", "HEAD"]), PATHS, QUERIES, BODIES, TYPES)
@example("GET", "/models/iris/predict", urlencode(FLOWER), b"", "")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_an_answer_is_the_one_of_the_wsgi_application(
    caller: Caller, method: str, path: str, query: str, body: bytes, content_type: str
) -> None:
    query = query.encode().decode("latin-1")
    scope = http(method, quote(path), query, content_type=content_type, x_request_id="mine-1")
    scope["headers"].append((b"content-length", str(len(body)).encode()))
    status, headers, content = caller.answer(scope, body)
    wsgi = ask(caller.flask, environ(method, path.encode().decode("latin-1"), query, body, content_type, "mine-1"))
    assert (status, content) == (wsgi[0][:3], wsgi[2])
    assert headers == sorted((name.lower(), value) for name, value in wsgi[1])


def test_an_answer_in_pieces_leaves_piece_by_piece(caller: Caller) -> None:
    sent = caller.send(http("GET", "/own"), b"", each=lambda message: SEEN.release() if message.get("body") else None)
    assert [message.get("body") for message in sent] == [None, b"0 ", b"1 ", b"2 ", b""]


@pytest.mark.parametrize("headers", [{"content_length": str(3 * SHORT_BYTES)}, {"transfer_encoding": "chunked"}])
def test_a_long_body_is_read_as_it_comes(caller: Caller, headers: dict[str, str]) -> None:
    pieces = [b"x" * SHORT_BYTES] * 3
    assert caller.answer(http("POST", "/own", **headers), *pieces)[2] == str(3 * SHORT_BYTES).encode()


def test_a_body_beyond_the_limit_is_refused_whatever_its_length_was_said_to_be(caller: Caller) -> None:
    pieces = [b"x" * SHORT_BYTES] * 4
    for headers in ({"content_length": str(4 * SHORT_BYTES)}, {"transfer_encoding": "chunked"}):
        scope = http("POST", "/models/iris/predict", content_type="application/json", **headers)
        assert caller.answer(scope, *pieces)[0] == "413"


def test_a_caller_who_leaves_in_the_middle_of_a_body_gets_no_answer(caller: Caller) -> None:
    scope = http("POST", "/models/iris/predict", content_type="application/json", content_length="10")
    assert caller.send(scope) == []


def test_whoever_wraps_the_wsgi_application_is_heard(service: Service) -> None:
    app = create_app(service, Options(timeout_s=TIMEOUT_S))
    inner: Any = app.wsgi_app

    def wrapped(environ: Any, start_response: Any) -> Any:
        return inner(environ | {"PATH_INFO": "/alive"}, start_response)

    app.wsgi_app = wrapped  # type: ignore[method-assign]
    caller = Caller(app)
    assert b'"memory_usage"' in caller.answer(http("GET", "/models/iris/predict", urlencode(FLOWER)), b"")[2]
    caller.close()


def test_a_path_prefix_of_the_server_is_no_part_of_the_route(caller: Caller) -> None:
    scope = http("GET", "/ml/models/iris/predict", urlencode(FLOWER)) | {"root_path": "/ml"}
    assert caller.answer(scope, b"")[0] == "200"
