"""A model that answers by a function of the standard library, wherever its process stands."""

import statistics

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.full(len(X), float(statistics.median([1, 2, 9])))
