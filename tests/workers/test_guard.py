"""Two models in one worker, of each language: neither changes what the other answers, or one is refused by name."""

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from tests.helpers import KEY, PATIENCE_S, Hive, until
from triglot.artefact import Artefact
from triglot.client.blocking import Client
from triglot.errors import ArtefactRefused
from triglot.estimators import JuliaRegressor, RRegressor
from triglot.protocol.messages import Request
from triglot.tables.table import Table
from triglot.training.fit_worker import bench
from triglot.transport.request_ids import new_id
from triglot.workers.ending import EXIT_SPOILT
from triglot.workers.verdicts import Verdicts

NEIGHBOURS = Path(__file__).parent / "neighbours"
LANGUAGES = ("python", "r", "julia")
X = Table(["x"], matrix=np.array([[1.0], [2.0], [3.0]]))
Y = np.array([1.0, 2.0, 4.0])

# What a worker cannot undo: a witness beside it would answer otherwise, so that one of the two is refused.
REFUSED = {
    "python": ("patches_numpy", "patches_statistics", "patches_zlib"),
    "r": ("s3_method", "namespace", "traced"),
    "julia": (
        *("base_method", "package_method", "package_global"),
        *("environ", "folder", "precision", "load_path"),
    ),
}
# What each model has for itself, or what touches no other.
KEPT = {
    "python": (
        *("pandas_options", "numpy_errors", "sklearn_config", "environment", "folder", "locales", "decimals"),
        *("paths", "filters", "logs", "handlers"),
    ),
    "r": ("options", "environ", "locale", "attached", "globals", "folder", "libraries", "seed", "s4"),
    "julia": ("seed", "own_names"),
}


def pairs(kinds: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(language, name) for language in LANGUAGES for name in kinds[language]]


def unfitted(language: str, name: str, **state: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a model with its folder, and run nothing of it here: its class is no more than a name."""
    if language != "python":
        kind, ending = (RRegressor, "R") if language == "r" else (JuliaRegressor, "jl")
        return kind(script=str(NEIGHBOURS / language / f"{name}.{ending}")), ()
    folder, _, name = f"python/{name}".rpartition("/")
    stub: Any = ModuleType(name)
    sys.modules[name] = stub
    stub.Model = type("Model", (RegressorMixin, BaseEstimator), {"__module__": name})
    made = stub.Model()
    made.__dict__.update(state)
    return made, (str(NEIGHBOURS / folder),)


@functools.cache
def fitted(language: str, name: str) -> tuple[Artefact, list[float]]:
    """Return a model that was fitted in a worker of its own, and what it answers there."""
    model, path = unfitted(language, name, **({"seed": 1} if name == "draws" else {}))
    with bench(language, {**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()}) as worker:
        artefact = worker.fit(name, model, X, Y, path).artefact
        return artefact, worker.predict(name, artefact, X).tolist()


class Home:
    """One worker that is started again whenever it ends, as a supervisor does."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.hive = Hive()
        self.client = Client(self.hive.run_dir, patience_s=PATIENCE_S)
        self.codes: list[int] = []
        self._over = threading.Event()
        self.hive.start(language, "w")
        self._keeper = threading.Thread(target=self._keep)
        self._keeper.start()

    def _keep(self) -> None:
        while not self._over.wait(0.02):
            code = self.hive.workers[-1].process.poll()
            if code is not None:
                self.codes.append(code)
                self.hive.start(self.language, "w", wait=False)

    def close(self) -> None:
        self._over.set()
        self._keeper.join()
        self.client.close()
        self.hive.close()

    def ask(self, name: str, artefact: Artefact | None = None, version: int = 1) -> list[float]:
        """Return what a model answers, handed over where it is not there."""
        held = artefact or fitted(self.language, name)[0]
        request = Request(
            op="predict", id=new_id(), model=name, version=version, sha256=held.sha256, tables=(X,)
        )
        answer: list[float] = (
            self.client.call(request, self.language, PATIENCE_S, lambda: held).reply.tables[0].matrix()[:, 0].tolist()
        )
        return answer

    def refusal(self, name: str) -> str:
        with pytest.raises(ArtefactRefused) as refused:
            self.ask(name)
        return str(refused.value)

    def said(self) -> str:
        return "".join(worker.said() for worker in self.hive.workers)


@pytest.fixture
def home() -> Iterator[Callable[[str], Home]]:
    """Give what starts a worker that is kept."""
    homes: list[Home] = []

    def made(language: str) -> Home:
        homes.append(Home(language))
        return homes[-1]

    yield made
    for each in homes:
        each.close()


@pytest.mark.parametrize(("language", "name"), pairs(REFUSED))
def test_a_newcomer_that_changes_an_answer_is_refused_and_the_elder_answers_on(
    home: Callable[[str], Home], language: str, name: str
) -> None:
    _, alone = fitted(language, "witness")
    fitted(language, name)
    worker = home(language)
    assert worker.ask("witness") == alone
    told = worker.refusal(name)
    assert f"version 1 of model '{name}' changes what version 1 of model 'witness' answers" in told
    assert "'worker': 'own'" in told
    assert worker.codes == [EXIT_SPOILT]
    assert worker.ask("witness") == alone
    assert worker.refusal(name) == told
    assert worker.ask("witness") == alone
    assert worker.codes == [EXIT_SPOILT]


@pytest.mark.parametrize(("language", "name"), pairs(REFUSED))
def test_a_newcomer_that_another_one_changes_is_refused_with_the_name_of_that_one(
    home: Callable[[str], Home], language: str, name: str
) -> None:
    _, alone = fitted(language, name)
    fitted(language, "witness")
    worker = home(language)
    assert worker.ask(name) == alone
    told = worker.refusal("witness")
    assert "does not reproduce its golden rows" in told
    assert f"in this process before it: version 1 of model '{name}'" in told
    assert worker.ask(name) == alone
    assert worker.codes == []


@pytest.mark.parametrize("order", ["witness first", "witness last"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_each_model_has_for_itself_touches_no_other(
    home: Callable[[str], Home], language: str, order: str
) -> None:
    alone = {name: fitted(language, name)[1] for name in ("witness", *KEPT[language])}
    worker = home(language)
    names = ["witness", *KEPT[language]] if order == "witness first" else [*KEPT[language], "witness"]
    for name in [*names, *reversed(names)]:
        assert worker.ask(name) == alone[name], name
    for name in names:
        assert worker.ask(name) == alone[name], name
        assert worker.ask("witness") == alone["witness"], name
    assert worker.codes == []
