"""Estimators that a server meets: they travel by value, so that a worker needs no file of theirs."""

from typing import Any

import numpy as np


class Moody:
    """Raises on a mood above 0, naming a path and a password as careless authors do; else answers NaN."""

    task = "regression"

    def fit(self, X: Any, y: Any) -> "Moody":
        return self

    def predict(self, X: Any, factor: float = 1.0, text: str = "", whole: int = 0, flag: bool = False) -> Any:
        if X[:, 0].max() > 0:
            raise RuntimeError("cannot open /home/author/secret.txt with password hunter2")
        if factor == 1.0:
            return np.full(len(X), np.nan)
        return np.full(len(X), factor + len(text) + whole + 100 * flag)


class Sizes:
    """Answers by every kind of column: whole * 1000 + number, plus what it sees of the others."""

    task = "regression"

    def fit(self, X: Any, y: Any) -> "Sizes":
        return self

    def predict(self, X: Any) -> Any:
        fruit = X["фрукт"].astype(object)
        seen = fruit.map({"яблоко": 1, "Birne": 2}).fillna(0).astype(float)
        return X["whole"] * 1000 + X["größe"].fillna(500) + seen * 0.25 + X["ripe"] * 0.5


class Pair:
    """Answers two numbers a row."""

    task = "regression"

    def fit(self, X: Any, y: Any) -> "Pair":
        return self

    def predict(self, X: Any) -> Any:
        return np.column_stack([X[:, 0], X[:, 0] * 2])


class Counting:
    """Answers how many columns a row has."""

    task = "regression"

    def fit(self, X: Any, y: Any) -> "Counting":
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), float(X.shape[1]))
