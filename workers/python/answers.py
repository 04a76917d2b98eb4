"""What a fitted estimator knows of itself, as values that may leave this process."""

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from triglot.errors import WrongAnswer
from triglot.tables.labels import Labels
from triglot.tables.table import Array

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


def needs(estimator: Any, method: str) -> tuple[str, ...]:
    """Return the arguments beside the data without which a method of the estimator cannot be called."""
    try:
        _, *parameters = inspect.signature(getattr(estimator, method)).parameters.values()
    except (AttributeError, TypeError, ValueError):
        return ()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(each.name for each in parameters if each.default is each.empty and each.kind in named)


def absent(estimator: Any, needed: tuple[str, ...], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments of a call; those that are needed and not given are the estimator's attributes."""
    lacking = [name for name in needed if name not in given and hasattr(estimator, name)]
    return {**given, **{name: getattr(estimator, name) for name in lacking}} if lacking else given


def one_list(classes: Any) -> list[Any] | None:
    """Return the classes of one target as plain values; an estimator of several targets has a list of arrays."""
    return classes.tolist() if isinstance(classes, np.ndarray) and classes.ndim == 1 else None


def as_array(answer: Any, method: str, dtype: Any = None) -> Array:
    """Return an estimator's answer as an array; raises `WrongAnswer` for one that is none, such as ragged lists."""
    try:
        return np.asarray(answer, dtype)
    except (ValueError, TypeError) as error:
        raise WrongAnswer(f"{method} answered what is no array: {error}", language="python") from None


def listed(answer: Any, method: str) -> Sequence[Any]:
    """Return whatever an estimator answered as a list of one value a row: what its `tolist` gives, if it has one."""
    convert = getattr(answer, "tolist", None)
    found = convert() if callable(convert) else answer
    if not isinstance(found, list | tuple):
        kind = type(answer).__name__
        raise WrongAnswer(
            f"{method} answered a {kind}; answer an array or a list of one value a row", language="python"
        )
    return found


def records(results: Any) -> str:
    """Return the results of a search as JSON, an object a candidate; what JSON has no word for is its text."""
    import pandas as pd

    records: str = pd.DataFrame(results).to_json(orient="records", default_handler=str, double_precision=15)
    return records
