"""`python -m benchmarks.first`: what the first request to a Julia model costs, beside later ones.

A fresh worker loads a version and reproduces its golden rows, which compiles the author's code; then it is asked for
one row and for a thousand, classes and probabilities. Each figure is milliseconds through the bridge.
"""

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from triglot.estimators import JuliaClassifier
from triglot.training.fit_worker import bench

EXAMPLES = Path(__file__).parents[1] / "examples"
MODELS = {
    "IrisNeighbours": EXAMPLES / "iris-julia" / "IrisNeighbours.jl",
    "GaussianBayes": EXAMPLES / "three-languages" / "julia" / "GaussianBayes.jl",
    "Logistic": EXAMPLES / "three-languages" / "julia" / "Logistic.jl",
}
LATER = 50


def main() -> int:
    """Print the figures; return 1 where a first request takes a hundred milliseconds longer than later ones."""
    names = ["sepal length", "sepal width", "petal length", "petal width", "species"]
    flowers = pd.read_csv(EXAMPLES / "data" / "iris.data", names=names)
    flowers = flowers[flowers.species != "Iris-setosa"]
    X, y = flowers[names[:4]], flowers.species
    many = pd.concat([X] * 10, ignore_index=True)
    with bench("julia", os.environ) as worker:
        models = {name: JuliaClassifier(script=str(path), fit_function=f"{name}.fit") for name, path in MODELS.items()}
        artefacts = {name: worker.fit(name, model, X, y).artefact for name, model in models.items()}
    slow = 0
    print(f"{'model':<16}{'load':>8}{'':<18}{'first':>8}{'later':>8}")
    for name, artefact in artefacts.items():
        with bench("julia", os.environ) as worker:
            loading = timed(worker.open, name, artefact)
            for asked, ask in (("classes", worker.predict), ("probabilities", worker.predict_proba)):
                for rows in (X.head(1), many):
                    first = timed(ask, name, artefact, rows)
                    later = statistics.median(timed(ask, name, artefact, rows) for _ in range(LATER))
                    title = f"{asked} x {len(rows)}"
                    print(f"{name:<16}{loading:>8.0f}  {title:<20}{first:>4.1f}{later:>8.1f}", flush=True)
                    slow += first > later + 100
    return 1 if slow else 0


def timed(call: Any, *arguments: Any) -> float:
    """Return the milliseconds of one call; the answers are numbers."""
    start = time.perf_counter()
    answer = call(*arguments)
    seconds = time.perf_counter() - start
    assert not isinstance(answer, np.ndarray) or np.isfinite(answer).all()
    return 1000 * seconds


if __name__ == "__main__":
    sys.exit(main())
