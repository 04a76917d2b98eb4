"""Time series: models that are asked for how far ahead, judged by forecasts from several origins."""

from collections.abc import Callable

import numpy as np

from triglot.tables.table import NUMERIC, Array, Table
from triglot.training.subject import Finding

LEAST = 24  # values of a series that can be parted
ORIGINS = (0.6, 0.7, 0.8, 0.9)

# fits the model to the first rows, and returns its forecasts for the next
Forecast = Callable[[int, int], Array]


def is_series(X: Table, y: Array | None) -> bool:
    """Return whether X, (rows, columns), is one column that counts 1, 2, 3, ..., and y, (rows,), are numbers."""
    if len(X.names) != 1 or y is None or y.ndim != 1 or y.dtype.kind != "f" or X.rows < LEAST:
        return False
    [column] = X.columns
    return column.kind in NUMERIC and np.array_equal(column.values, np.arange(1, X.rows + 1))


def back_test(y: Array, forecast: Forecast) -> Finding:
    """Return how far forecasts are from a series y, of shape (rows,), that was cut off at several origins.

    The last value before the cut is what any forecast has to better. See Hyndman and Athanasopoulos, Forecasting:
    Principles and Practice, on cross-validation of time series.
    """
    ahead = len(y) - int(ORIGINS[-1] * len(y))
    origins = [int(share * len(y)) for share in ORIGINS]
    errors = [np.abs(forecast(origin, ahead) - y[origin : origin + ahead]) for origin in origins]
    naive = [np.abs(y[origin - 1] - y[origin : origin + ahead]) for origin in origins]
    reached, least = float(np.mean(errors)), float(np.mean(naive))
    text = (
        f"1 to {ahead} ahead, from {len(origins)} origins: mean absolute error {reached:.4g}, "
        f"of the last value repeated {least:.4g}"
    )
    if reached < least:
        return Finding("back-test", "ok", text)
    return Finding("back-test", "warn", text, "the last value repeated is better: is the model asked for steps ahead?")
