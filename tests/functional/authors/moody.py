"""A model that answers its tag after as many seconds as it is told, and fails on demand."""

import time
from typing import Any

import numpy as np


class Moody:
    """Column 0 is the mood: 0 answers, 1 raises, 2 exits, 4 answers NaN. Column 1 is how long it takes."""

    task = "regression"

    def __init__(self, tag: float = 1.0) -> None:
        self.tag = tag

    def fit(self, X: Any, y: Any) -> "Moody":
        return self

    def predict(self, X: Any) -> Any:
        mood, seconds = X[:, 0].max(), X[:, 1].max()
        if mood == 1:
            raise ValueError("no answer in mood 1")
        if mood == 2:
            raise SystemExit(3)
        time.sleep(seconds)
        return np.full(len(X), np.nan if mood == 4 else self.tag)
