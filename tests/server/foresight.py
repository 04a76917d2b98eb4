"""An estimator whose `predict` takes arguments and foresees failures; it travels by value, as `authors` do."""

from typing import Any

import numpy as np

from triglot.interfaces import PredictError


class Scaled:
    """Answers (a + b) * factor + shift of rows below `most`; what is beyond is a failure that it foresees."""

    task = "regression"
    factor = 10.0  # of the class
    note = None

    def __init__(self, shift: Any = 1, most: float = 100.0) -> None:
        self.shift = shift
        self.most = np.float64(most)
        self.table = {"a": 1}
        self._hidden = 5

    @property
    def costly(self) -> float:
        raise RuntimeError("nobody asked")

    def fit(self, X: Any, y: Any) -> "Scaled":
        return self

    def predict(self, X: Any, factor: float = 0.0, shift: float = 0.0, note: str | None = "none", flag: bool = False):  # type: ignore[no-untyped-def]
        if X.max() > self.most:
            raise PredictError(f"{X.max():g} is more than {self.most:g}", 42)
        if note == "odd":
            raise PredictError("an odd code", 2**70)
        return X.sum(axis=1) * factor + shift + (0 if note is None else 1000) + (500 if flag else 0)
