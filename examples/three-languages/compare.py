"""`python compare.py`: the same seven models in Python, R and Julia, fitted to the same data, asked for the same rows.

Prints by how much the answers of R and of Julia differ from Python's, and for how many rows the labels do. Ends with 1
where a figure is beyond its bound.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.neighbors import KNeighborsClassifier

from triglot.estimators import JuliaClassifier, JuliaRegressor, RClassifier, RRegressor
from triglot.training.fit_worker import Bench, bench

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from seven import Discriminant, GaussianBayes  # noqa: E402

CLOSED, ITERATIVE = 1e-8, 1e-6
TRAINING_ROWS = 600


@dataclass(frozen=True)
class Model:
    """One model in three languages: what it learns, how far answers may differ, and how each language calls it."""

    target: str
    bound: float
    python: Any
    r: dict[str, Any]
    julia: dict[str, Any]


MODELS = {
    "ordinary least squares": Model(
        "number", CLOSED, LinearRegression(), {"fit_function": "ols"}, {"script": "OrdinaryLeastSquares"}
    ),
    "ridge": Model(
        "number",
        CLOSED,
        Ridge(alpha=2.0),
        {"fit_function": "ridge", "params": {"lambda": 2.0}},
        {"script": "Ridge", "fit_function": "Ridge", "params": {"λ": 2.0}},
    ),
    "logistic regression": Model(
        "two",
        ITERATIVE,
        LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12),
        {"fit_function": "logistic"},
        {"script": "Logistic"},
    ),
    "linear discriminant": Model(
        "three",
        CLOSED,
        Discriminant(),
        {"fit_function": "discriminant"},
        {"script": "Discriminant", "fit_function": "fit", "labels": "codes"},
    ),
    "Gaussian naive Bayes": Model(
        "three", CLOSED, GaussianBayes(), {"fit_function": "bayes"}, {"script": "GaussianBayes"}
    ),
    "k nearest neighbours": Model(
        "three",
        CLOSED,
        KNeighborsClassifier(7, algorithm="kd_tree"),
        {"fit_function": "neighbours", "params": {"k": 7}},
        {
            "script": "Neighbours",
            "fit_function": "Neighbours.learn",
            "predict_function": "Neighbours.classify",
            "predict_proba_function": "Neighbours.shares",
            "layout": "columns",
            "params": {"k": 7},
        },
    ),
    "Poisson regression": Model(
        "count",
        ITERATIVE,
        PoissonRegressor(alpha=0, solver="newton-cholesky", tol=1e-12),
        {"fit_function": "counts"},
        {"script": "Poisson"},
    ),
}


@dataclass(frozen=True)
class Agreement:
    """How the answers of one language differ from Python's: relatively and at most, and in how many labels."""

    model: str
    language: str
    rows: int
    difference: float
    bound: float
    other_labels: int

    @property
    def good(self) -> bool:
        """Whether the answers are the same, within the bound."""
        return self.difference <= self.bound and self.other_labels == 0


def agreements(benches: dict[str, Bench], rows: int) -> Iterator[Agreement]:
    """Give one agreement a model and language, over that many rows that no model was fitted to."""
    X, targets = data(TRAINING_ROWS + rows)
    seen, asked = X[:TRAINING_ROWS], X[TRAINING_ROWS:]
    for name, model in MODELS.items():
        y = targets[model.target][:TRAINING_ROWS]
        answers = {}
        for language, worker in benches.items():
            fitted = worker.fit(name, declared(model, language), seen, y, (str(HERE),)).artefact
            classes = fitted.card()["classes"]
            labels = worker.predict(name, fitted, asked)
            answers[language] = labels, labels if classes is None else worker.predict_proba(name, fitted, asked)
        labels, numbers = answers.pop("python")
        for language, (their_labels, theirs) in answers.items():
            other = 0 if model.target in ("number", "count") else int((labels != their_labels).sum())
            yield Agreement(name, language, rows, difference(numbers, theirs), model.bound, other)


def difference(ours: Any, theirs: Any) -> float:
    """Return the greatest difference, relative to the greater of two numbers; of what is next to nothing, to 1e-9."""
    return float(np.max(np.abs(ours - theirs) / np.maximum(np.maximum(np.abs(ours), np.abs(theirs)), 1e-9)))


def declared(model: Model, language: str) -> Any:
    """Return the model as one language's workers know it."""
    regression = model.target in ("number", "count")
    if language == "r":
        return (RRegressor if regression else RClassifier)(script=str(HERE / "seven.R"), **model.r)
    if language == "julia":
        spec = {"fit_function": f"{model.julia['script']}.fit", **model.julia}
        spec["script"] = str(HERE / "julia" / f"{spec['script']}.jl")
        return (JuliaRegressor if regression else JuliaClassifier)(**spec)
    return model.python


def data(rows: int) -> tuple[Any, dict[str, Any]]:
    """Return four features, and a target of each kind that depends on them by chance."""
    random = np.random.default_rng(7)
    X = random.normal(size=(rows, 4)) * [1.0, 2.0, 0.5, 1.0] + [0.0, 5.0, 1.0, -2.0]
    towards = X @ random.normal(size=(4, 3)) * 0.4 + random.gumbel(size=(rows, 3))
    return X, {
        "number": X @ [1.5, -0.5, 2.0, 0.25] + 3 + random.normal(size=rows),
        "two": np.where(towards[:, 0] > towards[:, 1], "yes", "no"),
        "three": np.array(["north", "south", "west"])[towards.argmax(axis=1)],
        "count": random.poisson(np.exp(0.2 + X @ [0.3, 0.1, -0.4, 0.05])).astype(float),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows to ask for (default: %(default)s)")
    options = parser.parse_args()
    good = True
    with contextlib.ExitStack() as stack:
        benches = {language: stack.enter_context(bench(language, os.environ)) for language in ("python", "r", "julia")}
        print(f"{'model':<24}{'language':<10}{'difference':>12}{'bound':>8}{'other labels':>20}")
        for found in agreements(benches, options.rows):
            labels = f"{found.other_labels} of {found.rows}"
            print(f"{found.model:<24}{found.language:<10}{found.difference:>12.1e}{found.bound:>8.0e}{labels:>20}")
            good &= found.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
