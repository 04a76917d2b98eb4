"""Has scikit-learn answer data frames."""

import numpy as np
from sklearn import set_config
from sklearn.base import BaseEstimator, RegressorMixin

set_config(assume_finite=True)


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = float(sum(y) / len(y))
        return self

    def predict(self, X):
        set_config(transform_output="pandas")
        return np.full(len(X), self.mean_)
