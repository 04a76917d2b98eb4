"""A classifier whose shares are none for numbers above a limit, and which has no class for negative ones."""

from typing import Any

import numpy as np


class Scores:
    """Of two classes; the share of the second is half for numbers up to `limit`, and the number itself above."""

    def __init__(self, limit: float = 10.0) -> None:
        self.limit = limit

    def fit(self, X: Any, y: Any) -> "Scores":
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        if (X[:, 0] < 0).any():
            raise ValueError("no class for a negative code")
        return np.repeat(self.classes_[:1], len(X))

    def predict_proba(self, X: Any) -> Any:
        second = np.where(X[:, 0] > self.limit, X[:, 0], 0.5)
        return np.column_stack([1 - second, second])
