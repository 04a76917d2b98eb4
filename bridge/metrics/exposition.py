"""All metrics of a service together, in the form that whoever asks can read."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from triglot import this_process
from triglot.metrics import drift, events, predictions, processes, state
from triglot.serving.service import Service
from triglot.supervision.status import Program


def exposed(service: Service, jobs: Mapping[str, int], accept: str) -> tuple[bytes, str]:
    """Return the metrics and their type, in Prometheus' text format or OpenMetrics', as a header of Accept wants it.

    Counts are those of all processes of the service together, since it started, of ended ones as well.

    jobs: how many are in each state.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics(service, jobs))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Metrics(Collector):
    """What one scrape collects."""

    def __init__(self, service: Service, jobs: Mapping[str, int]) -> None:
        self._service = service
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        service = self._service
        languages = {name: each.active.language for name, each in service.standings().items()}
        languages |= {name: family.language for name, family in service.families().items()}
        yield from predictions.families(service.tallies.totals(), languages)
        yield from events.families(service.tallies.counters.totals())
        yield from state.families(service, self._jobs)
        yield from drift.families(service.drift())
        yield from processes.families(service.programs() or _itself())


def _itself() -> Mapping[str, Program]:
    """Return this process as the only one that is known, where nobody supervises it."""
    return {"web": {"pid": this_process.pid(), "starts": 1, "exits": {}}}
