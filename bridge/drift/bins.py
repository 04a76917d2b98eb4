"""The bins of one column, and how many rows of a table lie in each: of training data and of what is asked alike.

Bins are made once, of training data, so that counts of them are exact, are of one size whatever is asked, and add up to
the counts of all. Rows without a value, and levels that training did not know, are counted for themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from triglot.tables.field import OTHER, UNSEEN, Field
from triglot.tables.table import NUMERIC, Column

Counts = NDArray[np.int64]

LEVELS: Final = 20  # that are told apart; the rest is one bin
PARTS: Final = 10  # that numbers are parted into, each as many of training's rows as another
WIDTH: Final = LEVELS + 3  # counts of a column, at most
_MOST: Final = 2**53  # rows, of which nobody has as many
_APART: Final = 2  # behind the bins: unseen levels, and missing values


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of a column, and training's rows in each.

    `edges` part numbers, each belonging to the bin below it; a column has `levels` instead where few values make it up,
    the last bin then being whatever is none of them. `complete` says that training had no other, so that what else is
    asked is unseen. `counts` has the bins' rows, and `missing` those without a value.
    """

    name: str
    edges: tuple[float, ...] | None
    levels: tuple[Any, ...] | None
    complete: bool
    counts: tuple[int, ...]
    missing: int
    _places: Mapping[Any, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {level: place for place, level in enumerate(self.levels or ())})

    @property
    def size(self) -> int:
        """How many counts a table comes to: of each bin, of unseen levels, of missing values."""
        return self.bins + _APART

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.levels if self.levels is not None else self.edges or ()) + 1

    @property
    def expected(self) -> Counts:
        """Training's rows, counted as those of a table are."""
        return np.array([*self.counts, 0, self.missing], dtype=np.int64)

    def fits(self, known: Field) -> bool:
        """Whether values of a field can be told apart by these bins."""
        if self.edges:
            return known.kind in NUMERIC
        return all(isinstance(level, str) == (known.kind not in NUMERIC) for level in self.levels or ())

    def counted(self, column: Column, known: Field) -> Counts:
        """Return how many rows of a column lie in each bin, how many levels are unseen, how many values missing.

        known: the field of the model's schema that the column is one of.
        """
        gone = column.gaps()
        if column.kind == "category":
            unseen = gone & (column.values == UNSEEN)
            places = self._by_level(known)[np.where(gone, -1, column.values)]
        else:
            unseen = np.zeros(len(column), dtype=bool)
            places = self._by_value(column)
        places = np.where(gone & ~unseen, self.bins + 1, np.where(unseen, self.bins, places))
        return np.bincount(places, minlength=self.size).astype(np.int64, copy=False)

    def _by_level(self, known: Field) -> NDArray[np.int64]:
        """Return the bin of each of a category's codes; what stands in for unseen levels is one of them."""
        found = [self._places.get(level, self.bins - 1) for level in known.levels]
        if known.unseen == "other" and OTHER not in self._places:
            found[known.levels.index(OTHER)] = self.bins
        return np.array([*found, 0], dtype=np.int64)  # the last is that of code -1, which is missing

    def _by_value(self, column: Column) -> NDArray[np.int64]:
        beyond = self.bins if self.complete else self.bins - 1
        if column.kind == "string":
            return np.array([self._places.get(value, beyond) for value in column.values.tolist()], dtype=np.int64)
        if column.kind not in NUMERIC:  # times go on by themselves
            return np.zeros(len(column), dtype=np.int64)
        if self.levels is None:
            return np.searchsorted(np.array(self.edges or ()), column.values)
        levels = np.array(self.levels)
        places = np.minimum(np.searchsorted(levels, column.values), len(levels) - 1)
        return np.where(levels[places] == column.values, places, beyond)

    def to_json(self) -> dict[str, Any]:
        """Return the bins as JSON values."""
        made: dict[str, Any] = {"name": self.name, "counts": list(self.counts), "missing": self.missing}
        if self.levels is None:
            return made | {"edges": list(self.edges or ())}
        return made | {"levels": list(self.levels), **({"complete": True} if self.complete else {})}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Return the bins that `to_json` gave; raises `ValueError` for anything else."""
        try:
            edges, levels = said.get("edges"), said.get("levels")
            counts = tuple(map(int, said["counts"]))
            made = cls(
                str(said["name"]),
                None if edges is None else tuple(map(float, edges)),
                None if levels is None else tuple(levels),
                bool(said.get("complete", False)),
                counts,
                int(said["missing"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"a column of a profile cannot be read: {error}") from None
        fitting = len(counts) == made.bins and made.size <= WIDTH and 0 <= min(counts) <= max(counts) < _MOST
        if (edges is None) == (levels is None) or not fitting or not 0 <= made.missing < _MOST:
            raise ValueError(f"column {made.name!r} of a profile has no bins")
        return made


def parted(name: str, values: NDArray[Any], missing: int) -> Bins:
    """Return the bins of numbers of which none is missing, between their quantiles."""
    ordered = np.sort(values)
    chosen = ordered[len(ordered) * np.arange(1, PARTS) // PARTS] if len(ordered) else ordered
    edges = sorted({float(f"{value:.6g}") for value in chosen.tolist() if np.isfinite(value)})
    places = np.searchsorted(np.array(edges), values)
    counts = np.bincount(places, minlength=len(edges) + 1)
    return Bins(name, tuple(edges), None, False, tuple(counts.tolist()), missing)


def levelled(name: str, counts: Sequence[tuple[Any, int]], rest: int, missing: int, *, complete: bool) -> Bins:
    """Return the bins of levels with their rows; `rest` are the rows of all others."""
    levels = tuple(level for level, _ in counts)
    return Bins(name, None, levels, complete, (*(rows for _, rows in counts), rest), missing)
