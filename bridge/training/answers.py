"""What a model answered beside what was true, and the usual measures of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from triglot.artefact import Artefact
from triglot.errors import ConfigError
from triglot.tables.frames import to_table, to_target
from triglot.tables.labels import Task
from triglot.tables.table import Array
from triglot.training.fit_worker import Bench
from triglot.training.scoring import score
from triglot.training.unanswered import SHOWN, Unanswered, unanswered

MEASURES: Mapping[Task, tuple[str, ...]] = {
    "regression": ("R²", "RMSE", "mean absolute error"),
    "classification": ("accuracy", "balanced accuracy", "log loss", "ROC area"),
}
MOST_CURVES = 8  # as many as there are colours that all people can tell apart


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Truth and predictions: codes into `classes` of shape (rows,), or numbers of shape (rows,) or (rows, outputs).

    `classes` are the model's own, then those of the truth that it never saw. `shares` has shape (rows, classes), and is
    None where the model has no probabilities.
    """

    task: Task
    classes: tuple[Any, ...]
    y: Array
    predicted: Array
    shares: Array | None = None

    @property
    def names(self) -> list[str]:
        """The classes as text."""
        return [str(label) for label in self.classes]

    @property
    def unanswered(self) -> Unanswered:
        """The rows that the model has no number for, or no probabilities."""
        rows = np.flatnonzero(self._gone()) + 1
        return Unanswered(len(rows), len(self.y), tuple(rows[:SHOWN].tolist()))

    def answered(self) -> "Answers":
        """Return what there is of the other rows."""
        kept = np.flatnonzero(~self._gone())
        if len(kept) == len(self.y):
            return self
        shares = None if self.shares is None else self.shares[kept]
        return replace(self, y=self.y[kept], predicted=self.predicted[kept], shares=shares)

    def _gone(self) -> Array:
        gone = unanswered(self.predicted)
        return gone if self.shares is None else gone | unanswered(self.shares)


def ask(worker: Bench, name: str, artefact: Artefact, X: Any, y: Any) -> Answers:
    """Return a stored model's answers to data that have a target."""
    card = artefact.card()
    if card.any_answers:
        raise ConfigError(
            f"model {name!r} answers any JSON, which is measured by nobody but its author: leave it out here, and "
            "score it by `triglot test` with a 'scoring' of your own, f(model, X, y)"
        )
    table = to_table(X)
    truth, labels = to_target(y, card.task)
    predicted = worker.predict(name, artefact, table)
    if labels is None:
        return Answers("regression", (), truth, predicted)
    own = card.classes or ()
    classes = (*own, *(label for label in labels.classes if label not in own))
    place = {label: code for code, label in enumerate(classes)}
    codes = np.array([place[label] for label in labels.classes], dtype=np.int32)[truth]
    golden = card.golden
    shares = None
    if golden is None or golden.op == "predict_proba":
        shares = np.zeros((table.rows, len(classes)))
        shares[:, : len(own)] = worker.predict_proba(name, artefact, table)
    return Answers("classification", classes, codes, predicted, shares)


def measures(answers: Answers) -> dict[str, float]:
    """Return the usual measures of one model, the first one being its score; rows without a number are left out.

    Where no row has one they are NaN.
    """
    from sklearn.metrics import balanced_accuracy_score, log_loss, mean_absolute_error, root_mean_squared_error

    answers = answers.answered()
    y, predicted = answers.y, answers.predicted
    if not len(y):
        return dict.fromkeys(MEASURES[answers.task], float("nan"))
    if answers.task == "regression":
        return {
            "R²": score("regression", y, predicted),
            "RMSE": float(root_mean_squared_error(y, predicted)),
            "mean absolute error": float(mean_absolute_error(y, predicted)),
        }
    found = {"accuracy": score("classification", y, predicted)}
    if len(set(y.tolist())) > 1 and set(predicted.tolist()) <= set(y.tolist()):
        found["balanced accuracy"] = float(balanced_accuracy_score(y, predicted))
    if answers.shares is not None:
        shares = np.clip(answers.shares, 1e-15, None)
        shares /= shares.sum(axis=1, keepdims=True)
        found["log loss"] = float(log_loss(y, shares, labels=range(len(answers.classes))))
    areas = [area for _, _, area in rocs(answers).values()]
    if areas:
        found["ROC area"] = float(np.mean(areas))
    return found


def rocs(answers: Answers) -> dict[str, tuple[Array, Array, float]]:
    """Return the curve of the second of two classes, or of each against the rest."""
    from sklearn.metrics import auc, roc_curve

    found = {}
    for code in shown_classes(answers):
        truth = answers.y == code
        if answers.shares is not None and 0 < truth.sum() < len(truth):
            false, true, _ = roc_curve(truth, answers.shares[:, code])
            found[answers.names[code]] = (false, true, float(auc(false, true)))
    return found


def shown_classes(answers: Answers) -> Sequence[int]:
    """Return the codes that get a curve: the second of two, or the most frequent ones."""
    if len(answers.classes) == 2:
        return [1]
    counts = np.bincount(answers.y.astype(int), minlength=len(answers.classes))
    return sorted(np.argsort(-counts, kind="stable")[:MOST_CURVES].tolist())
