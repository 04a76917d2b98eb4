"""Models whose `predict` answers what is neither a label nor a number, as Palladium's could."""

from typing import Any

import numpy as np


class Anything:
    """Answers each row by what `say` makes of its first value; `own` is what its own score is."""

    def __init__(self, say: str = "tag", own: float | None = None) -> None:
        self.say = say
        self.own = own

    def fit(self, X: Any, y: Any = None) -> "Anything":
        """Learn the target's values."""
        self.known = [] if y is None else sorted(set(np.ravel(y).tolist()))
        return self

    def predict(self, X: Any, suffix: str = "") -> Any:
        """Answer a list, or an array."""
        answers = [getattr(self, f"_{self.say}")(float(row[0])) for row in np.asarray(X, dtype=object)]
        return [f"{answer}{suffix}" for answer in answers] if suffix else answers

    def _tag(self, value: float) -> Any:
        return {"tag": "high" if value > 14 else "low", "near": [value, np.float64(value / 2)], 3: None}

    def _word(self, value: float) -> Any:
        return "none of them" if value == 7 else self.known[int(value <= 14)]

    def _code(self, value: float) -> Any:
        return np.int64(value > 14)

    def _square(self, value: float) -> Any:
        return np.full((2, 2), value)

    def _mixed(self, value: float) -> Any:
        return value if value < 10 else "many"

    def _ragged(self, value: float) -> Any:
        return [value] * int(value)

    def _nan_of_7(self, value: float) -> Any:
        return {"share": float("nan") if value == 7 else value}

    def _bytes(self, value: float) -> Any:
        return bytes([int(value)])

    def _deep(self, value: float) -> Any:
        found: Any = value
        for _ in range(100):
            found = [found]
        return found

    def _refused(self, value: float) -> Any:
        if value < 3:
            raise ValueError("too small")
        return {"fine": value}


class Labelled:
    """Answers its labels."""

    def fit(self, X: Any, y: Any) -> "Labelled":
        """Learn nothing."""
        return self

    def predict(self, X: Any) -> Any:
        """Answer a label a row."""
        return np.where(np.asarray(X)[:, 0] > 14, "high", "low")


class Scored(Anything):
    """One that has a score of its own."""

    def score(self, X: Any, y: Any) -> float:
        """Return the share of tags that are the truth."""
        return float(np.mean([answer["tag"] == truth for answer, truth in zip(self.predict(X), y, strict=True)]))


class Shares(Anything):
    """One that has probabilities of its own kind."""

    def predict_proba(self, X: Any) -> Any:
        """Answer the share of one class alone."""
        return [{"high": 0.75 if row[0] > 14 else 0.25} for row in np.asarray(X)]


class Halved(Labelled):
    """Answers its labels, and of probabilities those of one class alone, as a network with one output does."""

    def predict_proba(self, X: Any) -> Any:
        """Answer the share of the first class."""
        return 1.0 * (np.asarray(X)[:, :1] > 14)


class Network:
    """As a network of Keras' answers: probabilities from `predict`, one of the second class or one of each.

    There is no `predict_proba`.
    """

    def __init__(self, width: int = 1) -> None:
        self.width = width

    def fit(self, X: Any, y: Any) -> "Network":
        """Learn where the middle is."""
        self.middle = float(np.mean(X))
        return self

    def predict(self, X: Any) -> Any:
        """Answer an array of shape (rows, width) of 32 bits."""
        share = 1 / (1 + np.exp(self.middle - np.asarray(X, dtype=np.float64)[:, :1]))
        return (share if self.width == 1 else np.hstack([1 - share, share])).astype(np.float32)
