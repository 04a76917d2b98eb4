"""Sets an environment variable."""

import os

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        os.environ["NEIGHBOUR"] = "here"
        return np.full(len(X), self.mean_)
