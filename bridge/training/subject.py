"""A fitted model that is looked at before it is served, and what a check says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from triglot.artefact import Artefact
from triglot.errors import BadRequest, EstimatorFailed
from triglot.manifest import UnverifiedManifest
from triglot.tables.json_answers import is_json
from triglot.tables.labels import Label
from triglot.tables.table import Array, Table
from triglot.training.entry import UNSAID, Terms
from triglot.training.fit_worker import Bench

ROWS = 200
SHOWN = 5

Verdict: TypeAlias = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; a remedy wherever the verdict is not "ok"."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A fitted model, the worker that answers for it, and up to `ROWS` rows of its training data.

    y has shape (rows,) or (rows, outputs): codes of the classes, or numbers; None for models without a target. closed:
    the columns that had gaps in training, and must have a value because the model fails on them. is_series: whether X
    only says how far ahead is asked.
    """

    worker: Bench
    name: str
    artefact: Artefact
    X: Table
    y: Array | None
    terms: Terms = UNSAID
    closed: tuple[str, ...] = ()
    is_series: bool = False

    @property
    def card(self) -> UnverifiedManifest:
        """What the manifest says."""
        return self.artefact.card()

    @property
    def classes(self) -> tuple[Label, ...] | None:
        """The classes in their order, or None for a regression."""
        return self.card.classes

    def predict(self, X: Table) -> Array:
        """Return a code, a number or a text of JSON a row, or a row of numbers where there are several outputs."""
        return self.worker.predict(self.name, self.artefact, X)

    def shares(self, X: Table) -> Array:
        """Return what tells most of the model's answer: probabilities where it has any, else its predictions."""
        if self.classes is not None and self.has_probabilities():
            return self.worker.predict_proba(self.name, self.artefact, X)
        answers = self.predict(X)
        return answers if is_json(answers) else np.asarray(answers, dtype=np.float64)

    def has_probabilities(self) -> bool:
        """Return whether the golden rows could be asked for probabilities, which is tried at each fit."""
        golden = self.card.golden
        if golden is None and self.classes is not None:
            try:
                self.worker.predict_proba(self.name, self.artefact, self.X.slice(0, 1))
            except (BadRequest, EstimatorFailed):
                return False
            return True
        return golden is not None and golden.op == "predict_proba"


def failed(check: str, error: BaseException) -> Finding:
    """Return the finding of a check that the author's code did not live through, with the author's own lines."""
    trace = str(getattr(error, "traceback", "")).strip()
    remedy = f"look at your code:\n{trace}" if trace else "see the message"
    return Finding(check, "fail", str(error) or type(error).__name__, remedy)


def listed(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
