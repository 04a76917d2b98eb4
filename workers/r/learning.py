"""What is learned of an R model once it is fitted: which part of its answers is meant, and what its author is told."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from triglot.protocol.runtime import FitTask
from triglot.tables.table import Array, Table

# So many rows tell which part of an answer is meant, and one less: what suits both is no accident.
TELLING = 7
SAMPLE = 100  # rows that are asked for where answers are compared with the target

# What is meant of answers to `predict` and `predict_proba`: {"part": [...], "columns": [...]}, as parts.R has it.
Parts: TypeAlias = Mapping[str, Mapping[str, list[str | int]]]
QUESTIONS = ("predict", "predict_proba")


def telling(X: Table) -> Table:
    """Return a few rows without gaps."""
    return X.take(np.flatnonzero(~X.gaps())[:TELLING])


def compared(task: FitTask, *, own: bool) -> tuple[Table, Array]:
    """Return rows of the training data, evenly spaced, and their targets; no rows where nothing can be told of them.

    own: The author has said how numbers are asked for, and so knows their scale.
    """
    two = task.labels is not None and len(task.labels.classes) == 2
    numbers = task.labels is None and not own
    if task.y is None or task.y.ndim > 1 or not (two or numbers):
        return task.X.slice(0, 0), np.empty(0)
    whole = np.flatnonzero(~task.X.gaps())
    rows = whole[np.unique(np.linspace(0, len(whole) - 1, SAMPLE).astype(int))] if len(whole) else whole
    return task.X.take(rows), np.asarray(task.y)[rows].astype(np.float64)


def as_parts(found: Any) -> Parts:
    """Return what `learn` of parts.R found, without the questions whose answer has no parts."""
    learned = {
        name: {"part": list(part), "columns": list(columns)}
        for name, (part, columns) in zip(QUESTIONS, found, strict=True)
    }
    return {name: meant for name, meant in learned.items() if any(meant.values())}
