"""Counts of one column within the last while, in a few numbers that processes share; no clock and no file.

There are two halves of a window, each with the counts of its own time; the older one is begun anew when the other is
over. So what counts is what came within the last half of a window at least, and the whole one at most, and what an
ended process has counted ages out like all else.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from triglot.drift.bins import WIDTH, Counts
from triglot.tally.sums import Words

_MARK, _HALF, _COUNTS = 0, 1, 2
_PART: Final = _COUNTS + WIDTH
WORDS: Final = 2 * _PART
_NONE: Final = memoryview(bytes(8 * _PART)).cast("q")


def add(words: Words, mark: int, half: int, counts: Counts) -> None:
    """Add counts to those of a half of the window; `mark` says what they are of, and what was of another is forgotten.

    half: the number of the half since some moment.
    """
    at = half % 2 * _PART
    part = words[at : at + _PART]
    if (part[_MARK], part[_HALF]) != (mark, half):
        part[:] = _NONE
        part[_MARK], part[_HALF] = mark, half
    for place, count in enumerate(counts.tolist(), _COUNTS):
        if count:
            part[place] += count


def within(words: Words, mark: int, half: int, size: int) -> Counts:
    """Return the counts of the half that is now and of the one before it, as far as they are of `mark`."""
    found = np.zeros(size, dtype=np.int64)
    for at in (0, _PART):
        part: Sequence[int] = words[at : at + _PART].tolist()
        if part[_MARK] == mark and part[_HALF] in (half, half - 1):
            found += part[_COUNTS : _COUNTS + size]
    return found
