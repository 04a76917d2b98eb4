"""A model that draws its answers, by both of Python's usual generators, from a seed that it sets when it is loaded."""

import random

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class Model(RegressorMixin, BaseEstimator):
    def __init__(self, seed=1):
        self.seed = seed

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def __setstate__(self, state):
        super().__setstate__(state)
        np.random.seed(self.seed)
        random.seed(self.seed)

    def predict(self, X):
        return np.random.random(len(X)) + [random.randrange(1000) for _ in range(len(X))]
