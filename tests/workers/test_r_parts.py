"""What is learned of an R model at its fit: which part of an answer is meant, for any number of rows, and its scale."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers import require
from triglot.artefact import Artefact, load_key, seal
from triglot.estimators import RClassifier, RRegressor
from triglot.training.fit_worker import Bench, bench

# Its answers hold the names of the three classes, too, which are as many as the rows where there are three of these.
AMBIGUOUS = """
fit <- function(x, y) structure(list(levels = levels(y)), class = "ambiguous")
predict.ambiguous <- function(object, newdata, type = "class", ...) {
  found <- 1 + (newdata$length > 2.5) + (newdata$length > 4.9)
  if (type == "prob") return(list(prob = diag(3), mine = diag(3)[found, , drop = FALSE]))
  list(class = object$levels, found = object$levels[found])
}
"""
LENGTHS = [1.0, 3.0, 5.0, 1.5, 3.5, 5.5, 1.2, 2.0]


@pytest.fixture(scope="module")
def worker() -> Iterator[Bench]:
    require("r")
    with bench("r", os.environ) as made:
        yield made


@pytest.fixture(scope="module")
def artefact(worker: Bench, tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    script = tmp_path_factory.mktemp("parts") / "model.R"
    Path(script).write_text(AMBIGUOUS)
    X = pd.DataFrame({"length": LENGTHS})
    y = np.array(["a", "b", "c", "a", "b", "c", "a", "a"])
    return worker.fit("ambiguous", RClassifier(script=str(script)), X, y).artefact


def test_the_part_is_kept_in_the_manifest(artefact: Artefact) -> None:
    assert artefact.card()["parts"] == {
        "predict": {"part": ["found"], "columns": []},
        "predict_proba": {"part": ["mine"], "columns": []},
    }


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 8])
def test_rows_are_answered_alike_however_many_are_asked_together(worker: Bench, artefact: Artefact, rows: int) -> None:
    X = pd.DataFrame({"length": LENGTHS[::-1][:rows]})
    codes = [int(length > 2.5) + int(length > 4.9) for length in X["length"]]
    assert worker.predict("ambiguous", artefact, X).tolist() == codes
    assert worker.predict_proba("ambiguous", artefact, X).tolist() == np.eye(3)[codes].tolist()


def test_a_version_from_before_parts_were_kept_is_loaded_and_takes_what_suits(
    worker: Bench, artefact: Artefact
) -> None:
    fields = {name: value for name, value in artefact.card().items() if name not in ("parts", "format", "blob_sha256")}
    former = seal(fields, artefact.blob, load_key(None, os.environ))
    assert worker.predict("former", former, pd.DataFrame({"length": [5.0, 1.0]})).tolist() == [2, 0]


def test_a_model_that_answers_logarithms_is_told_at_its_fit(worker: Bench, tmp_path: Path) -> None:
    script = tmp_path / "model.R"
    script.write_text("fit <- function(x, y) lm(log(y) ~ length, x)")
    X, y = pd.DataFrame({"length": np.arange(20.0)}), np.round(np.exp(np.arange(20.0) / 4))
    (said,) = worker.fit("logarithms", RRegressor(script=str(script)), X, y).warnings
    assert "predict answers logarithms, where the target is not: write a function predict_labels" in said
    script.write_text("fit <- function(x, y) glm(y ~ length, poisson, x)")
    assert worker.fit("numbers", RRegressor(script=str(script)), X, y).warnings == ()
