"""The traces of a real service, as a collector gets them by OTLP."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.functional.running import Running
from tests.helpers import until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(ThreadingHTTPServer):
    """Takes traces as a collector does, on a free port; `resources` and `spans` are what has come."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taken)
        self.resources: list[dict[str, str]] = []
        self.spans: list[Any] = []


class _Taken(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        said = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/v1/traces"
        for each in said.resource_spans:
            self.server.resources.append({fact.key: fact.value.string_value for fact in each.resource.attributes})
            self.server.spans += [span for scope in each.scope_spans for span in scope.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture
def service(_start: Callable[..., Running], collector: Collector) -> Iterator[Running]:
    """Give a service of Python's models that is traced; only its end sends what there is."""
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
    }
    made = _start("python", TRACING="1", **settings)
    until(lambda: made.is_up and _answers(made))
    yield made
    made.close()


def _answers(service: Running) -> bool:
    with suppress(OSError):
        return service.get("/models/moody-python/ready").status == 200
    return False


def test_a_collector_gets_a_request_with_its_call_and_its_stages(service: Running, collector: Collector) -> None:
    answer = service.post(
        "/models/moody-python/predict",
        [{"mood": 0, "seconds": 0}],
        {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "X-Request-Id": "mine-1"},
    )
    assert answer.status == 200
    assert service.stop() == 0

    ours = [span for span in collector.spans if span.trace_id.hex() == TRACE]
    named = {span.name: span for span in ours}
    assert named.keys() == {
        "POST /models/<name>/predict",
        "predict moody-python",
        "queue",
        "input",
        "infer",
        "output",
    }
    call = named["predict moody-python"]
    assert call.parent_span_id == named["POST /models/<name>/predict"].span_id
    assert {span.parent_span_id for span in ours if span.name in ("queue", "input", "infer", "output")} == {
        call.span_id
    }
    attributes = {fact.key: fact.value for fact in call.attributes}
    assert attributes["triglot.request_id"].string_value == "mine-1"
    assert collector.resources[0]["service.name"] == "every model there is"
