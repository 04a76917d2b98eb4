"""What predictions have come to, version by version, as families of metrics."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from triglot.tally.files import Version
from triglot.tally.sums import DURATIONS_NS, ROWS_OF_CALLS, Totals

NS_PER_S = 1e9
BOUNDS_S = tuple(f"{bound / NS_PER_S:g}" for bound in DURATIONS_NS)
_ROWS = tuple(map(str, ROWS_OF_CALLS))
_OF = ("model", "version", "language")
_COUNTS: Mapping[str, tuple[str, Callable[[Totals], int]]] = {
    "triglot_prediction_failures": ("Requests that got an error instead of an answer.", lambda of: of.fail.count),
    "triglot_prediction_rows": ("Rows answered.", lambda of: of.rows),
    "triglot_model_calls": ("Calls of the model for them, which requests may share.", lambda of: of.calls),
}


def families(totals: Mapping[Version, Totals], languages: Mapping[str, str]) -> Iterator[Metric]:
    """Yield the metrics of all versions that were asked; a family of scopes' models is one, of version 0.

    languages: of the models, by name.
    """
    said = [((model, str(version), languages.get(model, "")), of) for (model, version), of in sorted(totals.items())]
    for name, (about, value) in _COUNTS.items():
        counter = CounterMetricFamily(name, about, labels=_OF)
        for labels, of in said:
            counter.add_metric(labels, value(of))
        yield counter
    durations = HistogramMetricFamily(
        "triglot_prediction_duration_seconds", "Requests that got an answer, from asking a worker to it.", labels=_OF
    )
    rows = HistogramMetricFamily("triglot_model_call_rows", "Rows of a call of the model.", labels=_OF)
    stages = CounterMetricFamily(
        "triglot_prediction_stage_seconds",
        "Where that time went: in the worker's queue, in its language (input, infer, output), between the processes "
        "(transport). Requests that share a call have its times in full, each of them.",
        labels=(*_OF, "stage"),
    )
    for labels, of in said:
        durations.add_metric(labels, buckets(BOUNDS_S, of.durations), of.success.ns / NS_PER_S)
        rows.add_metric(labels, buckets(_ROWS, of.calls_by_rows), of.rows)
        for stage, seconds in _stages(of):
            stages.add_metric((*labels, stage), seconds)
    yield from (durations, rows, stages)


def buckets(bounds: Sequence[str], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return counts between bounds as a histogram's buckets, each with all that lies below it."""
    return [(bound, float(count)) for bound, count in zip((*bounds, "+Inf"), accumulate(counts), strict=True)]


def _stages(of: Totals) -> Iterator[tuple[str, float]]:
    within = {"queue": of.queue, "input": of.input, "infer": of.infer, "output": of.output}
    yield from ((stage, each.ns / NS_PER_S) for stage, each in within.items())
    if of.queue.count == of.success.count:  # else some worker tells no times, and the rest is more than transport
        yield "transport", max(0, of.success.ns - sum(each.ns for each in within.values())) / NS_PER_S
