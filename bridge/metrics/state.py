"""How a service is at the moment, as families of metrics: versions, workers, jobs, the store."""

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from triglot import __version__
from triglot.serving.service import Service

_STATES = ("ready", "draining", "silent", "lost")


def families(service: Service, jobs: Mapping[str, int]) -> Iterator[Metric]:
    """Yield the metrics of what stands now; `jobs` are counted by their states."""
    yield InfoMetricFamily("triglot_build", "What runs here.", value={"version": __version__})
    yield from _versions(service)
    yield from _troubles(service)
    yield _workers(service)
    unread = GaugeMetricFamily("triglot_store_up", "Whether the last look into the model store succeeded.")
    unread.add_metric((), float(not service.trouble))
    yield unread
    states = GaugeMetricFamily("triglot_jobs", "Jobs that are kept, by their state.", labels=("state",))
    for state, count in jobs.items():
        states.add_metric((state,), count)
    yield states


def _versions(service: Service) -> Iterator[Metric]:
    active = GaugeMetricFamily(
        "triglot_model_active_version", "The version that is active.", labels=("model", "language")
    )
    answers = GaugeMetricFamily(
        "triglot_model_answering_version",
        "The version that answers; absent where none does.",
        labels=("model", "language"),
    )
    created = GaugeMetricFamily(
        "triglot_model_created_timestamp_seconds",
        "When the version that answers was fitted.",
        labels=("model", "version"),
    )
    workers = GaugeMetricFamily("triglot_model_workers", "Workers that have it loaded.", labels=("model", "version"))
    scopes = GaugeMetricFamily("triglot_family_scopes", "Scopes that have an active model.", labels=("family",))
    for name, standing in sorted(service.standings().items()):
        active.add_metric((name, standing.active.language), standing.active.version)
        if standing.answers is not None:
            of = (name, str(standing.answers.version))
            answers.add_metric((name, standing.answers.language), standing.answers.version)
            created.add_metric(of, standing.answers.info.created.timestamp())
            workers.add_metric(of, service.holders(standing.answers))
    for name, family in sorted(service.families().items()):
        scopes.add_metric((name,), len(family.versions))
    yield from (active, answers, created, workers, scopes)


def _troubles(service: Service) -> Iterator[Metric]:
    of = ("model", "version")
    ratio = GaugeMetricFamily(
        "triglot_prediction_error_ratio", "The share of its requests that failed within the last minute.", labels=of
    )
    for (model, version), lately in sorted(service.lately().items()):
        ratio.add_metric((model, str(version)), lately.share)
    held = GaugeMetricFamily(
        "triglot_version_quarantined", "1 while it answers and is not asked because it ends workers.", labels=of
    )
    for model, version in sorted(service.in_quarantine()):
        held.add_metric((model, str(version)), 1)
    yield from (ratio, held)


def _workers(service: Service) -> Metric:
    found = GaugeMetricFamily("triglot_workers", "Workers of each pool, by their state.", labels=("pool", "state"))
    counts = Counter(
        (each.pool, "ready" if each.ready else "silent" if each.silent else "draining" if each.alive else "lost")
        for each in service.workers()
    )
    for pool in sorted({pool for pool, _ in counts}):
        for state in _STATES:
            found.add_metric((pool, state), counts[pool, state])
    return found
