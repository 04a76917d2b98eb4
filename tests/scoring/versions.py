"""Versions to score by: the frozen ones of each language, and one whose rows can be deadly."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np

import tests.scoring.versions as this
from tests.formats.files import FROZEN, artefact_of, read_json
from triglot.scoring.bundle import Bundle
from triglot.training.fit_worker import Bench

FAILS, FAILS_BESIDE, DEADLY, ONCE, WAITS = 13.0, 777.0, 666.0, 555.0, 444.0
MARKS = "TRIGLOT_TEST_MARKS"  # the folder where files are that such a row makes, or waits for


class Moody:
    """Answers twice a number; fails on one, ends its process at another, once at a third, and waits at a fourth.

    At a fifth it fails once another process waits.
    """

    def fit(self, X: Any, y: Any) -> "Moody":
        return self

    def predict(self, X: Any) -> Any:
        values = np.asarray(X)[:, 0]
        if (values == DEADLY).any():
            os.kill(os.getpid(), signal.SIGKILL)
        if (values == ONCE).any() and not _there("once"):
            (Path(os.environ[MARKS]) / "once").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if (values == WAITS).any():
            (Path(os.environ[MARKS]) / "waits").touch()
            while not _there("go"):
                time.sleep(0.01)
        while (values == FAILS_BESIDE).any() and not _there("waits"):
            time.sleep(0.01)
        if np.isin(values, [FAILS, FAILS_BESIDE]).any():
            raise ValueError("thirteen is too much")
        return 2 * values


def _there(name: str) -> bool:
    return (Path(os.environ[MARKS]) / name).exists()


def frozen(language: str) -> tuple[Bundle, list[dict[str, Any]], dict[str, Any]]:
    """Return a frozen version of a language, rows that it takes, and its answers to them."""
    kept = read_json(FROZEN / "artefacts" / "1" / f"{language}.json")
    return Bundle(language, 1, artefact_of(kept)), kept["rows"], kept["answers"]


def moody(worker: Bench) -> Bundle:
    """Return the version whose rows can be deadly, of the one column `x`; 0 is not missing in it."""
    import pandas as pd

    cloudpickle.register_pickle_by_value(this)
    try:
        fitted = worker.fit("moody", Moody(), pd.DataFrame({"x": [1.0, 2.0]}), np.array([2.0, 4.0]))
    finally:
        cloudpickle.unregister_pickle_by_value(this)
    return Bundle("moody", 1, fitted.artefact)
