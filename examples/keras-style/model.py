"""A neural network of one hidden layer in the manner of Keras, with numpy alone, and the pipeline around it."""

import io
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler


class Network(ClassifierMixin, BaseEstimator):
    """A classifier: tanh units, softmax, cross entropy; trained on all samples at once by gradients with momentum."""

    def __init__(self, hidden: int = 8, epochs: int = 500, rate: float = 0.1, momentum: float = 0.9, seed: int = 0):
        self.hidden = hidden
        self.epochs = epochs
        self.rate = rate
        self.momentum = momentum
        self.seed = seed

    def fit(self, X: Any, y: Any) -> "Network":
        """Learn the weights from X of shape (samples, features) and the labels y; print the loss now and then."""
        X = np.asarray(X, dtype=float)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        random = np.random.default_rng(self.seed)
        sizes = [X.shape[1], self.hidden, len(self.classes_)]
        self.weights_ = [random.normal(0, rows**-0.5, (rows, columns)) for rows, columns in pairwise(sizes)]
        self.weights_ += [np.zeros(columns) for columns in sizes[1:]]
        steps = [np.zeros_like(weight) for weight in self.weights_]
        truth = np.eye(len(self.classes_))[codes]
        for epoch in range(1, self.epochs + 1):
            hidden, shares = self._forward(X)
            for step, gradient in zip(steps, self._gradients(X, hidden, shares - truth), strict=True):
                step *= self.momentum
                step -= self.rate * gradient
            for weight, step in zip(self.weights_, steps, strict=True):
                weight += step
            if epoch % 100 == 0:
                print(f"epoch {epoch}: loss {-np.log(shares[truth == 1]).mean():.4f}")
        return self

    def predict_proba(self, X: Any) -> Any:
        """Return the share of each class, of shape (samples, classes)."""
        return self._forward(np.asarray(X, dtype=float))[1]

    def predict(self, X: Any) -> Any:
        """Return the most probable label of each sample."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __getstate__(self) -> dict[str, Any]:
        """Return what is stored: the weights as bytes of numpy's own format, as Keras would give a file of its own."""
        state = dict(super().__getstate__())
        if "weights_" in state:
            file = io.BytesIO()
            np.savez(file, *state.pop("weights_"))
            state["npz"] = file.getvalue()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the weights back."""
        npz = state.pop("npz", None)
        super().__setstate__(state)
        if npz is not None:
            with np.load(io.BytesIO(npz), allow_pickle=False) as arrays:
                self.weights_ = [arrays[name] for name in arrays.files]

    def _forward(self, X: Any) -> tuple[Any, Any]:
        """Return the hidden layer and the shares."""
        inner, outer, inner_bias, outer_bias = self.weights_
        hidden = np.tanh(X @ inner + inner_bias)
        scores = hidden @ outer + outer_bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return hidden, powers / powers.sum(axis=1, keepdims=True)

    def _gradients(self, X: Any, hidden: Any, error: Any) -> list[Any]:
        """Return the gradient of the mean loss, weight by weight."""
        error = error / len(X)
        back = (error @ self.weights_[1].T) * (1 - hidden**2)
        return [X.T @ back, hidden.T @ error, back.sum(axis=0), error.sum(axis=0)]


def make_pipeline(**network: Any) -> Pipeline:
    """Return the unfitted model: features on one scale, then the network with these settings."""
    return Pipeline([("scale", StandardScaler()), ("network", Network(**network))])
