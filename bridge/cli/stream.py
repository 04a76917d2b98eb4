"""`stream`: predictions for programs that speak through pipes, a JSON list of rows in, a list of answers out."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click
import numpy as np

from triglot.artefact import Artefact
from triglot.errors import BadRequest, WorkerUnavailable
from triglot.fitting import Bench, bench
from triglot.labels import Labels
from triglot.points import read_model
from triglot.project import Project
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


@click.command()
@click.argument("name", required=False, metavar="[MODEL]")
@click.pass_obj
def stream(project: Project, name: str | None) -> None:
    """Answer standard input on standard output, line by line, until a line says exit.

    A line is a JSON list of objects, the answer a JSON list with one entry for each; where a line cannot be
    answered it is [], and the reason is on standard error. The active version at the start answers all along, as
    the entry predict_service says, whose params are taken from a line's first object.

    Example: triglot stream < rows.jsonl > answers.jsonl
    """
    service = project.predict_service()
    name = str(name or getattr(service, "model", None) or project.only_name)
    stored = read_model(project.store, name)
    with bench(stored.artefact.card()["language"], project.environ, project.key_file) as worker:
        model = StreamedModel(worker, name, stored.artefact)
        for line in sys.stdin:
            if line.strip().lower() == "exit":
                break
            answer = "[]"
            try:
                answer = json.dumps(_answers(service, model, json.loads(line)), separators=(",", ":"))
            except WorkerUnavailable:
                raise
            except Exception as error:
                sys.stderr.write(f"Error while processing input row: {line}{type(error)}: {error}\n")
                sys.stderr.flush()
            click.echo(answer)


def _answers(service: Any, model: StreamedModel, rows: Any) -> Any:
    if not isinstance(rows, list) or not rows:
        raise BadRequest("a line must be a JSON list of objects, with one object or more")
    if service is None:
        return model.predict(rows).tolist()
    sample = np.array([service.sample_from_data(model, row) for row in rows])
    return service.predict(model, sample, **service.params_from_data(model, rows[0])).tolist()


COMMANDS = (stream,)
