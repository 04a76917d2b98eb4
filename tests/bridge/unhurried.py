"""An author's module for the runner's tests: data that come with noise, and a model that takes its time."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


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


class Rows:
    """A step that makes rows."""

    def __call__(self) -> pd.DataFrame:
        return pd.DataFrame({"x": range(1_000)})


class Pause:
    """A step that says that it has begun, and then waits until it may go on."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, table: pd.DataFrame) -> pd.DataFrame:
        Unhurried(self.folder).fit(table, None)
        return table


class Tick:
    """A step that tells when it was due."""

    def __call__(self, at: str) -> pd.DataFrame:
        return pd.DataFrame({"at": [at]})


def noisy_step(table: pd.DataFrame) -> pd.DataFrame:
    """Say something, and fail."""
    print("said on the way")
    raise ValueError("no such colour")


def leaving(table: pd.DataFrame, how: str) -> pd.DataFrame:
    """End the process as code of authors' can, or leave something behind that outlives it."""
    if how == "exit":
        os._exit(0)
    if how == "silent":
        os._exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "daemon":
        print("started", subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
    if how == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf now", flush=True)
        time.sleep(600)
    return table


def odd(table: pd.DataFrame, how: str) -> Any:
    """Return what no form has a place for."""
    made: dict[str, Any] = {
        "list": lambda: [1, 2],
        "none": lambda: None,
        "objects": lambda: pd.DataFrame({"x": [{"a": 1}, object()]}),
        "twice": lambda: pd.DataFrame([[1, 2]], columns=["x", "x"]),
        "complex": lambda: pd.DataFrame({"x": [1 + 2j]}),
        "long": lambda: pd.DataFrame({"x": [2**70]}),
        "surrogate": lambda: pd.DataFrame({"x": pd.Series(["\ud800"], dtype=object)}),
    }
    return made[how]()
