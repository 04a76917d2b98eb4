"""Workers that are started again whenever they end, and the neighbours that tests put into them."""

import functools
import os
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from tests.helpers import KEY, PATIENCE_S, Hive
from triglot.artefact import Artefact
from triglot.dispatch.blocking import Client
from triglot.errors import ArtefactRefused
from triglot.estimators import JuliaRegressor, RRegressor
from triglot.protocol.messages import Request
from triglot.tables.table import Table
from triglot.training.fit_worker import bench
from triglot.transport.request_ids import new_id

NEIGHBOURS = Path(__file__).parent / "neighbours"
X = Table(["x"], matrix=np.array([[1.0], [2.0], [3.0]]))
Y = np.array([1.0, 2.0, 4.0])


def unfitted(language: str, name: str, **state: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a model with its folder, and run nothing of it here: its class is no more than a name."""
    if language != "python":
        kind, ending = (RRegressor, "R") if language == "r" else (JuliaRegressor, "jl")
        return kind(script=str(NEIGHBOURS / language / f"{name}.{ending}")), ()
    folder, _, name = f"python/{name}".rpartition("/")
    return named(name, **state), (str(NEIGHBOURS / folder),)


def named(name: str, **state: Any) -> Any:
    """Return a model of Python whose class stands in a module of that name."""
    stub: Any = ModuleType(name)
    sys.modules[name] = stub
    stub.Model = type("Model", (RegressorMixin, BaseEstimator), {"__module__": name})
    made = stub.Model()
    made.__dict__.update(state)
    return made


@functools.cache
def fitted(language: str, name: str) -> tuple[Artefact, list[float]]:
    """Return a model that was fitted in a worker of its own, and what it answers there."""
    model, path = unfitted(language, name, **({"seed": 1} if name == "draws" else {}))
    with bench(language, {**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()}) as worker:
        artefact = worker.fit(name, model, X, Y, path).artefact
        return artefact, worker.predict(name, artefact, X).tolist()


def fitted_in(folder: Path, name: str) -> Artefact:
    """Return a model of Python that was fitted with the modules of a folder."""
    with bench("python", {**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()}) as worker:
        return worker.fit(name, named(name), X, Y, (str(folder),)).artefact


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

    def ask(
        self, name: str, artefact: Artefact | None = None, version: int = 1, timeout_s: float = PATIENCE_S
    ) -> list[float]:
        """Return what a model answers, handed over where it is not there."""
        held = artefact or fitted(self.language, name)[0]
        request = Request(op="predict", id=new_id(), model=name, version=version, sha256=held.sha256, tables=(X,))
        reply = self.client.call(request, self.language, timeout_s, lambda: held).reply
        answer: list[float] = reply.tables[0].matrix()[:, 0].tolist()
        return answer

    def refusal(self, name: str) -> str:
        with pytest.raises(ArtefactRefused) as refused:
            self.ask(name)
        return str(refused.value)

    def said(self) -> str:
        return "".join(worker.said() for worker in self.hive.workers)
