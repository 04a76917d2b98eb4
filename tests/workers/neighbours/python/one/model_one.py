"""A model with a module beside it, which it imports at once and again when it is asked."""

import helpers
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class Model(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        from helpers import NUMBER

        return np.full(len(X), 10 * helpers.NUMBER + NUMBER)
