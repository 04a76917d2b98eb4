"""Sets the precision of decimals."""

import decimal

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        decimal.getcontext().prec = 3
        return np.full(len(X), self.mean_)
