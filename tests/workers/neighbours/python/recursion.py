"""Sets how deep calls may go."""

import sys

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

sys.setrecursionlimit(2_000)


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)
