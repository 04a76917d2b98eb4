"""What of the data of a fit is seldom meant: told in a line each, and nothing is refused."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from triglot.tables.frames import to_column
from triglot.tables.table import WHOLE, Column, Table
from triglot.training.pipelines import language_of

FEW = 20  # rows; among fewer, values that all differ say nothing
ARGUMENTS = ("x", "y")
_SPACE = re.compile(r"\s")


def remarks(model: Any, X: Table, y: Any) -> Iterator[str]:
    """Yield what the author should know of training data X, of shape (rows, columns), and y."""
    yield from _like_arguments(model, X)
    if len(X.names) == 1:  # it is all that there is: the texts of an estimator that counts words, say
        return
    for name, column in zip(X.names, X.columns, strict=True):
        if y is not None and _same(column, y):
            yield (
                f"column {name!r} is the target itself, so that the model need learn nothing; leave it out in the "
                "dataset loader"
            )
        elif _counts_rows(column):
            yield (
                f"column {name!r} has another value in each of {X.rows:,} rows: if it is an id, leave it out in the "
                "dataset loader, for no row that comes later has any of these"
            )


def _like_arguments(model: Any, X: Table) -> Iterator[str]:
    """Yield the columns that a formula of R takes for an argument of `fit`."""
    if language_of(model) == "r":
        for name in ARGUMENTS:
            if name in X.names:
                yield (
                    f"column {name!r} is called like the argument {name} of fit: in a formula such as y ~ ., data = x, "
                    "the column is taken; rename it in the dataset loader"
                )


def _same(column: Column, y: Any) -> bool:
    if len(column) < FEW or np.ndim(y) != 1:
        return False
    target = to_column(y)
    if len(target) != len(column) or target.slice(0, FEW).to_list() != column.slice(0, FEW).to_list():
        return False
    return target.to_list() == column.to_list()


def _counts_rows(column: Column) -> bool:
    """Return whether a column counts the rows from 0 or 1, or names each by a word of its own."""
    if len(column) < FEW or column.gaps().any():
        return False
    if column.kind in WHOLE:
        return column.values[0] in (0, 1) and bool((np.diff(column.values) == 1).all())
    if column.kind not in ("string", "category"):
        return False
    values = column.to_list()
    return len(set(values)) == len(values) and not any(map(_SPACE.search, values))
