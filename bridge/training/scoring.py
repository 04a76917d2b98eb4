"""`score` of every language's models: accuracy of classes, R² of numbers, as scikit-learn defines them."""

import numpy as np

from triglot.tables.labels import Task
from triglot.tables.table import Array


def score(task: Task, y: Array, predicted: Array) -> float:
    """Return the accuracy (codes) or R² (numbers) of `predicted` against `y`, both of shape (n,) or (n, outputs).

    R² is 1 - SS_res / SS_tot with the truth's own mean; NaN where the truth does not vary. Of several outputs it is the
    mean.
    """
    if task == "classification":
        return float(np.mean(y == predicted))
    if y.ndim == 2:
        return float(np.mean([score(task, y[:, j], predicted[:, j]) for j in range(y.shape[1])]))
    total = float(np.sum((y - y.mean()) ** 2))
    return 1.0 - float(np.sum((y - predicted) ** 2)) / total if total > 0 else float("nan")


def name(task: Task) -> str:
    """Return what the score is called."""
    return "accuracy" if task == "classification" else "r2"
