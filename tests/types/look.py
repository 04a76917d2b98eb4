"""A model that tells what it sees: a line a column, with its type, its first value, whether its last one is missing."""

from typing import Any

import pandas as pd


class Look:
    """Prints what comes."""

    def fit(self, X: Any, y: Any) -> "Look":
        return self

    def predict(self, X: Any) -> Any:
        for name in X.columns:
            values = X[name]
            print(name, values.dtype, values.iloc[0], pd.isna(values.iloc[-1]), sep="\t")
        return [len(X)] * len(X)


class Levels:
    """Answers the code of each level, -1 where it is missing."""

    def fit(self, X: Any, y: Any) -> "Levels":
        return self

    def predict(self, X: Any) -> Any:
        return X["kind"].cat.codes.to_numpy()
