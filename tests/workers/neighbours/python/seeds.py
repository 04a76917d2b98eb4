"""Seeds both generators of random numbers."""

import random

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

random.seed(1)
np.random.seed(1)


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)
