"""What the processes of a service have counted, as families of metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from triglot.metrics.predictions import BOUNDS_S, NS_PER_S, buckets
from triglot.tally.counters import Counted, Name
from triglot.tally.files import DEATH, FAILURE


@dataclass(frozen=True, slots=True)
class _Event:
    """A metric of what is counted: its name, its text and its labels."""

    metric: str
    about: str
    labels: tuple[str, ...]


# by the first word of their names among the counters
_COUNTS: Mapping[str, _Event] = {
    FAILURE: _Event(
        "triglot_prediction_errors",
        "Requests to a version that got an error, by its code; HTTP, gRPC and messages together.",
        ("model", "version", "code"),
    ),
    "retry": _Event(
        "triglot_prediction_retries",
        "Further tries of answered requests, whose worker had ended before.",
        ("model", "version"),
    ),
    DEATH: _Event(
        "triglot_worker_deaths",
        "Workers that ended while they loaded or answered a version and did nothing else.",
        ("model", "version", "pool", "operation"),
    ),
    "load": _Event("triglot_version_loads", "Versions that workers have loaded.", ("model", "version", "language")),
    "worker-failure": _Event(
        "triglot_worker_failures",
        "Calls of workers that failed, by what was wanted and the error's code; `artefact-refused` of a load is one "
        "whose signature, loading or golden rows failed.",
        ("operation", "model", "language", "code"),
    ),
}
_TIMES: Mapping[str, _Event] = {
    "http": _Event(
        "triglot_http_request_duration_seconds",
        "Answers of HTTP, by route, status and error code.",
        ("route", "status", "code"),
    ),
    "work": _Event(
        "triglot_worker_call_duration_seconds",
        "Fits, loads and readings of data by workers.",
        ("operation", "model", "language"),
    ),
    "store": _Event("triglot_store_read_duration_seconds", "Looks into the model store.", ("outcome",)),
}


def families(counted: Mapping[Name, Counted]) -> Iterator[Metric]:
    """Yield the metrics of all that was counted."""
    counts = {kind: CounterMetricFamily(of.metric, of.about, labels=of.labels) for kind, of in _COUNTS.items()}
    times = {kind: HistogramMetricFamily(of.metric, of.about, labels=of.labels) for kind, of in _TIMES.items()}
    for (kind, *labels), found in sorted(counted.items()):
        if kind in counts:
            counts[kind].add_metric(labels, found.times)
        elif kind in times:
            times[kind].add_metric(labels, buckets(BOUNDS_S, found.durations), found.ns / NS_PER_S)
    yield from counts.values()
    yield from times.values()
