"""Traces of an application: a request's span, its calls below it, their stages, and whose trace they belong to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Response
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.server.conftest import FLOWER, TIMEOUT_S
from tests.server.test_asgi import Caller, http
from triglot.bodies.media import CSV
from triglot.dispatch.blocking import Client
from triglot.errors import ConfigError
from triglot.hooks import Hooks
from triglot.server.app import Options, create_app
from triglot.server.rules import Rule
from triglot.server.tracing import Traced
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.tracing import Traces, traces

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"
BODY = json.dumps([FLOWER, FLOWER]).encode()
ROWS = (",".join(FLOWER) + "\n" + ",".join(map(str, FLOWER.values())) + "\n").encode()
PREDICT = "/models/<name>/predict"


class Watched(Caller):
    """An application whose traces stay in memory."""

    def __init__(self, models: ModelStore, run_dir: Path) -> None:
        provider, self._memory = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(self._memory))
        made = Traces(provider)
        self.service = Service(models, Client(run_dir), hooks=Hooks([made]))
        rule = Rule("/current", None, lambda: Response(f"{trace.get_current_span().get_span_context().trace_id:032x}"))
        super().__init__(create_app(self.service, Options(timeout_s=TIMEOUT_S, rules=(rule,))))
        self.front: Any = Traced(self.front, self.flask, made)

    def spans(self, scope: dict[str, Any], body: bytes = b"") -> tuple[str, bytes, list[ReadableSpan]]:
        """Return the status and the body of an answer, and the spans that came of it, as they ended."""
        self._memory.clear()
        if body:
            scope["headers"].append((b"content-length", str(len(body)).encode()))
        status, _, content = self.answer(scope, body)
        return status, content, list(self._memory.get_finished_spans())


@pytest.fixture(scope="module")
def traced(models: ModelStore, run_dir: Path) -> Iterator[Watched]:
    made = Watched(models, run_dir)
    yield made
    made.close()
    made.service.close()


def ids(span: ReadableSpan) -> tuple[str, str]:
    """Return the ids of a span's trace and of its parent."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}", "" if span.parent is None else f"{span.parent.span_id:016x}"


def span_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


def facts(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.mark.parametrize(("kind", "body"), [("application/json", BODY), (CSV, ROWS)], ids=["in the loop", "in threads"])
def test_a_request_goes_on_with_its_callers_trace_down_to_what_the_worker_did(
    traced: Watched, kind: str, body: bytes
) -> None:
    scope = http("POST", "/models/iris/predict", content_type=kind, traceparent=SAMPLED, x_request_id="mine-1")
    status, _, spans = traced.spans(scope, body)

    assert status == "200"
    *stages, call, request = spans
    assert (request.name, request.kind, call.name, call.kind) == (
        f"POST {PREDICT}",
        SpanKind.SERVER,
        "predict iris",
        SpanKind.CLIENT,
    )
    assert [stage.name for stage in stages] == ["queue", "input", "infer", "output"]
    assert ids(request) == (TRACE, PARENT)
    assert ids(call) == (TRACE, span_id(request))
    assert {ids(stage) for stage in stages} == {(TRACE, span_id(call))}
    assert facts(request) == {
        "triglot.request_id": "mine-1",
        "http.request.method": "POST",
        "http.route": PREDICT,
        "url.path": "/models/iris/predict",
        "http.response.status_code": 200,
    }
    rows = 2 if body is BODY else 1
    assert facts(call) == {
        "triglot.request_id": "mine-1",
        "triglot.model": "iris",
        "triglot.version": 1,
        "triglot.rows": rows,
    }
    times = [request.start_time, call.start_time]
    for stage in stages:
        times += [stage.start_time, stage.end_time]
    times += [call.end_time, request.end_time]
    assert times == sorted(times, key=lambda at: at or 0)
    assert sum((stage.end_time or 0) - (stage.start_time or 0) for stage in stages) > 0


def test_without_a_callers_trace_a_request_begins_one_and_has_an_id(traced: Watched) -> None:
    status, _, spans = traced.spans(http("GET", "/models/iris/predict", urlencode(FLOWER)))
    request = spans[-1]
    assert status == "200"
    assert request.parent is None
    assert len({ids(span)[0] for span in spans}) == 1
    assert facts(request)["triglot.request_id"] == facts(spans[-2])["triglot.request_id"] != ""


def test_an_error_of_the_model_is_one_of_its_spans_and_its_text_in_none(traced: Watched) -> None:
    status, _, (call, request) = traced.spans(http("GET", "/models/moody/predict", "mood=1"))
    assert status == "500"
    assert (call.status.status_code, request.status.status_code) == (StatusCode.ERROR, StatusCode.ERROR)
    assert facts(call)["error.type"] == "estimator-failed"
    assert "hunter2" not in call.to_json() + request.to_json()


def test_a_callers_fault_is_none_of_the_service(traced: Watched) -> None:
    status, _, (request,) = traced.spans(http("POST", "/models/iris/predict", content_type="application/json"), b"[")
    assert status == "400"
    assert request.status.status_code is StatusCode.UNSET
    assert facts(request)["http.response.status_code"] == 400


def test_what_is_found_nowhere_is_called_by_its_method_alone(traced: Watched) -> None:
    _, _, (request,) = traced.spans(http("GET", "/nowhere/at/all"))
    assert request.name == "GET"
    assert "http.route" not in facts(request)


def test_a_view_of_ones_own_is_within_the_trace(traced: Watched) -> None:
    status, content, (request,) = traced.spans(http("GET", "/current", traceparent=SAMPLED))
    assert (status, content.decode()) == ("200", TRACE)
    assert request.name == "GET /current"


def test_what_the_caller_does_not_sample_and_what_only_looks_is_not_told(traced: Watched) -> None:
    _, _, spans = traced.spans(http("GET", "/models/iris/predict", urlencode(FLOWER), traceparent=UNSAMPLED))
    assert spans == []
    for path in ("/alive", "/ready", "/metrics"):
        assert traced.spans(http("GET", path))[2] == []


def test_an_exporter_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="OTEL_TRACES_EXPORTER: there is no carrier-pigeon; write otlp, console or"):
        traces({"OTEL_TRACES_EXPORTER": "none, carrier-pigeon"})
