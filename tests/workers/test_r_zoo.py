"""R's models answer through the bridge what a plain Rscript run of the same author file gives on the same data.

One worker fits and serves all of them, one Rscript does at home; what comes from the same arithmetic is the same bits.
"""

import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers import PATIENCE_S, raw, require, require_r_package
from tests.workers.company import among_neighbours
from tests.workers.zoo import Caught, Data, printed, tables
from triglot.estimators import RClassifier, RRegressor
from triglot.foreign import RDataset
from triglot.protocol import wire
from triglot.tables.frames import to_frame, to_table
from triglot.tables.table import Array
from triglot.training.fit_worker import Bench, bench
from triglot.transport.discovery import scan

ZOO = Path(__file__).parent.parent / "zoo"
LANDMARK = 600  # predictions; `python -m benchmarks.border` makes 10,000


@dataclass(frozen=True)
class Animal:
    """One author's model: its data, what it is for and what its configuration says."""

    data: str
    kind: type[Any] = RClassifier
    spec: dict[str, Any] = field(default_factory=dict)


ANIMALS = {
    "lm": Animal("motors", RRegressor),
    "glm_binomial": Animal("two_flowers"),
    "glm_poisson": Animal("breaks", RRegressor),
    "rpart": Animal("flowers"),
    "nnet": Animal("flowers"),
    "multinom": Animal("flowers"),
    "randomForest": Animal("flowers"),
    "ranger": Animal("flowers"),
    "ranger_classes": Animal("flowers"),
    "svm": Animal("flowers"),
    "naiveBayes": Animal("flowers"),
    "lda": Animal("flowers"),
    "qda": Animal("flowers"),
    "gam": Animal("motors", RRegressor),
    "gam_binomial": Animal("two_flowers"),
    "cv_glmnet": Animal("flowers", spec={"x": "matrix"}),
    "glmnet": Animal("motors", RRegressor, {"x": "matrix", "predict_params": {"s": 0.5}}),
    "gbm": Animal("motors", RRegressor, {"predict_params": {"n.trees": 40}}),
    "gbm_bernoulli": Animal("two_flowers", spec={"encode_labels": True}),
    "ksvm": Animal("flowers"),
    "coxph": Animal("patients", RRegressor),
    "loess": Animal("braking", RRegressor),
    "nls": Animal("braking", RRegressor),
    "arima": Animal("lake", RRegressor),
    "train": Animal("flowers"),
    "glmer": Animal("bacteria"),
    "glmer_poisson": Animal("breaks", RRegressor),
    "glmmPQL": Animal("bacteria"),
    "vglm": Animal("flowers"),
    "vglm_poisson": Animal("breaks", RRegressor),
    "cforest": Animal("flowers"),
    "ctree": Animal("flowers"),
    "earth": Animal("two_flowers"),
    "smooth_spline": Animal("braking", RRegressor),
    "gam_ocat": Animal("flowers"),
    "gamm": Animal("motors", RRegressor),
    "glmtree": Animal("two_flowers"),
    "flexmix": Animal("breaks", RRegressor),
    "polr": Animal("flowers"),
    "s4": Animal("flowers"),
    "r5": Animal("motors", RRegressor),
}


@pytest.fixture(scope="module")
def home() -> dict[str, dict[str, list[str]]]:
    """Return what Rscript printed: model -> classes, shares or numbers -> answers, or the package that it lacks."""
    require("r")
    done = subprocess.run(["Rscript", str(ZOO / "plain.R")], capture_output=True, text=True, timeout=4 * PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return printed(done.stdout)


@pytest.fixture(scope="module")
def worker() -> Iterator[Bench]:
    require("r")
    with bench("r", os.environ) as made:
        yield made


@pytest.fixture(scope="module")
def data(worker: Bench) -> Data:
    names = [animal.data for animal in ANIMALS.values()]
    return tables(worker, names, lambda name: RDataset(str(ZOO / "data.R"), name))


@pytest.fixture(params=ANIMALS, scope="module")
def animal(
    request: pytest.FixtureRequest, worker: Bench, home: dict[str, dict[str, list[str]]], data: Data
) -> tuple[str, Caught]:
    name = request.param
    for package in home[name].get("lacks", ()):
        require_r_package(package)
    return name, catch(worker, data, name)


def catch(worker: Bench, data: Data, name: str) -> Caught:
    """Return a model of the zoo, fitted."""
    found = ANIMALS[name]
    X, y = data[found.data]
    model = found.kind(script=str(ZOO / f"{name}.R"), seed=1, **found.spec)
    return Caught(worker.fit(name, model, X, y).artefact, X)


def floats(texts: list[str]) -> Array:
    return np.array([float.fromhex(text) for text in texts])


def hold_against_home(worker: Bench, at_home: dict[str, list[str]], name: str, caught: Caught) -> None:
    """Fail where a bit of a model's answers is another than at home."""
    answer = worker.predict(name, caught.artefact, caught.X)
    if "numbers" in at_home:
        assert answer.tolist() == floats(at_home["numbers"]).tolist()
        return
    classes = caught.artefact.card()["classes"]
    if "classes" in at_home:
        assert [classes[code] for code in answer.tolist()] == at_home["classes"]
    if "shares" in at_home:
        shares = worker.predict_proba(name, caught.artefact, caught.X)
        expected = floats(at_home["shares"])
        if len(classes) == 2:  # R's models of two classes answer the share of the second
            assert shares[:, 1].tolist() == expected.tolist()
            assert answer.tolist() == (expected > 0.5).astype(int).tolist()
            np.testing.assert_array_equal(shares[:, 0], 1 - expected)
        else:
            assert shares.ravel(order="F").tolist() == expected.tolist()


def test_a_model_answers_through_the_bridge_as_at_home(
    worker: Bench, home: dict[str, dict[str, list[str]]], animal: tuple[str, Caught]
) -> None:
    name, caught = animal
    hold_against_home(worker, home[name], name, caught)


def test_a_row_is_answered_as_it_is_in_a_batch(worker: Bench, animal: tuple[str, Caught]) -> None:
    name, caught = animal
    if name == "arima":
        pytest.skip("a series is asked for how far ahead")
    middle = caught.X.rows // 2
    one = worker.predict(name, caught.artefact, caught.X.slice(middle, middle + 1))
    np.testing.assert_allclose(one, worker.predict(name, caught.artefact, caught.X)[[middle]], rtol=1e-12)


@pytest.mark.parametrize("seed", [1, 2])
def test_models_loaded_in_any_order_among_bad_neighbours_answer_as_at_home(
    worker: Bench, home: dict[str, dict[str, list[str]]], data: Data, seed: int
) -> None:
    known = [name for name in ANIMALS if "lacks" not in home[name]]

    def held(fresh: Bench, name: str, caught: Caught) -> None:
        hold_against_home(fresh, home[name], name, caught)

    with bench("r", os.environ) as fresh:
        among_neighbours("r", fresh, known, lambda name: catch(worker, data, name), held, random.Random(seed))


def test_every_model_of_the_zoo_is_here_and_at_home(home: dict[str, dict[str, list[str]]]) -> None:
    assert home.keys() == ANIMALS.keys()
    assert {path.stem for path in ZOO.glob("*.R")} == ANIMALS.keys() | {"data", "plain"}
    assert len(ANIMALS) > 30


def test_predictions_in_a_row_leave_a_workers_memory_flat(data: Data) -> None:
    X, y = data["breaks"]
    many = to_table(pd.concat([to_frame(X)] * 20, ignore_index=True))  # what is kept of one of them is soon seen
    with bench("r", os.environ) as fresh:  # the zoo's own has loaded so much that R collects its garbage rarely
        fitted = fresh.fit("flat", RRegressor(script=str(ZOO / "glm_poisson.R")), X, y).artefact

        def after(count: int) -> int:
            for _ in range(count):
                fresh.predict("flat", fitted, many)
            (endpoint,) = scan(fresh._client.run_dir).values()
            with raw(endpoint.control) as socket:
                socket.send(wire.pack_control({"op": "state"}))
                return int(wire.unpack_control(socket.recv())["rss_bytes"])

        warm = after(200)
        assert after(LANDMARK) < 1.02 * warm
