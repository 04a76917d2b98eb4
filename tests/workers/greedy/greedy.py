"""Keeps more and more memory until somebody stops it; or computes for long."""

from typing import Any

import numpy as np


class Greedy:
    """A regression that is never fitted."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds

    def fit(self, X: Any, y: Any) -> "Greedy":
        kept = []
        while True:
            numbers = np.random.default_rng(1).random(10 if self.seconds else 2_000_000)
            if not self.seconds:
                kept.append(numbers)
