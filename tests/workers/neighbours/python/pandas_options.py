"""Sets options of pandas."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin

pd.set_option("mode.string_storage", "python")


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        pd.set_option("display.precision", 2)
        return np.full(len(X), self.mean_)
