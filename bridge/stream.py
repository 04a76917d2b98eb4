"""Predictions for programs that speak through pipes: a JSON list of rows in, a JSON list of answers out."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from triglot.artefact import Artefact
from triglot.errors import BadRequest, WorkerUnavailable
from triglot.fitting import Bench
from triglot.labels import Labels
from triglot.schema import Schema
from triglot.table import Array, Table

ANSWER_S = 30.0


class StreamedModel:
    """The version that answers, as a predict service knows models; a worker answers for it."""

    def __init__(self, worker: Bench, name: str, artefact: Artefact) -> None:
        self._worker = worker
        self._name = name
        self._artefact = artefact
        card = artefact.card()
        self._labels = None if card["classes"] is None else Labels(tuple(card["classes"]))
        self._schema = Schema.from_json(card["schema"])
        if self._labels is not None:
            self.classes_ = np.array(self._labels.classes)

    def predict(self, samples: Any, **params: Any) -> Array:
        """Return labels or numbers, one a sample."""
        answer = self._ask(self.table(samples), params, proba=False)
        if self._labels is not None:
            return self._labels.array(answer[:, 0])
        return answer[:, 0] if answer.shape[1] == 1 else answer

    def predict_proba(self, samples: Any, **params: Any) -> Array:
        """Return probabilities of shape (samples, classes), in the order of the classes."""
        return self._ask(self.table(samples), params, proba=True)

    def table(self, samples: Any) -> Table:
        """Return samples, or a list of objects, as the model's table; the values of a sample are in its order."""
        if isinstance(samples, list):
            return self._schema.rows(samples)
        array = np.asarray(samples, dtype=object)
        array = array.reshape(-1, 1) if array.ndim == 1 else array
        names = self._schema.names
        if array.shape[1:] != (len(names),):
            raise BadRequest(f"the model has {len(names)} columns ({', '.join(names)}), not {array.shape[1:]}")
        return self._schema.rows([dict(zip(names, row, strict=True)) for row in array.tolist()])

    def _ask(self, X: Table, params: Mapping[str, Any], *, proba: bool) -> Array:
        return self._worker.answer(self._name, self._artefact, X, params, proba=proba, timeout_s=ANSWER_S)


class Sink(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> object:
        """Write text."""
        ...

    def flush(self) -> object:
        """Let the reader have it."""
        ...


class PredictStream:
    """Answers lines by a model, as a predict service says, or without one by the model's own columns."""

    def __init__(self, model: StreamedModel, predict_service: Any) -> None:
        self.model = model
        self.predict_service = predict_service

    def process_line(self, line: str) -> Any:
        """Return the answers to one line, a JSON list of objects; params are taken from the first of them."""
        rows = json.loads(line)
        if not isinstance(rows, list) or not rows:
            raise BadRequest("a line must be a JSON list of objects, with one object or more")
        service = self.predict_service
        if service is None:
            return self.model.predict(rows).tolist()
        sample = np.array([service.sample_from_data(self.model, row) for row in rows])
        return service.predict(self.model, sample, **service.params_from_data(self.model, rows[0])).tolist()

    def listen(self, io_in: Iterable[str], io_out: Sink, io_err: Sink) -> None:
        """Answer line by line until one says exit; an error is `[]`, with its reason on `io_err`."""
        for line in io_in:
            if line.strip().lower() == "exit":
                return
            answer = "[]"
            try:
                answer = json.dumps(self.process_line(line), separators=(",", ":"))
            except WorkerUnavailable:
                raise
            except Exception as error:
                io_err.write(f"Error while processing input row: {line}{type(error)}: {error}\n")
                io_err.flush()
            io_out.write(f"{answer}\n")
            io_out.flush()
