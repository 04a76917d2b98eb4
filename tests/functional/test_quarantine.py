"""A real service with a model that ends its workers: it is named, kept from them by all processes, and let in again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.functional.running import Answer, Running, folder
from tests.helpers import author_module, until
from tests.metrics.reading import of, samples
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench

MODELS = Path(__file__).parents[1] / "models"
CONFIG = """{
    'models': {'echo': {}},
    'server': {'timeout_s': 100, 'patience_s': 90, 'processes': 2},
    'workers': {'python': 2},
    'crash_loop': {'crashes': 50},
    'quarantine': {'deaths': 2, 'for_s': 3600},
}"""
CAUSE = "requests to it have ended 2 workers"


@pytest.fixture
def service(benches: Callable[[str], Bench]) -> Iterator[Running]:
    """Hold a service of a model that ends its process when a row says so, the first of its two versions active."""
    X = pd.DataFrame({"a": [0.0, 1.0], "b": [0.0, 0.0]})
    with folder() as place:
        (place / "triglot-config.py").write_text(CONFIG)
        store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
        for factor in (1.0, 2.0):
            model = author_module(MODELS, "echo").Echo(factor)
            store.write("echo", benches("python").fit("echo", model, X, [0.0, 1.0], (str(MODELS),)).artefact)
        store.activate("echo", 1)
        store.close()
        made = Running(place, place / "triglot-config.py")
        try:
            made.wait_until_ready()
            yield made
        finally:
            made.close()


def test_a_model_that_ends_its_workers_is_named_kept_from_them_and_let_in_again(service: Running) -> None:
    deadly = author_module(MODELS, "echo").DEADLY

    def ask(number: float = 5.0) -> Answer:
        return service.get("/models/echo/predict", a=number, b=0)

    def is_refused_by_all() -> bool:
        answers = [ask() for _ in range(8)]  # each on a connection of its own, of either process
        return all(answer.status == 503 for answer in answers)

    assert ask().result == 5.0
    answer = ask(deadly)
    assert (answer.status, answer.body["metadata"]["code"]) == (422, "poison-request")

    until(is_refused_by_all)
    answer = ask()
    assert (answer.body["metadata"]["code"], answer.body["metadata"]["cause"]) == ("version-quarantined", CAUSE)
    assert int(answer.headers["retry-after"]) > 3_000
    ready = service.get("/models/echo/ready")
    assert (ready.status, ready.body["code"], ready.body["cause"]) == (503, "version-quarantined", CAUSE)
    assert service.get("/ready").status == 200
    _is_told(service)

    service.ctl("restart", "web")
    service.wait_until_ready()
    until(is_refused_by_all)
    listed = service.triglot("list", "echo")
    assert listed.stdout.splitlines()[1].endswith("active, quarantined")
    assert listed.stderr.startswith(f"echo: version 1 is in quarantine: {CAUSE}. ")

    assert service.triglot("release", "echo").stdout == "Released model echo with version 1: it is asked again.\n"
    until(lambda: all(ask().status == 200 for _ in range(8)))
    assert ask(deadly).status in (422, 503)
    until(is_refused_by_all)
    assert service.triglot("activate", "2", "echo").returncode == 0
    until(lambda: all(ask().status == 200 for _ in range(8)))
    assert ask().result == 10.0
    assert "quarantined" not in service.get("/alive").body.get("degraded", {}).get("echo", {})
    assert "version 1 of model echo is not asked for 3600 s" in service.said()


def _is_told(service: Running) -> None:
    """Return once the health and the metrics of the service tell of a version that has ended workers."""

    def told() -> bool:
        alive = service.get("/alive")
        assert alive.status == 200
        echo = alive.body["degraded"]["echo"]
        return echo["quarantined"]["cause"] == CAUSE and echo.get("deaths") == 2

    until(told)
    found = samples(service.get("/metrics").body.decode())
    deaths = {"model": "echo", "version": "1", "pool": "python", "operation": "predict"}
    assert found[of("triglot_worker_deaths_total", **deaths)] == 2
    assert found[of("triglot_version_quarantined", model="echo", version="1")] == 1
    assert found[of("triglot_worker_crashes_total", pool="python")] == 3
    assert 0 < found[of("triglot_prediction_error_ratio", model="echo", version="1")] <= 1
