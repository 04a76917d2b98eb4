"""A fitted model that a worker holds, as predict services and scorers know estimators: samples in, answers out.

HTTP, streams and scores each have a way of their own to ask a worker, and all else in common.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from triglot.errors import BadRequest, EstimatorFailed
from triglot.interfaces import PredictError
from triglot.tables.json_answers import is_json, parsed, to_array
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table

_NO_METADATA: Mapping[str, Any] = {}


class Ask(Protocol):
    """Has a worker answer a table: codes, numbers or probabilities, one row a row."""

    def __call__(self, X: Table, params: Mapping[str, Any], *, proba: bool) -> Array: ...


class RemoteModel:
    """The stand-in for a model elsewhere, each call of which asks a worker once.

    Its other attributes are the plain ones (numbers, texts) that the estimator had when it was fitted.
    """

    def __init__(
        self,
        name: str,
        schema: Schema,
        labels: Labels | None,
        ask: Ask,
        attributes: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] = _NO_METADATA,
    ) -> None:
        self._name = name
        self._schema = schema
        self._labels = labels
        self._ask = ask
        self._attributes = attributes or {}
        self._metadata = metadata

    @property
    def classes_(self) -> Array:
        """The ordered classes of a classifier."""
        if self._labels is None:
            raise AttributeError("this model is no classifier and has no classes_")
        return np.array(self._labels.classes)

    @property
    def feature_names_in_(self) -> Array:
        """The names of the columns, in order."""
        return np.array(self._schema.names, dtype=object)

    @property
    def __metadata__(self) -> dict[str, Any]:
        """What is known of the version."""
        return dict(self._metadata)

    def __getattr__(self, name: str) -> Any:
        if name != "_attributes" and name in self._attributes:
            return self._attributes[name]
        raise AttributeError(
            f"the model {self.__dict__.get('_name')!r} shows no attribute {name!r} here; it is in a worker's process, "
            "and only numbers and texts that it had when it was fitted are known"
        )

    def predict(self, samples: Any, **params: Any) -> Array:
        """Return labels, numbers or whatever the model answers, one a sample.

        Raises `PredictError` where the model's own code did.
        """
        answer = self._answer(self._table(samples), params, proba=False)
        if is_json(answer):
            return to_array(parsed(answer))
        if self._labels is not None:
            return self._labels.array(answer[:, 0])
        return answer[:, 0] if answer.shape[1] == 1 else answer

    def predict_proba(self, samples: Any, **params: Any) -> Array:
        """Return probabilities of shape (samples, classes), in the order of `classes_`."""
        answer = self._answer(self._table(samples), params, proba=True)
        return to_array(parsed(answer)) if is_json(answer) else answer

    def _table(self, samples: Any) -> Table:
        """Return samples as the model's table: an array, whose columns stand for the model's, or a list of objects."""
        if isinstance(samples, list) and any(isinstance(sample, Mapping) for sample in samples):
            return self._schema.rows(samples)
        array = np.asarray(samples, dtype=object)
        if array.ndim == 1:
            array = array.reshape(-1, 1)
        names = self._schema.names
        if array.size and (array.ndim != 2 or array.shape[1] != len(names)):
            known = ", ".join(names)
            raise BadRequest(f"samples of {len(names)} fields are needed, not of shape {array.shape}; they are {known}")
        rows = array.tolist() if array.size else []
        plain = [[value.item() if isinstance(value, np.generic) else value for value in row] for row in rows]
        return self._schema.rows([dict(zip(names, row, strict=True)) for row in plain])

    def _answer(self, X: Table, params: Mapping[str, Any], *, proba: bool) -> Array:
        try:
            return self._ask(X, params, proba=proba)
        except EstimatorFailed as error:
            if error.error_code is None:
                raise
            raise PredictError(str(error), error.error_code) from error
