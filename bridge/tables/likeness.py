"""Whether two answers to the same rows are the same answer."""

from typing import Any

import numpy as np

from triglot.tables.json_answers import is_json, parsed
from triglot.tables.table import Array

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9


def alike(expected: Array, found: Array) -> bool:
    """Return whether two matrices of answers agree but for what another processor may round; NaN is like NaN."""
    if is_json(expected) or is_json(found):
        both_json = is_json(expected) and is_json(found) and expected.shape == found.shape
        return both_json and _same(parsed(expected.reshape(-1, 1)), parsed(found.reshape(-1, 1)))
    return expected.shape == found.shape and _close(expected, found)


def _close(expected: Any, found: Any) -> bool:
    return np.allclose(
        np.asarray(expected, dtype=np.float64),
        np.asarray(found, dtype=np.float64),
        rtol=RELATIVE_TOLERANCE,
        atol=ABSOLUTE_TOLERANCE,
        equal_nan=True,
    )


def _same(expected: Any, found: Any) -> bool:
    """Return whether two values of JSON are the same but for the rounding of numbers in them."""
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(_same, expected, found))
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(_same(expected[key], found[key]) for key in expected)
    if type(expected) in (int, float) and type(found) in (int, float):
        return _close(expected, found)
    return type(expected) is type(found) and bool(expected == found)
