"""A version that ends real workers: it is not asked any more, by no process; another one is, and a trial ends it."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers import PATIENCE_S, Hive, author_module, until
from triglot.dispatch.blocking import Client
from triglot.errors import PoisonRequest, VersionQuarantined
from triglot.serving.service import Question, Service
from triglot.store import ModelStore
from triglot.tables.table import Table
from triglot.tally.quarantine import Quarantine
from triglot.training.fit_worker import Bench

MODELS = Path(__file__).parents[1] / "models"
FOR_S = 3_600.0
echo = author_module(MODELS, "echo")


def row(number: float) -> Table:
    return Table(["a", "b"], matrix=np.array([[number, 0.0]]))


@pytest.fixture
def store(tmp_path: Path, benches: Callable[[str], Bench]) -> Iterator[ModelStore]:
    """Hold a store of two versions, the first active, which end their process when a row says so."""
    made = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    X = pd.DataFrame({"a": [0.0, 1.0], "b": [0.0, 0.0]})
    for factor in (1.0, 2.0):
        fitted = benches("python").fit("echo", echo.Echo(factor), X, [0.0, 1.0], (str(MODELS),))
        made.write("echo", fitted.artefact)
    made.activate("echo", 1)
    yield made
    made.close()


@pytest.fixture
def hive() -> Iterator[Hive]:
    """Hold five workers, which nobody starts again."""
    made = Hive()
    try:
        for worker in [made.start("python", wait=False) for _ in range(5)]:
            made.wait_for(worker)
        yield made
    finally:
        made.close()


def dead(hive: Hive) -> int:
    return sum(worker.process.poll() is not None for worker in hive.workers)


def ask(service: Service, number: float) -> float:
    values = service.predict(Question(service.served("echo"), timeout_s=PATIENCE_S), row(number)).values
    return float(values[0])


def ask_soon(service: Service, number: float) -> float:
    """Ask by an event loop's lane, as ordinary requests of HTTP do."""

    async def asked() -> float:
        with ThreadPoolExecutor(1) as pool:
            lane = service.lane(pool)
            try:
                question = Question(service.served("echo"), timeout_s=PATIENCE_S)
                return float((await service.predict_soon(lane, question, row(number))).values[0])
            finally:
                lane.close()

    return asyncio.run(asked())


def test_a_version_that_ends_workers_is_kept_from_them_until_a_trial_is_answered(
    store: ModelStore, hive: Hive, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = Quarantine(deaths=3, for_s=FOR_S)
    one, two = (Service(store, Client(hive.run_dir), quarantine=terms) for _ in range(2))
    try:
        until(lambda: one.holders(one.served("echo")) == two.holders(two.served("echo")) == 5)

        with pytest.raises(PoisonRequest):
            ask(one, echo.DEADLY)  # the first death proves nothing, the two others do
        until(lambda: dead(hive) == 3)
        assert ask(two, 5.0) == 5.0
        # the fourth worker proves nothing again; the fifth would be kept, but for the version's third proof
        with pytest.raises(VersionQuarantined) as told:
            ask_soon(two, echo.DEADLY)
        until(lambda: dead(hive) == 5)
        assert told.value.cause == "requests to it have ended 3 workers"
        hive.start("python")

        until(lambda: one.quarantined(one.served("echo")) is not None)
        for service in (one, two):
            for asked in (ask, ask_soon):
                with pytest.raises(VersionQuarantined):
                    asked(service, 5.0)
        assert one.tallies.deaths() == {("echo", 1): 3}

        store.activate("echo", 2)
        for service in (one, two):
            service.refresh()
            assert ask(service, 5.0) == 10.0
        assert one.in_quarantine() == {}
        store.activate("echo", 1)
        two.refresh()
        assert list(two.in_quarantine()) == [("echo", 1)]
        with pytest.raises(VersionQuarantined):
            ask(two, 5.0)

        later = two.cases._clock() + FOR_S
        monkeypatch.setattr(two.cases, "_clock", lambda: later)
        assert ask_soon(two, 5.0) == 5.0
        assert two.in_quarantine() == {}
        one.refresh()
        until(lambda: one.quarantined(one.served("echo")) is None)
        assert ask(one, 6.0) == 6.0
        assert dead(hive) == 5
    finally:
        one.close()
        two.close()
