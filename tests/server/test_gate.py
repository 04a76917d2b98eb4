"""Heads that are refused, and who never waits for predictions."""

from typing import Any

import pytest

from tests.server.test_asgi import http
from triglot.server import gate
from triglot.server.access.door import DOOR
from triglot.server.app import create_app
from triglot.server.context import Options
from triglot.server.health import alive
from triglot.server.rules import add_url_rule
from triglot.serving.service import Service


def said(scope: dict[str, Any]) -> tuple[int | None, str]:
    error = gate.refusal(scope)
    assert error is not None
    return error.code, str(error.description)


def headed(*headers: tuple[bytes, bytes], **scope: Any) -> dict[str, Any]:
    return {**http("GET", "/alive"), "headers": list(headers), **scope}


def test_an_ordinary_head_passes() -> None:
    assert gate.refusal(headed((b"host", b"here"), (b"accept", b"*/*"))) is None
    assert gate.refusal(headed((b"host", b""), http_version="1.0")) is None


def test_a_request_names_one_host() -> None:
    assert said(headed((b"host", b""))) == (400, "send one Host header, not none")
    assert said(headed()) == (400, "send one Host header, not none")
    assert said(headed((b"host", b"a"), (b"host", b"b"))) == (400, "send one Host header, not 2")


def test_a_method_is_written_in_capitals() -> None:
    assert said(headed((b"host", b"a"), method="get")) == (400, "methods are written in capitals: GET")


def test_a_long_line_and_a_large_head_are_refused_with_what_they_may_be() -> None:
    assert said(headed((b"host", b"a"), query_string=b"x" * 40_000)) == (
        414,
        "path and query may have 32,768 bytes; send rows in the body of a POST",
    )
    many = [(b"x-%d" % number, b"") for number in range(95)]
    for headers in ([(b"x", b"x" * 70_000)], many):
        assert said(headed((b"host", b"a"), *headers)) == (431, "send at most 90 headers of 65,536 bytes together")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/alive", "health"),
        ("/ready/", "health"),
        ("/own/health", "health"),
        ("/v2/health/live", "health"),
        ("/ping", "health"),
        ("/models/iris/ready", "health"),
        ("/v2/models/iris/versions/1/ready", "health"),
        ("/list", "listing"),
        ("/nowhere", "listing"),
        ("/v2/models/stats", "listing"),
        ("/models/iris", "listing"),
        ("/models/iris/predict", "any"),
        ("/predict", "any"),
        ("/own", "any"),
    ],
)
def test_who_looks_after_a_service_does_not_wait_for_predictions(service: Service, path: str, place: str) -> None:
    rules = (add_url_rule("/own/health", view_func=alive), add_url_rule("/own", view_func=lambda: "slow"))
    app = create_app(service, Options(rules=rules))
    places = gate.Places(app, app.extensions[DOOR].scopes)

    assert places.of(http("GET", path)) == places.of(http("HEAD", path)) == place
    assert places.of(http("POST", path)) == "any"


def test_of_a_body_as_much_is_received_as_its_type_may_have() -> None:
    options = Options(max_body_bytes=100, max_bulk_bytes=1_000)

    assert gate.most_bytes(http("POST", "/predict", content_type="application/json"), options) == 100
    assert gate.most_bytes(http("POST", "/predict", content_type="text/csv; header=present"), options) == 1_000
    assert gate.most_bytes(http("POST", "/predict", content_type="text/csv", content_length="1001"), options) == 0


def test_a_body_is_there_where_it_is_announced() -> None:
    assert not gate.has_body(http("GET", "/alive"))
    assert not gate.has_body(http("POST", "/refresh", content_length="0"))
    assert gate.has_body(http("POST", "/predict", content_length="2"))
    assert gate.has_body(http("POST", "/predict", transfer_encoding="chunked"))
