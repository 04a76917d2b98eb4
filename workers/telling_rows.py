"""Which few rows of the training data tell most of a model: of each class, with each gap and level, at each extreme."""

import functools
from collections.abc import Callable, Iterator
from itertools import chain, zip_longest
from typing import TypeAlias

import numpy as np

from triglot.tables.table import FLOATS, NUMERIC, Array, Column, Table

EVENLY = 5
MOST = 16
CELLS = 10_000  # the rows are part of each manifest

# whether each of these rows shows what is looked for
Shows: TypeAlias = Callable[[Array], Array]


def telling_rows(X: Table, usable: Array, classes: Array | None) -> Array:
    """Return the indexes of some rows of X, in order: a few evenly spaced, then one for all that these do not show.

    usable: the indexes that may be among them. classes: the codes of the target's classes, of shape (rows,), where it
    has any.
    """
    most = max(EVENLY, min(MOST, CELLS // max(1, len(X.names))))
    chosen = evenly(usable)
    for shows in _wanted(X, classes):
        if len(chosen) >= most:
            break
        if not shows(chosen).any() and (found := shows(usable)).any():
            chosen = np.append(chosen, usable[np.argmax(found)])
    return np.sort(chosen)


def evenly(usable: Array) -> Array:
    """Return a few of these indexes, the first and the last among them; none of none."""
    return usable[np.unique(np.linspace(0, len(usable) - 1, EVENLY).astype(int))] if usable.size else usable


def infinite(X: Table) -> Array:
    """Return which rows hold an infinite number."""
    found = np.zeros(X.rows, dtype=bool)
    for column in X.columns:
        if column.kind in FLOATS:
            found |= np.isinf(column.values)
    return found


def _wanted(X: Table, classes: Array | None) -> Iterator[Shows]:
    """Yield what the rows shall show, each kind in turn, so that none has all the room."""
    kinds = (
        [] if classes is None else _each(classes, np.unique(classes)),
        chain.from_iterable(_gap(column) for column in X.columns),
        chain.from_iterable(_levels(column) for column in X.columns),
        chain.from_iterable(_extremes(column) for column in X.columns),
    )
    return (shows for turn in zip_longest(*kinds) for shows in turn if shows is not None)


def _each(values: Array, wanted: Array) -> Iterator[Shows]:
    return (functools.partial(_is, values, value) for value in wanted.tolist())


def _is(values: Array, value: object, rows: Array) -> Array:
    return np.asarray(values[rows] == value)


def _gap(column: Column) -> Iterator[Shows]:
    gone = column.gaps()
    if gone.any():
        yield lambda rows: gone[rows]


def _levels(column: Column) -> Iterator[Shows]:
    if column.kind == "category":
        codes = np.where(column.gaps(), -1, column.values)
        yield from _each(codes, np.unique(codes[codes >= 0]))


def _extremes(column: Column) -> Iterator[Shows]:
    if column.kind in NUMERIC and column.kind != "bool":
        seen = column.values[~column.gaps()]
        if seen.size:
            yield from _each(column.values, np.array([seen.min(), seen.max()]))
