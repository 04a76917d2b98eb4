"""Single rows through RabbitMQ: how many answers a second come back, from the first request to the last answer."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import ours
from benchmarks.load import Request, ask
from benchmarks.processes import free_port, served
from benchmarks.scale.commands import said
from benchmarks.scale.figures import Figure

CONFIG = Path(__file__).with_name("messages-config.py")
COUNT = 20_000
WARM = 2_000


def figures(folder: Path, count: int = COUNT) -> Iterator[Figure]:
    """Give the figure; raises `RuntimeError` where no broker is installed, or an answer is not good."""
    from tests.messages.brokers import RabbitMQ, running

    if not Path("/usr/lib/rabbitmq").exists():
        raise RuntimeError("RabbitMQ is not installed: run make setup-test")
    place = folder / "messages"
    place.mkdir(exist_ok=True)
    with running(RabbitMQ) as broker:
        environ = {**os.environ, **ours.environment(place, CONFIG), "TRIGLOT_SCALE_AMQP": str(broker.port)}
        said([sys.executable, "-m", "triglot", "fit", "--no-proof"], environ)
        port = free_port()
        alive = Request(port, "/alive")
        with served(ours.command(port), environ, place / "log", lambda: ask(alive) is not None) as service:
            ours.wait_until_ready(port)
            rate = 0.0
            for asked in (WARM, count):
                rate = answers_per_s(broker.port, asked)
            yield Figure("messages", "messages", count / rate, rate, service.memory_mb())


def answers_per_s(port: int, count: int) -> float:
    """Return what the client of `benchmarks.messages` measures."""
    client = [sys.executable, "-m", "benchmarks.messages", f"amqp://127.0.0.1:{port}", "--count", str(count)]
    text = said(client, os.environ)
    found = re.search(r"^([\d,]+) answers a second$", text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the client said nothing of answers: {text}")
    return float(found[1].replace(",", ""))
