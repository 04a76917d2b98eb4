"""Julia's models answer through the bridge what a plain julia gives for the same author files and the same data.

One worker fits and serves all of them, one julia does at home; what comes from the same arithmetic is the same bits.
"""

import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import PATIENCE_S, author_module, require
from tests.workers.company import among_neighbours
from tests.workers.zoo import Caught, Data, printed, tables
from triglot.estimators import JuliaClassifier, JuliaRegressor
from triglot.foreign import JuliaDataset
from triglot.languages.julia import julia_executable
from triglot.languages.launch import worker_environment
from triglot.tables.table import Array
from triglot.training.fit_worker import Bench, bench
from triglot.workers.julia.interpreter import OPTIMISATION

ROOT = Path(__file__).parents[2]
ZOO = ROOT / "tests" / "zoo" / "julia"
EXAMPLE = ROOT / "examples" / "three-languages"
FOLDERS = (ZOO, EXAMPLE / "julia")  # seven of the models are an example, too
# the same at home and in the worker: with more threads a sum is another sum
ENVIRON = {**os.environ, "OPENBLAS_NUM_THREADS": "1", OPTIMISATION: ""}


@dataclass(frozen=True)
class Animal:
    """One author's model: its data, what it is for and what its configuration says."""

    data: str
    kind: type[Any] = JuliaClassifier
    spec: dict[str, Any] = field(default_factory=dict)


ANIMALS = {
    "OrdinaryLeastSquares": Animal("motors", JuliaRegressor),
    "Ridge": Animal("motors", JuliaRegressor, {"fit_function": "Ridge", "params": {"λ": 0.5}}),
    "Logistic": Animal("two_flowers"),
    "Neighbours": Animal(
        "flowers",
        spec={
            "fit_function": "Neighbours.learn",
            "predict_function": "Neighbours.classify",
            "predict_proba_function": "Neighbours.shares",
            "layout": "columns",
            "params": {"k": 7},
        },
    ),
    "GaussianBayes": Animal("flowers"),
    "Discriminant": Animal("flowers", spec={"fit_function": "fit", "labels": "codes"}),
    "KMeans": Animal("flowers", JuliaRegressor, {"params": {"k": 4}}),
    "Tree": Animal("people", spec={"params": {"depth": 4}}),
    "SupportVectors": Animal("two_flowers"),
    "Poisson": Animal("breaks", JuliaRegressor),
}
WITHOUT_TARGET = {"KMeans"}


@pytest.fixture(scope="module")
def home() -> dict[str, dict[str, list[str]]]:
    """Return what julia printed: model -> classes, shares or numbers -> answers."""
    require("julia")
    julia = julia_executable(os.environ)
    done = subprocess.run(
        [str(julia), "--startup-file=no", str(ZOO / "plain.jl")],
        env={**ENVIRON, **worker_environment("julia", ENVIRON)},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return printed(done.stdout)


@pytest.fixture(scope="module")
def worker() -> Iterator[Bench]:
    require("julia")
    with bench("julia", ENVIRON) as made:
        yield made


@pytest.fixture(scope="module")
def data(worker: Bench) -> Data:
    names = [animal.data for animal in ANIMALS.values()]
    return tables(worker, names, lambda name: JuliaDataset(str(ZOO / "data.jl"), name))


@pytest.fixture(params=ANIMALS, scope="module")
def animal(request: pytest.FixtureRequest, worker: Bench, data: Data) -> tuple[str, Caught]:
    return request.param, catch(worker, data, request.param)


def catch(worker: Bench, data: Data, name: str) -> Caught:
    """Return a model of the zoo, fitted."""
    found = ANIMALS[name]
    X, y = data[found.data]
    spec = {"fit_function": f"{name}.fit", **found.spec}
    (script,) = (path for folder in FOLDERS if (path := folder / f"{name}.jl").is_file())
    model = found.kind(script=str(script), seed=1, **spec)
    return Caught(worker.fit(name, model, X, None if name in WITHOUT_TARGET else y).artefact, X)


def floats(texts: list[str]) -> Array:
    """Return the numbers whose bits these hexadecimal digits are."""
    return np.array([int(text, 16) for text in texts], dtype=np.uint64).view(np.float64)


def hold_against_home(worker: Bench, at_home: dict[str, list[str]], name: str, caught: Caught) -> None:
    """Fail where a bit of a model's answers is another than at home."""
    answer = worker.predict(name, caught.artefact, caught.X)
    if "numbers" in at_home:
        assert answer.tolist() == floats(at_home["numbers"]).tolist()
        return
    classes = caught.artefact.card()["classes"]
    assert [classes[code] for code in answer.tolist()] == at_home["classes"]
    assert len(set(at_home["classes"])) == len(classes)
    if "shares" in at_home:
        shares = worker.predict_proba(name, caught.artefact, caught.X)
        assert shares.ravel(order="F").tolist() == floats(at_home["shares"]).tolist()


def test_a_model_answers_through_the_bridge_as_at_home(
    worker: Bench, home: dict[str, dict[str, list[str]]], animal: tuple[str, Caught]
) -> None:
    name, caught = animal
    hold_against_home(worker, home[name], name, caught)


def test_a_row_is_answered_as_it_is_in_a_batch(worker: Bench, animal: tuple[str, Caught]) -> None:
    name, caught = animal
    middle = caught.X.rows // 2
    one = worker.predict(name, caught.artefact, caught.X.slice(middle, middle + 1))
    np.testing.assert_allclose(one, worker.predict(name, caught.artefact, caught.X)[[middle]], rtol=1e-12)


def test_models_loaded_in_any_order_among_bad_neighbours_answer_as_at_home(
    worker: Bench, home: dict[str, dict[str, list[str]]], data: Data
) -> None:
    def held(fresh: Bench, name: str, caught: Caught) -> None:
        hold_against_home(fresh, home[name], name, caught)

    with bench("julia", ENVIRON) as fresh:
        among_neighbours("julia", fresh, list(ANIMALS), lambda name: catch(worker, data, name), held, random.Random(1))


def test_every_model_of_the_zoo_is_here_and_at_home(home: dict[str, dict[str, list[str]]]) -> None:
    assert home.keys() == ANIMALS.keys()
    files = {path.stem for folder in FOLDERS for path in folder.glob("*.jl")}
    assert files == ANIMALS.keys() | {"data", "plain"}
    assert len(ANIMALS) >= 10


def test_seven_models_agree_in_three_languages(worker: Bench) -> None:
    require("r")
    with bench("python", ENVIRON) as python, bench("r", ENVIRON) as r:
        compare = author_module(EXAMPLE, "compare")
        found = list(compare.agreements({"python": python, "r": r, "julia": worker}, rows=2_000))
    assert [(each.model, each.language) for each in found if not each.good] == []
    assert {(each.model, each.language) for each in found} == set(product(compare.MODELS, ("r", "julia")))
    assert len(compare.MODELS) == 7
