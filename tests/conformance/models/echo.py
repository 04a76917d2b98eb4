"""A classifier that knows the class of each number that it has seen."""

from typing import Any

import numpy as np


class Echo:
    """Answers labels of their own type, probabilities in the order of its own classes."""

    def fit(self, X: Any, y: Any) -> "Echo":
        self.known_ = {code: label for code, label in zip(X[:, 0].tolist(), y.tolist(), strict=True)}
        self.codes_ = {label: code for code, label in self.known_.items()}
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.array([self.known_[code] for code in X[:, 0].tolist()], dtype=self.classes_.dtype)

    def predict_proba(self, X: Any) -> Any:
        codes = np.array([self.codes_[label] for label in self.classes_.tolist()])
        weights = 1 + (7 * codes + 3 * X[:, :1]) % 11
        return weights / weights.sum(axis=1, keepdims=True)
