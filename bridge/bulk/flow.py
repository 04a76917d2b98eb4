"""The flow of bulk: batches become tables of a size that takes a moment, workers answer them, order is kept.

A few are in flight at a time, so that no worker waits for the next, and never more, so that memory is bounded.
"""

import functools
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from triglot import this_process
from triglot.bulk.conforming import Conforming
from triglot.bulk.reading import Reader
from triglot.errors import Problem, TooLarge
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table

LEAST_ROWS, FIRST_ROWS, MOST_ROWS = 1_024, 8_192, 65_536
PIECE_BYTES = 8 * 2**20
MOMENT_S = 0.1  # so long others, who ask for a row, may have to wait behind a piece
PER_WORKER = 2  # one that is answered and one that waits
ASKERS = 64  # threads, of all requests together; there are only as many as were needed at a time

P = TypeVar("P", bound="HasRows")
A = TypeVar("A")
Kept = deque[list[tuple[str, list[Any]]]]


class HasRows(Protocol):
    """What can be answered."""

    @property
    def rows(self) -> int:
        """How many rows are to be answered."""
        ...


class Pace:
    """How many rows a piece may have, so that a worker is busy with it for a moment; safe under threads.

    With `whole` all rows are one piece, for models whose answers depend on the rows beside.
    """

    def __init__(self, columns: int, *, whole: bool = False) -> None:
        self._most = max(1, min(MOST_ROWS, PIECE_BYTES // (8 * max(1, columns))))
        self._rows = sys.maxsize if whole else min(FIRST_ROWS, self._most)
        self._lock = threading.Lock()

    @property
    def rows(self) -> int:
        """The rows of the next piece."""
        return self._rows

    def took(self, rows: int, seconds: float) -> None:
        """Learn from a piece that was answered."""
        fitting = int(rows * MOMENT_S / max(seconds, 1e-6))
        with self._lock:
            wanted = min(max(fitting, self._rows // 4), self._rows * 4)
            self._rows = max(min(LEAST_ROWS, self._most), min(wanted, self._most))


@dataclass(frozen=True, slots=True)
class Steady:
    """How many rows each piece has, whatever one takes: the same input is always cut alike."""

    rows: int

    @classmethod
    def of(cls, columns: int, *, whole: bool = False) -> "Steady":
        """Return the rows of pieces of so many columns; with `whole` all rows are one piece."""
        return cls(sys.maxsize if whole else max(1, min(MOST_ROWS, PIECE_BYTES // (8 * max(1, columns)))))

    def took(self, rows: int, seconds: float) -> None:
        """Learn nothing."""


def tables(
    reader: Reader,
    schema: Schema,
    pace: Pace,
    most_rows: int,
    *,
    lenient: bool = False,
    keep: Sequence[str] = (),
    kept: Kept | None = None,
) -> Iterator[Table]:
    """Return the rows of a reader as tables that fit a model; small batches are joined.

    The columns to `keep` are appended to `kept`, a list of names and arrays a table. Raises `BadRequest` naming columns
    and rows, counted from 0, and `TooLarge` for more rows than there may be.
    """
    conforming = Conforming(reader.names, schema, lenient=lenient, written=reader.written, keep=keep)
    return _tables(pieces(bounded(reader.batches, most_rows), conforming, pace), kept)


def bounded(batches: Iterable[Any], most_rows: int) -> Iterator[Any]:
    """Yield batches; raises `TooLarge` once they have more rows than there may be."""
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        if rows > most_rows:
            raise TooLarge(f"a request may have {most_rows:,} rows; send fewer at a time")
        yield batch


def _tables(found: Iterable["Piece"], kept: Kept | None) -> Iterator[Table]:
    for piece in found:
        if kept is not None:
            kept.append(piece.kept)
        yield piece.table


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Rows that one call answers: those of a table, what is kept beside all of them, and what is wrong with others.

    `first` is the number of the first of them, of `all_rows`.
    """

    table: Table
    kept: list[tuple[str, list[Any]]]
    first: int
    all_rows: int
    wrong: Mapping[int, Problem] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows are to be answered."""
        return self.table.rows

    def places(self) -> Array:
        """Return where the rows of the table are among all of the piece."""
        if not self.wrong:
            return np.arange(self.all_rows)
        return np.setdiff1d(np.arange(self.all_rows), np.fromiter(self.wrong, np.int64, len(self.wrong)))


def pieces(
    batches: Iterable[Any], conforming: Conforming, pace: Pace | Steady, *, first: int = 0, sift: bool = False
) -> Iterator[Piece]:
    """Yield batches as pieces of a table each; small ones are joined, large ones cut; `first` numbers the first row.

    Raises `BadRequest` for rows that do not fit, or puts them aside where they are to be sifted.
    """
    rows, held = first, 0
    parts: list[Piece] = []
    for batch in batches:
        if parts and held + batch.num_rows > pace.rows:
            yield _one(parts)
            parts, held = [], 0
        for start, cut in _cut(batch, pace):
            parts.append(_piece(conforming, cut, rows + start, sift))
            held += cut.num_rows
            if held >= pace.rows or cut.num_rows < batch.num_rows:
                yield _one(parts)
                parts, held = [], 0
        rows += batch.num_rows
    if parts:
        yield _one(parts)


def _piece(conforming: Conforming, batch: Any, first: int, sift: bool) -> Piece:
    table, wrong = conforming.sifted(batch) if sift else (conforming.table(batch, first), {})
    kept = [(name, [array]) for name, array in conforming.kept(batch)]
    return Piece(table, kept, first, batch.num_rows, wrong)


def _one(parts: list[Piece]) -> Piece:
    """Return parts that follow each other as one piece."""
    first = parts[0]
    if len(parts) == 1:
        return first
    kept = [(column[0][0], [array for _, (array,) in column]) for column in zip(*(p.kept for p in parts), strict=True)]
    wrong = {part.first - first.first + row: problem for part in parts for row, problem in part.wrong.items()}
    all_rows = sum(part.all_rows for part in parts)
    return Piece(joined([part.table for part in parts]), kept, first.first, all_rows, wrong)


def _cut(batch: Any, pace: Pace | Steady) -> Iterator[tuple[int, Any]]:
    """Yield a batch, or where it has more rows than a piece may have, parts of like size; each with its first row.

    A piece is whole batches or part of one, so that columns which lie side by side are sent as they lie.
    """
    start = 0
    while (left := batch.num_rows - start) > 0:
        piece = batch.slice(start, math.ceil(left / math.ceil(left / pace.rows)))
        yield start, piece
        start += piece.num_rows


def joined(parts: list[Table]) -> Table:
    """Return the rows of tables of one schema, which may be matrices or not."""
    if len({part.is_matrix for part in parts}) > 1:
        parts = [Table(part.names, columns=part.columns) for part in parts]
    return Table.concat(parts)


def answers(found: Iterable[P], ask: Callable[[P], A], pace: Pace | Steady, in_flight: int) -> Iterator[A]:
    """Yield the answer to each piece, in order, while others are on their way; the first error ends it."""

    def timed(piece: P) -> A:
        begin = time.perf_counter()
        answer = ask(piece)
        # half of it was waiting for the piece before
        pace.took(piece.rows, (time.perf_counter() - begin) / PER_WORKER)
        return answer

    waiting: deque[Future[A]] = deque()
    pool = _askers(this_process.pid())
    try:
        for piece in found:
            waiting.append(pool.submit(timed, piece))
            if len(waiting) >= in_flight:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for answer in waiting:
            answer.cancel()


@functools.cache
def _askers(pid: int) -> ThreadPoolExecutor:
    """Return the threads of this process that ask; they stay, because each has its own connections to workers."""
    return ThreadPoolExecutor(ASKERS, thread_name_prefix="triglot-bulk")
