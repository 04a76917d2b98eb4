"""Changes the working directory."""

import os
import tempfile

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

os.chdir(tempfile.gettempdir())


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)
