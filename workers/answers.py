"""What a model's answer must be before it leaves a worker: one a row of X, and of the kind that was asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from triglot.errors import EstimatorFailed, WrongAnswer
from triglot.protocol.messages import Op
from triglot.tables.json_answers import NoJson, to_text
from triglot.tables.labels import Labels
from triglot.tables.table import Array

_NUMBERS = "biufO"  # kinds of numpy's; of the last, objects, each value is tried
LETTERS = 2**26  # that the answers of one call may have as JSON
SHARE_TOLERANCE = 1e-3  # some models work with numbers of 32 bits, some round


class WrongShares(WrongAnswer):
    """Probabilities that are none; a fit is refused for them, while other failures only mean that there are none."""


def checked(found: Any, rows: int, labels: Labels | None, language: str) -> Array:
    """Return predictions as a matrix of one row a row of X: codes of one class each, or float64 numbers."""
    answer = np.asarray(found)
    if answer.ndim == 1:
        answer = answer.reshape(-1, 1)
    if answer.shape[:1] != (rows,):
        raise _failed(f"predict gave shape {answer.shape} for {rows} rows; one answer a row is needed", language)
    if answer.ndim != 2:
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


def checked_json(found: Sequence[Any], rows: int, op: Op, language: str) -> Array:
    """Return answers of any kind as texts of JSON, an array of objects of shape (rows, 1).

    Raises `WrongAnswer` naming the row, counted from 1, whose answer JSON has no word for.
    """
    if len(found) != rows:
        raise _failed(f"{op} gave {len(found)} answers for {rows} rows; one a row is needed", language)
    texts, left = np.empty((rows, 1), dtype=object), LETTERS
    for row, value in enumerate(found):
        try:
            text = texts[row, 0] = to_text(value)
        except NoJson as error:
            raise _wrong(f"the answer of {op} to row {row + 1} {error}", language) from None
        left -= len(text)
        if left < 0:
            raise _wrong(f"{op} gave more than {LETTERS:,} letters of JSON for {rows} rows; ask for fewer", language)
    return texts


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


def _failed(message: str, language: str) -> EstimatorFailed:
    return EstimatorFailed(message, language=language)


def _wrong(message: str, language: str) -> WrongAnswer:
    return WrongAnswer(message, language=language)
