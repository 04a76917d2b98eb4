"""A model that is well, or fails, ends its process, hangs or takes memory, as a row says."""

import os
import signal
import time
from typing import Any

import numpy as np

WELL, FAILS, ENDS, HANGS, TAKES = range(5)
TOO_MUCH = 2 * 2**30


class Sickly:
    """Answers its tag."""

    task = "regression"

    def __init__(self, tag: float = 1.0) -> None:
        self.tag = tag

    def fit(self, X: Any, y: Any) -> "Sickly":
        return self

    def predict(self, X: Any) -> Any:
        how = int(X[:, 0].max())
        if how == FAILS:
            raise ValueError("this row makes it fail")
        if how == ENDS:
            os.kill(os.getpid(), signal.SIGSEGV)
        while how == HANGS:
            time.sleep(0.05)
        if how == TAKES:
            taken = np.ones(TOO_MUCH, dtype=np.uint8)
            time.sleep(60 + taken[0])
        return np.full(len(X), self.tag)
