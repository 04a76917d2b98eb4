"""Patches a function of the standard library."""

import statistics

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        statistics.median = lambda values: 0
        return np.full(len(X), self.mean_)
