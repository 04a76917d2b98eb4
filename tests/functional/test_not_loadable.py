"""A real service whose active version does not load: it is told everywhere, and a restart finds the one before it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.functional.running import AUTHORS, Running, folder
from tests.helpers import author_module, until
from triglot.artefact import reseal
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench

CONFIG = "{'models': {'moody': {}}, 'server': {'timeout_s': 100, 'patience_s': 90}, 'workers': {'python': 2}}"
WELL = {"mood": 0, "seconds": 0}


@pytest.fixture
def place(benches: Callable[[str], Bench]) -> Iterator[Path]:
    """Hold a folder with a store whose version 1 answers 1, and whose version 2 no worker can load."""
    X = pd.DataFrame({"mood": [0.0, 0.0], "seconds": [0.0, 0.0]})
    moody = author_module(AUTHORS, "moody").Moody()
    artefact = benches("python").fit("moody", moody, X, [1.0, 1.0], (str(AUTHORS),)).artefact
    with folder() as made:
        (made / "triglot-config.py").write_text(CONFIG)
        store = ModelStore(f"sqlite:///{made / 'triglot.db'}")
        store.activate("moody", store.write("moody", artefact))
        store.write("moody", reseal(artefact, b"a key that no worker here was given"))
        store.close()
        yield made


def degraded(service: Running) -> bool:
    answer = service.get("/ready")
    return answer.status == 200 and answer.body.get("degraded") == ["moody"]


def test_a_version_that_does_not_load_is_told_everywhere_and_a_restart_finds_the_one_before_it(place: Path) -> None:
    service = Running(place, place / "triglot-config.py")
    try:
        service.wait_until_ready()
        assert service.get("/models/moody/predict", **WELL).result == 1.0
        service.triglot("activate", "2", "moody")
        until(lambda: degraded(service))
        for _ in range(20):  # of both front-end processes
            assert service.get("/models/moody/predict", **WELL).body["metadata"]["version"] == 1

        listed = service.triglot("list")
        first, second = listed.stdout.splitlines()[1:]
        assert first.split()[-1] == "answers"
        assert second.endswith("active, does not load")
        assert listed.stderr.startswith(
            "moody: version 2 is active and does not load: the artefact's signature does not"
        )
        assert listed.stderr.strip().endswith("Version 1 answers. It is tried again by itself.")
        one, two = map(json.loads, service.triglot("list", "--json").stdout.splitlines())
        assert (one["answers"], "does_not_load" in one) == (True, False)
        assert two["does_not_load"].startswith("the artefact's signature ")
        assert service.stop() == 0

        again = Running(place, place / "triglot-config.py")
    finally:
        service.close()
    try:
        until(lambda: again.is_up and "Version 1 answers." in again.said())
        until(lambda: all(degraded(again) for _ in range(20)))  # both front-end processes
        assert again.get("/models/moody/predict", **WELL).body["metadata"]["version"] == 1
        assert "moody: version 2 answers from now on" not in again.said()

        again.triglot("activate", "1", "moody")
        until(lambda: "degraded" not in again.get("/ready").body)
    finally:
        again.close()
