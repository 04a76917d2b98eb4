"""The section of a report that shows what a model answered beside what was true."""

from typing import Any

import numpy as np

from triglot.report import figures
from triglot.report.page import Block, Facts, Plot, Rows, Section
from triglot.tables.table import Array
from triglot.training.answers import Answers, measures, rocs, shown_classes

BINS = 10
BIN_ROWS = 12
MOST_OUTPUTS = 3


def section(title: str, lead: str, answers: Answers) -> Section:
    """Return what a report says of one model's answers."""
    rows, answers = len(answers.y), answers.answered()
    if not len(answers.y):
        return Section(title, [Facts([("rows", f"{rows:,}")])], f"{lead} None of the answers is a number.")
    blocks = _classes(answers) if answers.task == "classification" else _numbers(answers)
    gone = rows - len(answers.y)
    return Section(title, blocks, f"{lead} {gone:,} of {rows:,} answers are no numbers and left out." if gone else lead)


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
    curves = rocs(answers)
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


def _calibrations(answers: Answers) -> dict[str, tuple[Array, Array, Array]]:
    found = {}
    for code in shown_classes(answers):
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


def _shown(value: Any) -> str:
    return f"{value:.4g}" if np.ndim(value) == 0 else ", ".join(f"{one:.4g}" for one in value)
