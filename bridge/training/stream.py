"""Predictions for programs that speak through pipes: a JSON list of rows in, a JSON list of answers out."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from triglot.artefact import Artefact
from triglot.errors import BadRequest, WorkerLost
from triglot.serving.remote_model import RemoteModel
from triglot.tables.table import Array, Table
from triglot.training.fit_worker import Bench

ANSWER_S = 30.0


def streamed(worker: Bench, name: str, artefact: Artefact) -> RemoteModel:
    """Return the version that answers, as a predict service knows models; the worker answers for it."""

    def ask(X: Table, params: Mapping[str, Any], *, proba: bool) -> Array:
        return worker.answer(name, artefact, X, params, proba=proba, timeout_s=ANSWER_S)

    card = artefact.card()
    known = {"train_timestamp": card.created}
    return RemoteModel(name, card.schema, card.labels, ask, card.attributes, known)


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

    def __init__(self, model: RemoteModel, predict_service: Any) -> None:
        self.model = model
        self.predict_service = predict_service

    def process_line(self, line: str) -> Any:
        """Return the answers to one line, a JSON list of objects; params are taken from the first of them."""
        rows = json.loads(line)
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
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
            except WorkerLost:
                raise
            except Exception as error:
                io_err.write(f"Error while processing input row: {line}{type(error)}: {error}\n")
                io_err.flush()
            io_out.write(f"{answer}\n")
            io_out.flush()
