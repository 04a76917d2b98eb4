"""A model that takes as many seconds as it is told, and fails on demand: mood 1 raises, mood 2 ends the process."""

import os
import time
from typing import Any

import numpy as np


class Moody:
    """Answers 1 for each row."""

    task = "regression"

    def fit(self, X: Any, y: Any) -> "Moody":
        return self

    def predict(self, X: Any) -> Any:
        mood, seconds = X[:, 0].max(), X[:, 1].max()
        if mood == 1:
            raise ValueError("no answer in mood 1")
        if mood == 2:
            os._exit(3)
        time.sleep(seconds)
        return np.ones(len(X))
