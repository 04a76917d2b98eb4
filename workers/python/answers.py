"""What a fitted estimator knows of itself, as values that may leave this process."""

import math
from typing import Any

import numpy as np

from triglot.tables.labels import Labels

LONGEST_TEXT = 1_000
LARGEST_NUMBER = 2**53
# Packages whose classifiers take classes as 0..k-1 alone.
CODED = ("xgboost",)


def known_labels(estimator: Any, labels: Labels | None) -> Labels | None:
    """Return the classes as the estimator knows them: themselves, or their codes for one of a coded package.

    Of a pipeline or a search it is the estimator inside that counts.
    """
    if labels is None:
        return None
    while (inner := getattr(estimator, "estimator", None)) is not None or getattr(estimator, "steps", None):
        estimator = estimator.steps[-1][1] if inner is None else inner
    coded = type(estimator).__module__.partition(".")[0] in CODED
    return Labels(tuple(range(len(labels.classes)))) if coded else labels


def plain_attributes(estimator: Any) -> dict[str, Any]:
    """Return the public attributes that are a number, a boolean, a short text or None; no code of theirs is run."""
    found: dict[str, Any] = {}
    for kind in reversed(type(estimator).__mro__):
        found |= vars(kind)
    found |= getattr(estimator, "__dict__", {})
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in found.items()}
    return {name: value for name, value in plain.items() if not name.startswith("_") and is_plain(value)}


def is_plain(value: Any) -> bool:
    """Whether it is a number, a boolean, a short text or None."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    if isinstance(value, int | float):
        return math.isfinite(value) and abs(value) <= LARGEST_NUMBER
    return value is None


def one_list(classes: Any) -> list[Any] | None:
    """Return the classes of one target as plain values; an estimator of several targets has a list of arrays."""
    return classes.tolist() if isinstance(classes, np.ndarray) and classes.ndim == 1 else None


def records(results: Any) -> str:
    """Return the results of a search as JSON, an object a candidate; what JSON has no word for is its text."""
    import pandas as pd

    records: str = pd.DataFrame(results).to_json(orient="records", default_handler=str, double_precision=15)
    return records
