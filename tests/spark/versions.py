"""A version that waits in the middle of its rows, for tests that end something meanwhile."""

import os
import time
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np

import tests.spark.versions as this
from triglot.scoring.bundle import Bundle
from triglot.training.fit_worker import Bench

STOPS = 17.0


class Patient:
    """Answers twice a number; at one it says in a folder that it is there, and goes on when that is allowed."""

    def __init__(self, folder: str = "") -> None:
        self.folder = folder

    def fit(self, X: Any, y: Any) -> "Patient":
        return self

    def predict(self, X: Any) -> Any:
        values = np.asarray(X)[:, 0]
        if (values == STOPS).any():
            Path(self.folder, f"{os.getpid()}.waits").touch()
            while not Path(self.folder, "go").exists():
                time.sleep(0.01)
        return 2 * values


def patient(worker: Bench, folder: Path) -> Bundle:
    """Return the version that waits, of the one column `x`."""
    import pandas as pd

    cloudpickle.register_pickle_by_value(this)
    try:
        fitted = worker.fit("patient", Patient(str(folder)), pd.DataFrame({"x": [1.0, 2.0]}), np.array([2.0, 4.0]))
    finally:
        cloudpickle.unregister_pickle_by_value(this)
    return Bundle("patient", 1, fitted.artefact)
