"""Traces by OpenTelemetry: a span for each request of HTTP, below it one for each call of a worker, and its stages.

A worker needs nothing for it: what its call took comes back in the reply. Only whoever is asked for traces imports this
module; its library is the extra `tracing`, and its settings are the environment's `OTEL_*`.
"""

import threading
import time
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, Final, NamedTuple

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode

from triglot import __version__
from triglot.errors import ConfigError
from triglot.hooks import Hook, WorkerCall
from triglot.protocol.messages import Spent

FLUSH_S: Final = 3.0  # what has not left by then is lost, as a process that is to end does not wait for a collector
NAME: Final = "triglot"
_STAGES: Final = ("queue", "input", "infer", "output")
_SERVER_FAULT: Final = 500


class _Open(NamedTuple):
    """A call that goes on: its span, and when it began, in nanoseconds since the epoch."""

    span: Span
    began: int


class Traces(Hook):
    """The spans of a front end's process; safe under threads.

    A request is known by its id, as its calls are made in whichever thread there is.
    """

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(NAME, __version__)
        self._requests: dict[str, Context] = {}
        self._calls: dict[int, _Open] = {}

    def begin(self, request_id: str, name: str, headers: Mapping[str, str], facts: Mapping[str, str | int]) -> Context:
        """Return the context of a request that has come: its span goes on with the trace of its headers (W3C).

        facts: the span's attributes.
        """
        caller = propagate.extract(headers)
        span = self._tracer.start_span(name, caller, SpanKind.SERVER, {**facts, "triglot.request_id": request_id})
        context = self._requests[request_id] = trace.set_span_in_context(span, caller)
        return context

    def end(self, request_id: str, context: Context, status: int) -> None:
        """End the span of a request that was answered with this status; 0 where it was not."""
        if self._requests.get(request_id) is context:
            del self._requests[request_id]
        span = trace.get_current_span(context)
        if status:
            span.set_attribute("http.response.status_code", status)
        if status >= _SERVER_FAULT or not status:
            span.set_status(StatusCode.ERROR)
        span.end()

    def call_begun(self, call: WorkerCall) -> None:
        """Begin the span of a call for a request that has one."""
        request_id = call.ids[0]  # in a front end a call is one request
        context = self._requests.get(request_id)
        if context is None:
            return
        facts: dict[str, str | int] = {
            "triglot.model": call.model,
            "triglot.version": call.version,
            "triglot.rows": call.rows,
            "triglot.request_id": request_id,
        }
        began = time.time_ns()
        span = self._tracer.start_span(f"{call.op} {call.model}", context, SpanKind.CLIENT, facts, start_time=began)
        self._calls[id(call)] = _Open(span, began)

    def call_timed(self, call: WorkerCall, spent: Spent) -> None:
        """Tell what the worker did meanwhile, stage by stage from the sending on; the rest was on the way."""
        going = self._calls.get(id(call))
        if going is None or not going.span.is_recording():
            return
        within = trace.set_span_in_context(going.span)
        at, now = going.began, time.time_ns()
        for stage in _STAGES:
            until = min(at + getattr(spent, stage), now)  # two clocks need not agree
            self._tracer.start_span(stage, within, start_time=at).end(until)
            at = until

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        """End the span of a call that was answered."""
        if (going := self._calls.pop(id(call), None)) is not None:
            going.span.end()

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        """End the span of a call that was not; an error's text may hold what callers sent, and is left out."""
        if (going := self._calls.pop(id(call), None)) is not None:
            going.span.set_attribute("error.type", getattr(error, "code", type(error).__name__))
            going.span.set_status(StatusCode.ERROR)
            going.span.end()

    def close(self) -> None:
        """Send what has not left yet, for no longer than `FLUSH_S`."""
        shutdown = getattr(self._provider, "shutdown", None)
        if shutdown is not None:
            ending = threading.Thread(target=shutdown, name="triglot-traces", daemon=True)
            ending.start()
            ending.join(FLUSH_S)


def traces(environ: Mapping[str, str], service_name: str = NAME) -> Traces:
    """Return the traces of this process, set up as the environment says, or as another library has done before.

    service_name: what the service is called where `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say nothing.
    Raises `ConfigError` for an exporter that is not installed.
    """
    there = trace.get_tracer_provider()
    if not isinstance(there, trace.ProxyTracerProvider):
        return Traces(there)
    provider = TracerProvider(resource=_resource(service_name), shutdown_on_exit=False)
    for exporter in _exporters(environ):
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return Traces(provider)


def _resource(service_name: str) -> Resource:
    said = Resource.create()
    unsaid = str(said.attributes.get(SERVICE_NAME, "")).startswith("unknown_service")
    return said.merge(Resource({SERVICE_NAME: service_name})) if unsaid else said


def _exporters(environ: Mapping[str, str]) -> list[SpanExporter]:
    """Return what `OTEL_TRACES_EXPORTER` names; `otlp` is by HTTP unless `OTEL_EXPORTER_OTLP_PROTOCOL` says gRPC."""
    by_grpc = environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")) == "grpc"
    known = {"otlp": "otlp_proto_grpc" if by_grpc else "otlp_proto_http"}
    said = [name.strip() for name in (environ.get("OTEL_TRACES_EXPORTER") or "otlp").split(",")]
    return [_exporter(known.get(name, name)) for name in said if name != "none"]


def _exporter(name: str) -> SpanExporter:
    for found in entry_points(group="opentelemetry_traces_exporter", name=name):
        made: Any = found.load()()
        exporter: SpanExporter = made
        return exporter
    raise ConfigError(
        f"OTEL_TRACES_EXPORTER: there is no {name}; write otlp, console or none, or install the package that brings it"
    )
