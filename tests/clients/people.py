"""A model whose answer shows each of its mixed columns."""

from typing import Any


class Weights:
    task = "regression"

    def fit(self, X: Any, y: Any) -> "Weights":
        return self

    def predict(self, X: Any) -> Any:
        days = X["day"].astype(str).str.len()
        return X["age"] + 100 * X["town"].astype(str).str.len() + 1_000 * X["visits"] + 0.25 * X["member"] + 0 * days
