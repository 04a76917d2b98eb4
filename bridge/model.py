"""The base class of Python authors' own models; it is scikit-learn's, and loaded only where it is named."""

from abc import ABC, abstractmethod
from typing import Any

from sklearn.base import BaseEstimator


class Model(ABC, BaseEstimator):  # type: ignore[misc]  # scikit-learn carries no types
    """A model of one's own: arguments of the constructor are its parameters, as scikit-learn wants them.

    Examples:
        >>> import numpy as np
        >>> class Mean(Model):
        ...     def fit(self, X, y=None):
        ...         self.mean_ = np.mean(y)
        ...         return self
        ...     def predict(self, X):
        ...         return np.full(len(X), self.mean_)
        >>> Mean().fit([[1], [2]], [1.0, 3.0]).predict([[5]])
        array([2.])
    """

    @abstractmethod
    def fit(self, X: Any, y: Any = None) -> Any:
        """Fit to X of shape (rows, columns) and y of shape (rows,); return self."""

    @abstractmethod
    def predict(self, X: Any, **kwargs: Any) -> Any:
        """Return an array of one answer a row."""

    def predict_proba(self, X: Any, **kwargs: Any) -> Any:
        """Return probabilities of shape (rows, classes), for models that have them."""
        # optional, as in Palladium: a regression has none
        raise NotImplementedError(f"{type(self).__name__} has no predict_proba")
