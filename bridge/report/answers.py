"""What a model answered beside what was true, and the section of a report that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triglot.artefact import Artefact
from triglot.estimator import Task
from triglot.fitting import Bench
from triglot.report import figures
from triglot.report.page import Block, Facts, Plot, Rows, Section
from triglot.scoring import score
from triglot.table import Array
from triglot.tabular import to_table, to_target

BINS = 10
BIN_ROWS = 12
NAMES = {"python": "Python", "r": "R", "julia": "Julia"}
MOST_OUTPUTS = 3


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


def ask(worker: Bench, name: str, artefact: Artefact, X: Any, y: Any) -> Answers:
    """Return a stored model's answers to data that have a target."""
    card = artefact.card()
    table = to_table(X)
    truth, labels = to_target(y, card["task"])
    predicted = worker.predict(name, artefact, table)
    if labels is None:
        return Answers("regression", (), truth, predicted)
    own = list(card["classes"])
    classes = (*own, *(label for label in labels.classes if label not in own))
    place = {label: code for code, label in enumerate(classes)}
    codes = np.array([place[label] for label in labels.classes], dtype=np.int32)[truth]
    golden = card.get("golden")
    shares = None
    if golden is None or golden["op"] == "predict_proba":
        shares = np.zeros((table.rows, len(classes)))
        shares[:, : len(own)] = worker.predict_proba(name, artefact, table)
    return Answers("classification", classes, codes, predicted, shares)


def section(title: str, lead: str, answers: Answers) -> Section:
    """Return what a report says of one model's answers."""
    blocks = _classes(answers) if answers.task == "classification" else _numbers(answers)
    return Section(title, blocks, lead)


def measures(answers: Answers) -> dict[str, float]:
    """Return the usual measures of one model, the first one being its score."""
    from sklearn.metrics import balanced_accuracy_score, log_loss, mean_absolute_error, root_mean_squared_error

    y, predicted = answers.y, answers.predicted
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
    areas = [area for _, _, area in _rocs(answers).values()]
    if areas:
        found["ROC area"] = float(np.mean(areas))
    return found


def _classes(answers: Answers) -> list[Block]:
    from sklearn.metrics import confusion_matrix

    codes = range(len(answers.classes))
    counts = confusion_matrix(answers.y, answers.predicted, labels=codes)
    blocks: list[Block] = [
        Facts(
            [("rows", f"{len(answers.y):,}"), *((name, f"{value:.3f}") for name, value in measures(answers).items())]
        ),
        Plot(
            "Confusion matrix",
            figures.confusion(answers.names, counts),
            "A row a true class; the darker a cell, the larger its share of the row. Right is what is on the diagonal.",
        ),
    ]
    curves = _rocs(answers)
    if curves:
        blocks.append(
            Plot(
                "ROC" if len(curves) == 1 else "ROC, each class against the rest",
                figures.roc(curves),
                "How many of a class are found for how many false alarms, at every threshold; dashed is chance.",
            )
        )
    reliable = _calibrations(answers)
    if reliable:
        blocks.append(
            Plot(
                "Calibration",
                figures.calibration(reliable),
                "On the dashed line, what is called 70 % probable comes true in 70 % of the rows.",
            )
        )
    hits = np.diag(counts)
    precision, recall = (hits / np.maximum(counts.sum(axis=axis), 1) for axis in (0, 1))
    f1 = 2 * hits / np.maximum(counts.sum(axis=0) + counts.sum(axis=1), 1)
    rows = [
        [name, f"{precision[j]:.3f}", f"{recall[j]:.3f}", f"{f1[j]:.3f}", f"{int(counts[j].sum()):,}"]
        for j, name in enumerate(answers.names)
    ]
    head = ["class", "precision", "recall", "F1", "rows"]
    blocks.append(Rows(head, rows, "Class by class", numbers=frozenset({1, 2, 3, 4})))
    return blocks


def _numbers(answers: Answers) -> list[Block]:
    blocks: list[Block] = [
        Facts([("rows", f"{len(answers.y):,}"), *((name, f"{value:.4g}") for name, value in measures(answers).items())])
    ]
    outputs = answers.y.reshape(len(answers.y), -1), answers.predicted.reshape(len(answers.predicted), -1)
    several = outputs[0].shape[1] > 1
    for j in range(min(outputs[0].shape[1], MOST_OUTPUTS)):
        y, predicted = outputs[0][:, j], outputs[1][:, j]
        which = f", output {j + 1}" if several else ""
        blocks += [
            Plot(
                f"Predicted and true{which}",
                figures.against_truth(y, predicted),
                "A point a row; on the dashed line both are the same.",
            ),
            Plot(
                f"Residuals{which}",
                figures.residuals(y, predicted),
                "What is left of the truth. A good model leaves no shape behind: neither a bow nor a funnel.",
            ),
        ]
    rest = np.abs(answers.y - answers.predicted).reshape(len(answers.y), -1).max(axis=1)
    worst = np.argsort(-rest, kind="stable")[:10]
    rows = [[str(row), _shown(answers.y[row]), _shown(answers.predicted[row]), f"{rest[row]:.4g}"] for row in worst]
    blocks.append(
        Rows(["row", "true", "predicted", "off by"], rows, "The rows it is worst at", numbers=frozenset({0, 1, 2, 3}))
    )
    return blocks


def _rocs(answers: Answers) -> dict[str, tuple[Array, Array, float]]:
    """Return the curve of the second of two classes, or of each against the rest."""
    from sklearn.metrics import auc, roc_curve

    found = {}
    for code in _shown_classes(answers):
        truth = answers.y == code
        if answers.shares is not None and 0 < truth.sum() < len(truth):
            false, true, _ = roc_curve(truth, answers.shares[:, code])
            found[answers.names[code]] = (false, true, float(auc(false, true)))
    return found


def _calibrations(answers: Answers) -> dict[str, tuple[Array, Array, Array]]:
    found = {}
    for code in _shown_classes(answers):
        if answers.shares is None:
            continue
        said, came = answers.shares[:, code], answers.y == code
        # bins of as many rows each: those of equal width hold one row here and there, and show noise
        edges = np.quantile(said, np.linspace(0, 1, max(2, min(BINS, len(said) // BIN_ROWS)) + 1)[1:-1])
        bins = np.searchsorted(edges, said, side="right")
        seen = np.unique(bins)
        found[answers.names[code]] = (
            np.array([said[bins == b].mean() for b in seen]),
            np.array([came[bins == b].mean() for b in seen]),
            np.array([(bins == b).sum() for b in seen]),
        )
    return found


def _shown_classes(answers: Answers) -> Sequence[int]:
    """Return the codes that get a curve: the second of two, or the most frequent ones."""
    if len(answers.classes) == 2:
        return [1]
    counts = np.bincount(answers.y.astype(int), minlength=len(answers.classes))
    return sorted(np.argsort(-counts, kind="stable")[: figures.MOST_CURVES].tolist())


def _shown(value: Any) -> str:
    return f"{value:.4g}" if np.ndim(value) == 0 else ", ".join(f"{one:.4g}" for one in value)
