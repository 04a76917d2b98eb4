"""Adds a folder to the path of modules."""

import sys

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

sys.path.insert(0, "/folder/of/a/neighbour")


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)
