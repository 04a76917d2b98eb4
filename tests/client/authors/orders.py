"""Orders with a column of every kind; a model that answers as numbers what it saw of them, and one that judges them."""

import time
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

SIZES = ["small", "medium", "large"]


def frame() -> pd.DataFrame:
    """Return three orders; each kind of column has a gap, so that callers may leave one."""
    at = pd.Series(pd.to_datetime(["2026-07-01 12:30:00", "1969-12-31 23:59:59", None]))
    return pd.DataFrame(
        {
            "amount": [1.5, 1e-300, None],
            "count": pd.array([3, 2**53 + 1, None], dtype="Int64"),
            "size": pd.Categorical(["large", "small", None], categories=SIZES),
            "paid": pd.array([True, False, None], dtype="boolean"),
            "note": ['grün, "quoted"', "", None],
            "day": pd.Series([date(2026, 1, 31), date(1969, 7, 20), None], dtype=object),
            "at": at.dt.tz_localize("Europe/Berlin"),
            "seconds": [0.0, 0.0, None],
        }
    )


class Numbers:
    """Data of a regression."""

    def __call__(self) -> tuple[Any, Any]:
        return frame(), np.array([0.5, 1.5, 2.5])


class Verdicts:
    """Data of a classifier."""

    def __call__(self) -> tuple[Any, Any]:
        return frame(), np.array(["yes", "no", "perhaps"])


class Echo:
    """Answers the amount, and waits as long as it is told."""

    task = "regression"

    def fit(self, X: Any, y: Any) -> "Echo":
        return self

    def predict(self, X: Any) -> Any:
        time.sleep(X["seconds"].fillna(0).max() if len(X) else 0)
        return X["amount"].to_numpy()


class Seen(Echo):
    """Answers each column as a number: a count in two halves, a text by its length, days and seconds since 1970."""

    def predict(self, X: Any) -> Any:
        count, note = X["count"].astype("Int64"), X["note"].astype("string")
        day = (pd.to_datetime(X["day"]) - pd.Timestamp(0)) / pd.Timedelta(days=1)
        at = (X["at"] - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(microseconds=1) / 1e6
        codes = X["size"].cat.codes.astype(float).replace(-1, np.nan)
        columns = [X["amount"], count // 2**30, count % 2**30, codes, X["paid"], note.str.len(), day, at]
        return np.column_stack([pd.array(column, "Float64").to_numpy("float64", na_value=np.nan) for column in columns])


class Tells(Echo):
    """Answers of each order what it is, as a dictionary, and of one without a size a text."""

    task = "classification"

    def predict(self, X: Any) -> Any:
        sizes = X["size"].astype(object).where(X["size"].notna(), None)
        return ["no size" if size is None else {"size": size, "letters": list(size), "none": None} for size in sizes]


class Judge(Echo):
    """Says yes to large orders; where the size is missing it is as sure of each answer."""

    task = "classification"

    def fit(self, X: Any, y: Any) -> "Judge":
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> Any:
        sure = {"large": [0.1, 0.2, 0.7], "small": [0.7, 0.2, 0.1], "medium": [0.1, 0.7, 0.2]}
        return np.array([sure.get(size, [1 / 3, 1 / 3, 1 / 3]) for size in X["size"].astype(object)]).reshape(-1, 3)
