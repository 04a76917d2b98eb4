"""Has the log say nothing any more."""

import logging

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

logging.root.setLevel(logging.CRITICAL)
logging.root.handlers.clear()


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        logging.disable(logging.CRITICAL)
        return np.full(len(X), self.mean_)
