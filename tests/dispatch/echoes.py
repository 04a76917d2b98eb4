"""Clients with real Python workers, and a model that answers the first number of each row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.helpers import PATIENCE_S, Hive, author_module, fit_request, floats
from triglot.artefact import Artefact
from triglot.dispatch.blocking import Answer, Client
from triglot.protocol.messages import Request
from triglot.transport.request_ids import new_id

MODELS = Path(__file__).parent.parent / "models"
echo = author_module(MODELS, "echo")


class Echoes:
    """A client, its workers, and a model that answers the first number of each row."""

    def __init__(self, hive: Hive, client: Client, artefact: Artefact | None = None) -> None:
        self.hive = hive
        self.client = client
        self.artefact = artefact or self.fit()

    def fit(self) -> Artefact:
        X = floats((0.0, 0.0), (1.0, 0.0))
        request = fit_request(echo.Echo(), X, [0.0, 1.0], None, python_path=[str(MODELS)])
        artefact = self.client.call(request, "python", PATIENCE_S).reply.artefact
        assert artefact is not None
        return artefact

    def join(self, count: int) -> None:
        """Return once that many workers more are there."""
        for worker in [self.hive.start("python", wait=False) for _ in range(count)]:
            self.hive.wait_for(worker)
        self.client.wait_for({"python": len(self.hive.workers)}, PATIENCE_S)

    def dead(self) -> int:
        """Return how many of the workers have ended."""
        return sum(worker.process.poll() is not None for worker in self.hive.workers)

    def call(self, number: float, *, version: int = 1, timeout_s: float = PATIENCE_S, **params: Any) -> Answer:
        request = Request("predict", new_id(), "echo", version, tables=(floats((number, 0.0)),), params=params)
        return self.client.call(request, "python", timeout_s, fetch=lambda: self.artefact)

    def answer(self, number: float, **more: Any) -> float:
        return float(self.call(number, **more).reply.tables[0].matrix()[0, 0])


def hold(count: int, *arguments: str) -> Iterator[Echoes]:
    hive = Hive()
    client = Client(hive.run_dir)
    try:
        for worker in [hive.start("python", f"w{i}", *arguments, wait=False) for i in range(count)]:
            hive.wait_for(worker)
        client.wait_for({"python": count}, PATIENCE_S)
        yield Echoes(hive, client)
    finally:
        client.close()
        hive.close()
