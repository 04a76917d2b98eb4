"""Sets how numpy shows numbers."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

np.set_printoptions(precision=2)


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)
