"""Sets how long sockets wait."""

import socket

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

socket.setdefaulttimeout(1.0)


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)
