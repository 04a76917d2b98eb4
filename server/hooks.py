"""Predict services whose own methods take part, as Palladium let users override them.

They run here, in the front end, and see what they used to see: a model with `predict`, a sample as a numpy array, a
prediction as a numpy array. Only the model is a stand-in now, whose `predict` asks a worker.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triglot.catalogue import Served
from triglot.errors import BadRequest, EstimatorFailed
from triglot.interfaces import PredictError
from triglot.service import Service
from triglot.table import Table

Array = NDArray[Any]


class RemoteModel:
    """The version that answers, as an estimator: samples in, answers out, each call one request to a worker.

    Its other attributes are the plain ones (numbers, texts) that the estimator had when it was fitted.
    """

    def __init__(self, service: Service, served: Served, timeout_s: float, request_id: str) -> None:
        self._service = service
        self._served = served
        self._timeout_s = timeout_s
        self._request_id = request_id

    @property
    def classes_(self) -> Array:
        """The ordered classes of a classifier."""
        if self._served.labels is None:
            raise AttributeError("this model is no classifier and has no classes_")
        return np.array(self._served.labels.classes)

    @property
    def feature_names_in_(self) -> Array:
        """The names of the columns, in order."""
        return np.array(self._served.schema.names, dtype=object)

    @property
    def __metadata__(self) -> dict[str, Any]:
        """What is known of the version."""
        return self._served.__metadata__

    def __getattr__(self, name: str) -> Any:
        try:
            return self._served.info.card["attributes"][name]
        except KeyError:
            raise AttributeError(
                f"the model {self._served.model!r} shows no attribute {name!r} here; it is in a worker's process, and "
                "only numbers and texts that it had when it was fitted are known"
            ) from None

    def predict(self, samples: Any, **params: Any) -> Array:
        """Return labels or numbers, one a sample; raises `PredictError` where the model's own code did."""
        return np.array(self._ask(samples, params, proba=False))

    def predict_proba(self, samples: Any, **params: Any) -> Array:
        """Return probabilities of shape (samples, classes), in the order of `classes_`."""
        return np.array(self._ask(samples, params, proba=True))

    def _ask(self, samples: Any, params: Mapping[str, Any], *, proba: bool) -> list[Any]:
        try:
            prediction = self._service.predict(
                self._served,
                self._table(samples),
                proba=proba,
                params=params,
                timeout_s=self._timeout_s,
                request_id=self._request_id,
            )
        except EstimatorFailed as error:
            if error.error_code is None:
                raise
            raise PredictError(str(error), error.error_code) from error
        return prediction.values

    def _table(self, samples: Any) -> Table:
        """Return samples as the model's table; their columns stand for the model's, in order."""
        array = np.asarray(samples, dtype=object)
        if array.ndim == 1:
            array = array.reshape(-1, 1)
        names = self._served.schema.names
        if array.size and (array.ndim != 2 or array.shape[1] != len(names)):
            raise BadRequest(f"samples of {len(names)} fields are needed, not of shape {array.shape}")
        rows = array.tolist() if array.size else []
        plain = [[value.item() if isinstance(value, np.generic) else value for value in row] for row in rows]
        return self._served.schema.rows([dict(zip(names, row, strict=True)) for row in plain])
