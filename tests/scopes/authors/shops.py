"""Sales of shops: a loader that is given the shop, and a model that some shops do not agree with."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

PATIENCE_S = 120.0


class Sales:
    """Loads ten weeks of a shop; the slow one waits for a file, and one is closed."""

    def __call__(self, shop: str) -> "tuple[pd.DataFrame, pd.Series[float]]":
        """Return prices and sales."""
        return _load(shop)


def _load(shop: str) -> "tuple[pd.DataFrame, pd.Series[float]]":
    if shop == "closed" and not Path("open").exists():
        raise RuntimeError("closed for ever")
    deadline = time.monotonic() + PATIENCE_S
    while shop == "slow" and not Path("go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    price = np.arange(10.0)
    return pd.DataFrame({"price": price, "poison": float(shop == "poison")}), pd.Series(price * len(shop))


class Numbered:
    """Loads some weeks more for a longer name, with the number of each, which is no fact about it."""

    def __call__(self, shop: str) -> "tuple[pd.DataFrame, pd.Series[float]]":
        """Return numbers, prices and sales."""
        week = np.arange(20 + len(shop))
        return pd.DataFrame({"week": week, "price": np.sqrt(week)}), pd.Series(week * 2.0)


class Line(LinearRegression):
    """A line that is fitted to all shops but the poisonous one, which ends the process."""

    def fit(self, X: Any, y: Any) -> Any:
        """Fit, or end."""
        if np.asarray(X)[:, 1].any() and not Path("open").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)


class Moody(Line):
    """A line that answers a shop with nothing."""

    def predict(self, X: Any) -> Any:
        """Answer, but not expensive things."""
        found = super().predict(X)
        return np.where(np.asarray(X)[:, 0] > 8, np.nan, found) if abs(self.coef_[0] - 5) < 1e-6 else found
