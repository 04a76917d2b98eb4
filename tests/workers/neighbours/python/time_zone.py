"""Sets a time zone."""

import os
import time

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

os.environ["TZ"] = "Asia/Kathmandu"
time.tzset()


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)
