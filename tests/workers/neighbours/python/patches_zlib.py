"""Patches a function of a module in C."""

import zlib

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

zlib.crc32 = lambda data, *rest: 5


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)
