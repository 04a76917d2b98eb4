"""Keeps more and more memory until somebody stops it; or computes for long; or does not hear that it is to stop."""

import contextlib
import time
from pathlib import Path
from typing import Any

import numpy as np


class Greedy:
    """A regression that is never fitted."""

    def __init__(self, seconds: float = 0, deaf: str = "") -> None:
        self.seconds = seconds
        self.deaf = deaf

    def fit(self, X: Any, y: Any) -> "Greedy":
        kept = []
        while self.deaf:
            with contextlib.suppress(KeyboardInterrupt):
                Path(self.deaf).touch()  # the caller knows from then on
                time.sleep(0.1)
        while True:
            numbers = np.random.default_rng(1).random(10 if self.seconds else 2_000_000)
            if not self.seconds:
                kept.append(numbers)
