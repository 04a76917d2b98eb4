"""What Prometheus' own parser reads in an exposition."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Return the values by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(families: Iterable[Metric]) -> Samples:
    """Return what is read of these families once they are written down."""
    made = list(families)

    class Made(Collector):
        def collect(self) -> Iterable[Metric]:
            return made

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Made())
    return samples(generate_latest(registry).decode())


def of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return what a value is found by."""
    return name, frozenset(labels.items())
