"""An artefact that is much larger than its data is told at its fit, with what makes it so and how it is slimmed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline

from tests.helpers import require
from triglot.estimators import JuliaRegressor, RRegressor
from triglot.tables.frames import to_table
from triglot.training.fit_worker import bench
from triglot.training.weight import Weight, in_words

X, Y = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7}), np.arange(60.0)
R = """
fit <- function(x, y) {
  scratch <- matrix(0.5, 1000, 1000)
  lm(y ~ a + b, data = x)
}
"""
JULIA = """
struct Line
    slope::Float64
    scratch::Matrix{Float64}
end
fit(X, y) = Line(1.0, rand(600, 600))
predict(model::Line, X) = model.slope .* X[:, 1]
"""


class Hoarder(RegressorMixin, BaseEstimator):
    """Keeps what it has computed on its way."""

    def fit(self, X: Any, y: Any) -> "Hoarder":
        self.mean_ = float(np.mean(y))
        self.cache = {"table": np.random.default_rng(1).random((500, 500))}
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.mean_)


def r_script(folder: Path) -> Any:
    (folder / "model.R").write_text(R)
    return RRegressor(script=str(folder / "model.R"))


def julia_script(folder: Path) -> Any:
    (folder / "model.jl").write_text(JULIA)
    return JuliaRegressor(script=str(folder / "model.jl"))


@pytest.mark.parametrize(
    ("language", "made", "part", "remedy"),
    [
        ("r", r_script, "8 MB are 'scratch', in the environment of $terms", "rm() it before fit returns"),
        ("julia", julia_script, "3 MB are field scratch", "return from fit what predict needs"),
        ("python", lambda folder: Hoarder(), "2 MB are cache", "leave it out in __getstate__"),
        ("python", lambda folder: make_pipeline(Hoarder()), "2 MB are steps", "leave it out in __getstate__"),
    ],
)
def test_the_part_that_is_most_of_it_is_told_with_the_remedy(
    language: str, made: Callable[[Path], Any], part: str, remedy: str, tmp_path: Path
) -> None:
    require(language)
    with bench(language, os.environ) as worker:
        (told,) = worker.fit("heavy", made(tmp_path), X, Y).warnings
    assert f"its data 960 bytes: {part}; " in told
    assert told.startswith("the stored model has ")
    assert remedy in told


def test_what_an_estimator_has_learned_is_no_remark_of_a_fit_and_is_there_to_be_checked() -> None:
    with bench("python", os.environ) as worker:
        fitted = worker.fit("forest", RandomForestRegressor(400, random_state=1), X, Y)
    weight = fitted.weight
    assert fitted.warnings == ()
    assert weight.part == "estimators_"
    assert weight.one_sided
    assert 1e6 < weight.part_size <= weight.size


def test_a_small_model_is_only_measured() -> None:
    weight = Weight.of("r", 900_000, to_table(X), {})
    assert not weight.one_sided
    assert weight.remark is None
    assert str(weight) == "the stored model has 900 kB, its data 960 bytes"


def test_a_large_model_of_many_parts_is_no_remark() -> None:
    assert Weight.of("r", 9_000_000, to_table(X), {"weights": [["'x', in ...", 3e6]]}).remark is None
    assert Weight("julia", 9_000_000, 2_000_000, "field trees", 8e6).remark is None


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (40_000_000, "40 MB"), (2_500_000_000, "2.5 GB")]
)
def test_bytes_are_said_in_words(size: float, words: str) -> None:
    assert in_words(size) == words
