"""Where rows of text end: a file of lines as ranges of bytes, each with the number of its first row."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from triglot.tables.table import Array

BLOCK: int = 2**22
_END, _QUOTE, _RETURN = 10, 34, 13


def ranges(
    path: Path, begin: int, size: int, *, quotes: bool = False, blank: bool = False
) -> Iterator[tuple[int, int, int]]:
    """Yield first byte, last byte and number of the first row of ranges of about so many bytes, from `begin` on.

    A range begins and ends with a row; with `quotes` an end of a line within quotes ends none. Lines without anything
    are rows only where they are said to be (`blank`).
    """
    start, first, rows = begin, 0, 0
    with path.open("rb") as file:
        file.seek(begin)
        for ends, numbers in _ends(file, begin, quotes, blank):
            while (place := int(np.searchsorted(ends, start + size))) < len(ends):
                yield start, int(ends[place]), first
                start, first = int(ends[place]), rows + int(numbers[place])
            rows += int(numbers[-1])
        last = file.tell()
    if last > start:
        yield start, last, first


def _ends(file: IO[bytes], place: int, quotes: bool, blank: bool) -> Iterator[tuple[Array, Array]]:
    """Yield of each block where its rows end, and how many of it have ended there."""
    inside, before = 0, place
    while block := file.read(BLOCK):
        if block.endswith(b"\r"):
            block += file.read(1)
        letters = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(letters == _END)
        if quotes:
            marks = np.flatnonzero(letters == _QUOTE)
            ends = ends[(np.searchsorted(marks, ends) + inside) % 2 == 0]
            inside += len(marks)
        if len(ends):
            counts = np.ones(len(ends), dtype=bool) if blank else _has_any(letters, ends, before - place)
            yield place + ends + 1, np.cumsum(counts)
            before = place + int(ends[-1]) + 1
        place += len(block)


def _has_any(letters: Array, ends: Array, start: int) -> Array:
    """Return which of the rows that end at these places have anything in them; the first begins at `start`."""
    lengths = np.diff(ends, prepend=start - 1) - 1
    returned = (lengths == 1) & (ends > 0) & (letters[ends - 1] == _RETURN)
    found: Array = (lengths > 0) & ~returned
    return found
