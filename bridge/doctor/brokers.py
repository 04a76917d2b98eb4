"""The brokers that bring requests: their clients installed, and each one reached and willing to let us in."""

import importlib
from collections.abc import Iterator

from triglot.config.brokers import Broker, missing_client
from triglot.doctor.finding import Finding
from triglot.messages.link import LinkLost
from triglot.project import Project


def look(project: Project) -> Iterator[Finding]:
    """Yield how each broker of the configuration is; raises `ConfigError` where it says what is none."""
    yield from map(_reached, project.brokers)


def _reached(broker: Broker) -> Finding:
    if command := missing_client(broker):
        return Finding("messages", "fail", f"{broker}: no client", advice=command)
    try:
        importlib.import_module(f"triglot.messages.{broker.protocol}").reach(broker)
    except LinkLost as error:
        advice = "check that it runs and that url, user and password are right; the service tries it on meanwhile"
        return Finding("messages", "warn", f"{broker}: {error}", advice=advice)
    return Finding("messages", "ok", f"{broker} lets us in")
