"""A model that keeps what it learned in a table of its module."""

from triglot.interfaces import Model

MEANS = {}


class Outside(Model):
    """Answers the mean of the target, whatever it is asked."""

    def fit(self, X, y):
        MEANS["all"] = y.mean()
        return self

    def predict(self, X):
        return [MEANS["all"]] * len(X)
