"""An author's module for the runner's tests: data that come with noise, and a model that takes its time."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np


def noisy_data() -> tuple[Any, Any]:
    """Return four rows, after saying what is no text."""
    os.write(1, b"raw \xff bytes\n")
    return np.arange(8.0).reshape(4, 2), np.array([1.0, 2.0, 3.0, 4.0])


class Unhurried:
    """Says that it has begun, and then waits until it may go on."""

    task = "regression"

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def fit(self, X: Any, y: Any) -> "Unhurried":
        with (Path(self.folder) / "begun").open("a") as begun:
            begun.write(f"{os.getpid()} {os.environ.get('TRIGLOT_ADMIN_TOKEN', 'no-token')}\n")
        while not (Path(self.folder) / "go").exists():
            time.sleep(0.05)
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X))
