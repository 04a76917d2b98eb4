"""The ASGI application answers as the WSGI application does, by an event loop and, where need be, in threads."""

import asyncio
import gzip
import json
import random
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from flask import Flask, Response, request
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.helpers import PATIENCE_S
from tests.server.conftest import FLOWER, TIMEOUT_S
from tests.server.test_bulk import csv_body
from tests.server.test_fast_path import BODIES, MAPPING, PATHS, QUERIES, TYPES, Answer, ask, environ
from triglot.server.app import Options, create_app
from triglot.server.asgi import Front
from triglot.server.predict import PredictService
from triglot.server.wsgi_threads import SHORT_BYTES, environ_of
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


def test_a_slash_of_a_name_is_none_of_the_path(caller: Caller) -> None:
    for path in ("/models/iris%2Fpredict", "/models/iris%2fpredict"):
        status, _, content = caller.answer(http("GET", path, urlencode(FLOWER)))
        assert (status, json.loads(content)["code"]) == ("404", "model-not-found")


def test_a_long_answer_is_made_in_a_thread_and_the_same(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    express: Any = caller.flask.wsgi_app
    made: list[str] = []
    at_length = express.at_length
    monkeypatch.setattr(express, "at_length", lambda order, body: (made.append(order.path), at_length(order, body))[1])

    def results(path: str, body: Any) -> Any:
        sent = json.dumps(body).encode()
        assert len(sent) < SHORT_BYTES
        scope = http("POST", path, content_type="application/json", content_length=str(len(sent)))
        status, _, content = caller.answer(scope, sent)
        assert status == "200", content
        return json.loads(content)

    for rows, threads in ((3, 0), (3_400, 1)):
        own = results("/models/iris/predict_proba", {name: [value] * rows for name, value in FLOWER.items()})["result"]
        assert (len(own), made) == (rows, ["/models/iris/predict_proba"] * threads)
        matrix = {"name": "x", "shape": [rows, 4], "datatype": "FP64", "data": [*FLOWER.values()] * rows}
        wanted = [{"name": "predict_proba"}]
        [output] = results("/v2/models/iris/infer", {"inputs": [matrix], "outputs": wanted})["outputs"]
        assert output["data"] == pytest.approx([share for row in own for share in row])
        assert made == ["/models/iris/predict_proba", "/v2/models/iris/infer"][: 2 * threads]
        assert own == [own[0]] * rows


def test_a_header_passes_for_no_other_one() -> None:
    headers = [(b"host", b"here"), (b"x_forwarded_user", b"root"), (b"content_length", b"3"), (b"x-one", b"1")]
    environ = environ_of({**http("POST", "/alive"), "headers": headers})
    assert environ.keys() & {"HTTP_X_FORWARDED_USER", "CONTENT_LENGTH", "HTTP_X_ONE"} == {"HTTP_X_ONE"}


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


@pytest.mark.parametrize(("kind", "accept"), [("application/json", "*/*"), ("text/csv", "text/csv")])
def test_bodies_and_answers_may_be_compressed(caller: Caller, kind: str, accept: str) -> None:
    rows = [FLOWER] * 3_000
    plain = json.dumps(rows).encode() if kind == "application/json" else csv_body(rows)
    body = gzip.compress(plain)
    said = {"content_type": kind, "accept": accept, "content_length": str(len(body)), "x_request_id": "mine-1"}
    path = "/models/iris/predict_proba"

    status, headers, content = caller.answer(
        http("POST", path, content_encoding="gzip", accept_encoding="gzip", **said), body
    )
    expected = caller.answer(http("POST", path, **said | {"content_length": str(len(plain))}), plain)

    assert (status, expected[0]) == ("200", "200")
    assert ("content-encoding", "gzip") in headers
    assert gzip.decompress(content) == expected[2]
    by_the_loop = http("POST", path, accept_encoding="deflate", **said | {"content_length": str(len(plain))})
    assert zlib.decompress(caller.answer(by_the_loop, plain)[2]) == expected[2]


@pytest.mark.parametrize("length", [{"content_length": str(4 * SHORT_BYTES)}, {"transfer_encoding": "chunked"}])
def test_limits_hold_for_compressed_bodies_as_they_come_and_inflated(caller: Caller, length: dict[str, str]) -> None:
    said = {"content_type": "application/json", "content_encoding": "gzip"}
    pieces = [random.Random(3).randbytes(SHORT_BYTES) for _ in range(4)]
    long = gzip.compress(b"".join(pieces), 0)[: 4 * SHORT_BYTES]
    assert caller.answer(http("POST", "/models/iris/predict", **said, **length), long)[0] == "413"

    bomb = gzip.compress(b"[" + b" " * 4 * SHORT_BYTES)
    length = length if "transfer_encoding" in length else {"content_length": str(len(bomb))}
    assert caller.answer(http("POST", "/models/iris/predict", **said, **length), bomb)[0] == "413"


@pytest.mark.parametrize("length", [{"content_length": "10"}, {"transfer_encoding": "chunked"}])
def test_whose_body_breaks_off_is_told_if_still_there(caller: Caller, length: dict[str, str]) -> None:
    scope = http("POST", "/models/iris/predict", content_type="application/json", **length)
    status, headers, content = caller.answer(scope)
    assert (status, ("connection", "close") in headers) == ("400", True)
    assert "the body broke off" in json.loads(content)["message"]


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
