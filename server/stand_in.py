"""Predict services whose own methods take part, as Palladium let users override them.

They run here, in the front end, and see what they used to see: a model with `predict`, a sample as a numpy array, a
prediction as a numpy array. Only the model is a stand-in now, whose `predict` asks a worker.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from triglot.serving.remote_model import RemoteModel
from triglot.serving.served import Served
from triglot.serving.service import Question, Service, require_classes
from triglot.tables.table import Array, Table


def remote_model(service: Service, served: Served, timeout_s: float, request_id: str) -> RemoteModel:
    """Return the version that answers, as an estimator each call of which is one request to a worker."""

    def ask(X: Table, params: Mapping[str, Any], *, proba: bool) -> Array:
        question = Question(served, params, proba, timeout_s, request_id)
        if not X.rows:  # as everywhere in HTTP no worker is needed for that
            require_classes(question)
            return np.empty((0, 1), dtype=np.int32)
        return service.ask(question, X)

    known = served.info.card.attributes
    return RemoteModel(served.model, served.schema, served.labels, ask, known, served.__metadata__)
