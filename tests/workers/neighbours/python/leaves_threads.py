"""A model whose predictions leave threads behind."""

import threading

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

KEPT = []


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        return np.full(len(X), self.mean_)
