"""Callers who are slow, idle or say strange things hold nothing that others need."""

import contextlib
import json
import socket
from collections.abc import Iterator

import pytest

from tests.functional.running import Running
from tests.functional.test_serving import flowers
from tests.helpers import PATIENCE_S, require

HEAD = b"POST /models/iris-python/predict HTTP/1.1\r\nHost: here\r\n"
JSON = HEAD + b"Content-Type: application/json\r\n"
IDLE = {
    "heads": HEAD[:-5],
    "short bodies": JSON + b"Content-Length: 300\r\n\r\n[",
    "long bodies": JSON + b"Content-Length: 300000\r\n\r\n[",
    "uploads": HEAD + b"Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsepal\r\n",
    "large uploads": HEAD + b"Content-Type: text/csv\r\nContent-Length: 500000000\r\n\r\nsepal",
}
EACH = 100


@pytest.fixture
def python(service: Running) -> Running:
    """Give the service, which answers for a model in Python."""
    require("python")
    return service


@contextlib.contextmanager
def connected(service: Running, sent: bytes, receive_bytes: int = 0) -> Iterator[socket.socket]:
    """Hold a connection on which this was sent."""
    with socket.socket() as connection:
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(PATIENCE_S)
        connection.connect(("127.0.0.1", service.port))
        connection.sendall(sent)
        yield connection


def answered(service: Running, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the answer to this, after which the connection is closed."""
    with connected(service, sent) as connection:
        return read(connection)


def read(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    with connection.makefile("rb") as answer:
        status = int(answer.readline().split()[1])
        lines = iter(lambda: answer.readline().strip(), b"")
        headers = dict(line.decode("latin-1").split(": ", 1) for line in lines)
        return status, headers, answer.read(int(headers.get("content-length", 0)))


def well(service: Running) -> None:
    """Assert that whoever comes now is answered, in the event loop and in threads alike."""
    for path in ("/alive", "/ready", "/list"):
        assert service.get(path).status == 200
    assert service.get("/models/iris-python/predict", **flowers(1)[0]).status == 200
    upload = b"sepal length,sepal width,petal length,petal width\n5.2,3.5,1.5,0.2\n"
    answer = service.ask("POST", "/models/iris-python/predict", upload, {"Content-Type": "text/csv"})
    assert answer.result == ["Iris-setosa"]


def test_hundreds_of_idle_callers_of_every_kind_keep_nobody_waiting_and_are_ended(python: Running) -> None:
    with contextlib.ExitStack() as held:
        idle = {kind: [held.enter_context(connected(python, sent)) for _ in range(EACH)] for kind, sent in IDLE.items()}
        well(python)
        for kind in IDLE:
            if kind != "heads":  # of which the web server itself takes care
                status, headers, body = read(idle[kind][0])
                assert (status, headers["connection"]) == (408, "close")
                told = json.loads(body)
                assert told["code"] == "body-too-slow"
                assert told["error"].startswith("nothing of the body came for 10 s")
                assert headers["x-request-id"] == told["metadata"]["request_id"]
    well(python)


def test_callers_who_do_not_read_their_answers_keep_nobody_waiting(python: Running) -> None:
    rows = json.dumps(flowers(1) * 5_000).encode()
    path = b"POST /models/iris-python/predict_proba HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
    with contextlib.ExitStack() as held:
        for _ in range(40):  # more than there are threads
            held.enter_context(connected(python, path + b"Content-Length: %d\r\n\r\n" % len(rows) + rows, 4_096))
        well(python)


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        (b"GET /alive HTTP/1.1\r\n\r\n", 400, "send one Host header, not none"),
        (b"GET /alive HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "send one Host header, not 2"),
        (b"get /alive HTTP/1.1\r\nHost: a\r\n\r\n", 400, "methods are written in capitals: GET"),
        (b"GET /alive?%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 40_000), 414, "path and query may have 32,768 bytes"),
        (b"GET /alive HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"x" * 70_000), 431, "send at most 90 headers"),
        (JSON + b"Content-Length: 99999999999\r\n\r\n[", 413, "a body may have"),
        (JSON + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n", 413, "a body may have"),
        (b"GET /models/a%2Fb/predict?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", 404, "no model 'a/b' is active"),
    ],
)
def test_a_strange_request_is_refused_in_the_one_shape(python: Running, sent: bytes, status: int, says: str) -> None:
    found, headers, body = answered(python, sent)

    assert found == status
    told = json.loads(body)
    assert says in told["error"]
    assert told["metadata"]["request_id"] == headers["x-request-id"]
