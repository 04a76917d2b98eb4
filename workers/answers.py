"""What a model's answer must be before it leaves a worker: one a row of X, and of the kind that was asked for."""

from typing import Any

import numpy as np

from triglot.errors import EstimatorFailed
from triglot.tables.labels import Labels
from triglot.tables.table import Array

_NUMBERS = "biufO"  # kinds of numpy's; of the last, objects, each value is tried
SHARE_TOLERANCE = 1e-3  # some models work with numbers of 32 bits, some round


class WrongShares(EstimatorFailed):
    """Probabilities that are none; a fit is refused for them, while other failures only mean that there are none."""


def checked(found: Any, rows: int, labels: Labels | None, language: str) -> Array:
    """Return predictions as a matrix of one row a row of X: codes of one class each, or float64 numbers."""
    answer = np.asarray(found)
    if answer.ndim == 1:
        answer = answer.reshape(-1, 1)
    if answer.ndim != 2 or answer.shape[0] != rows:
        raise _wrong(f"predict gave shape {answer.shape} for {rows} rows; one answer a row is needed", language)
    if labels is None:
        if answer.dtype.kind not in _NUMBERS:
            raise _wrong(f"predict gave values of type {answer.dtype}; numbers are needed", language)
        try:
            return answer.astype(np.float64, copy=False)
        except (TypeError, ValueError):
            raise _wrong(f"predict gave values of type {answer.dtype}; numbers are needed", language) from None
    if answer.dtype != np.int32 or answer.shape[1] != 1:
        raise _wrong("a classifier must answer one class a row", language)
    if answer.min() < 0 or answer.max() >= len(labels.classes):
        raise _wrong("a classifier must answer one of its classes for every row; here one is missing", language)
    return answer


def checked_shares(found: Any, rows: int, labels: Labels, language: str, model: str) -> Array:
    """Return probabilities as a float64 matrix of shape (rows, classes): each within [0, 1], each row's sum 1.

    A row with NaN says that the model has no answer for it, and is let through.
    """
    answer = np.asarray(found, dtype=np.float64)
    columns = len(labels.classes)
    if answer.shape != (rows, columns):
        raise _wrong(f"predict_proba gave shape {answer.shape}, expected ({rows}, {columns})", language)
    wrong = (answer < -SHARE_TOLERANCE).any(axis=1) | (np.abs(answer.sum(axis=1) - 1.0) > SHARE_TOLERANCE)
    if wrong.any():
        raise _no_shares(answer, int(np.argmax(wrong)), language, model)
    return answer


def _no_shares(answer: Array, row: int, language: str, model: str) -> WrongShares:
    """Return the error that shows a row which is wrong."""
    shown = ", ".join(f"{share:.6g}" for share in answer[row, :10])
    return WrongShares(
        f"predict_proba of model {model!r} gave what are no probabilities: {shown} for row {row + 1}; each must be "
        f"between 0 and 1, and a row's sum 1 (within {SHARE_TOLERANCE:g}). Have it answer shares, or leave it out",
        language=language,
    )


def _wrong(message: str, language: str) -> EstimatorFailed:
    return EstimatorFailed(message, language=language)
