"""Models of R in one worker: none changes what another one finds, whichever was loaded first."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import require
from triglot.artefact import Artefact
from triglot.estimators import RRegressor
from triglot.tables.table import Table
from triglot.training.fit_worker import bench

SCRIPTS = Path(__file__).parent / "neighbours"
X = Table(["x"], matrix=np.array([[1.0], [2.0], [3.0]]))
Y = np.array([1.0, 2.0, 3.0])


@pytest.fixture(scope="module")
def artefacts() -> dict[str, Artefact]:
    """Hold each model, fitted in a worker of its own."""
    require("r")
    found = {}
    for name in ("quiet", "loud"):
        with bench("r", os.environ) as worker:
            found[name] = worker.fit(name, RRegressor(script=str(SCRIPTS / f"{name}.R")), X, Y).artefact
    return found


@pytest.fixture(scope="module")
def alone(artefacts: dict[str, Artefact]) -> dict[str, list[float]]:
    """Hold what each answers in a worker that has no other model."""
    found = {}
    for name, artefact in artefacts.items():
        with bench("r", os.environ) as worker:
            found[name] = worker.predict(name, artefact, X).tolist()
    return found


@pytest.fixture(params=[("quiet", "loud"), ("loud", "quiet")], ids=" before ".join)
def ask(request: pytest.FixtureRequest, artefacts: dict[str, Artefact]) -> Iterator[Callable[[str], list[float]]]:
    """Give the function that asks a model in a worker that has loaded both in this order."""
    with bench("r", os.environ) as worker:
        for name in request.param:
            worker.predict(name, artefacts[name], X)

        def answer(name: str) -> list[float]:
            found: list[float] = worker.predict(name, artefacts[name], X).tolist()
            return found

        yield answer


def test_a_model_answers_beside_another_as_it_does_alone(
    ask: Callable[[str], list[float]], alone: dict[str, list[float]]
) -> None:
    for name in ("quiet", "loud", "loud", "quiet", "quiet", "loud"):
        assert ask(name) == alone[name]
    assert alone["loud"] == [4.0, 4.0, 4.0]
    assert alone["quiet"][0] % 1e6 // 1e4 == 1.0


def test_a_model_that_is_fitted_beside_another_finds_nothing_of_it(
    artefacts: dict[str, Artefact], alone: dict[str, list[float]]
) -> None:
    with bench("r", os.environ) as worker:
        worker.predict("loud", artefacts["loud"], X)
        again = worker.fit("quiet", RRegressor(script=str(SCRIPTS / "quiet.R")), X, Y).artefact
        assert worker.predict("quiet", again, X).tolist() == alone["quiet"]
        assert "attached" not in again.card().runtime
        assert again.card().runtime.keys() <= {*artefacts["quiet"].card().runtime, "MASS"}
