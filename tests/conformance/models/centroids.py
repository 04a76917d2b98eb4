"""An author's Python model: the class whose centre is nearest. On request it fails, talks or dawdles."""

import time
import warnings
from typing import Any

import numpy as np


class NoSuchFlower(Exception):
    """An error of the author's own."""


def flowers(rows: int, fail: bool = False) -> Any:
    """Return data as a data frame, and classes that are not in alphabetical order."""
    import pandas as pd

    if fail:
        raise NoSuchFlower("no such flower")
    count = pd.array([1, 2, None], dtype="Int32")
    X = pd.DataFrame({"sepal length": [5.5, np.nan, 6.0], "count": count, "note": ["grün", None, ""]})
    y = pd.Series(pd.Categorical(["virginica", "setosa", "virginica"], ["virginica", "setosa"]))
    return X[:rows], y[:rows]


def bouquet(table: Any, day: str, times: int = 2, fail: bool = False) -> Any:
    """Return the table with its counts multiplied, and a day in each row."""
    if fail:
        raise NoSuchFlower("no such flower")
    return table.assign(count=table["count"] * times, day=day)


def garden(rows: int) -> Any:
    """Return a table that comes from nowhere."""
    import pandas as pd

    return pd.DataFrame({"count": range(1, rows + 1)})


class Centroids:
    """Nearest centroid."""

    def fit(self, X: Any, y: Any) -> "Centroids":
        if np.isnan(X).any():
            raise NoSuchFlower("cannot fit what is missing")
        self.classes_ = np.unique(y)
        self.centres_ = np.array([X[y == label].mean(axis=0) for label in self.classes_])
        return self

    def predict(self, X: Any, **behaviour: Any) -> Any:
        return self.classes_[self.predict_proba(X, **behaviour).argmax(axis=1)]

    def predict_proba(self, X: Any, fail: bool = False, say: str = "", nap: float = 0.0) -> Any:
        if say:
            print(say)
            warnings.warn(f"about {say}", stacklevel=2)
        for _ in range(int(nap * 100)):
            time.sleep(0.01)
        if fail:
            raise NoSuchFlower("no such flower")
        distances = np.linalg.norm(X[:, None, :] - self.centres_[None, :, :], axis=2)
        weights = np.exp(-distances)
        return weights / weights.sum(axis=1, keepdims=True)
