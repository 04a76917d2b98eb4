"""How far what is asked is from what training looked like, column by column: the index that the field goes by, shares.

The population stability index of bins with the shares a (of what is asked) and e (of training) is

    PSI = sum of (a - e) * ln(a / e)

(N. Siddiqi, Credit Risk Scorecards, Wiley 2006): 0 where they are alike, and as a rule of thumb 0.1 where one looks,
0.2 where something has changed. So that a bin without rows has a logarithm, half a row is added to each bin of both,
which is Jeffreys' prior for shares; bins that neither has are left out. By chance alone, n rows asked and m of training
come to about (1/n + 1/m) times a chi-squared variable of one degree of freedom fewer than there are bins (B. Yurdakul,
Statistical Properties of Population Stability Index, Western Michigan University 2018): with ten bins and 500 rows of
each, to 0.09 once in a hundred times. That is why fewer rows are not compared.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from triglot.drift.bins import Bins, Counts

PSI: Final = 0.2  # from which on a column drifts
SHARE: Final = 0.1  # of rows with an unseen level, or with a value missing that training had, or the other way round
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far a column is from training: shares of rows, and the index of its values.

    `psi` is None for times, which go on by themselves, and where no value was there; `unseen` where training's levels
    are not all known.
    """

    name: str
    psi: float | None
    missing: float
    missing_in_training: float
    unseen: float | None

    @property
    def drifts(self) -> bool:
        """Whether it is so far from training that somebody should look."""
        return (
            (self.psi is not None and self.psi > PSI)
            or abs(self.missing - self.missing_in_training) > SHARE
            or (self.unseen is not None and self.unseen > SHARE)
        )


@dataclass(frozen=True, slots=True)
class Drift:
    """How far what a version was asked lately is from its training, and the rows looked at.

    `columns` is empty while these are too few.
    """

    rows: int
    columns: tuple[ColumnDrift, ...] = ()

    @property
    def ordered(self) -> list[ColumnDrift]:
        """The columns, those that drift first, and of these those that do so most."""
        return sorted(self.columns, key=lambda each: (not each.drifts, -(each.psi or 0.0)))


def psi(expected: Counts, asked: Counts) -> float:
    """Return the population stability index of two rows of counts, of the same bins."""
    there = (expected + asked) > 0
    e, a = expected[there] + _HALF, asked[there] + _HALF
    e, a = e / e.sum(), a / a.sum()
    return float(((a - e) * np.log(a / e)).sum())


def compared(bins: Bins, asked: Counts) -> ColumnDrift:
    """Return how far the counts of what was asked, of one row or more, are from training's.

    asked: as `Bins.counted` gives them.
    """
    expected, rows = bins.expected, int(asked.sum())
    values = int(asked[:-1].sum())
    comparable = bins.bins > 1 and values > 0
    tells_unseen = bins.levels is not None and bins.complete
    return ColumnDrift(
        bins.name,
        psi(expected[:-1], asked[:-1]) if comparable else None,
        int(asked[-1]) / rows,
        bins.missing / max(1, int(expected.sum())),
        int(asked[-2]) / rows if tells_unseen else None,
    )
