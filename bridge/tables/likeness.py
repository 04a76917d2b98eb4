"""Whether two answers to the same rows are the same answer."""

import numpy as np

from triglot.tables.table import Array

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9


def alike(expected: Array, found: Array) -> bool:
    """Return whether two matrices of answers agree but for what another processor may round; NaN is like NaN."""
    return expected.shape == found.shape and np.allclose(
        np.asarray(expected, dtype=np.float64),
        np.asarray(found, dtype=np.float64),
        rtol=RELATIVE_TOLERANCE,
        atol=ABSOLUTE_TOLERANCE,
        equal_nan=True,
    )
