"""The flow of bulk: batches become tables of a size that takes a moment, workers answer them, order is kept.

A few are in flight at a time, so that no worker waits for the next, and never more, so that memory is bounded.
"""

import functools
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from triglot import this_process
from triglot.bulk.conforming import Conforming
from triglot.bulk.reading import Reader
from triglot.errors import TooLarge
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table

LEAST_ROWS, FIRST_ROWS, MOST_ROWS = 1_024, 8_192, 65_536
PIECE_BYTES = 8 * 2**20
MOMENT_S = 0.1  # so long others, who ask for a row, may have to wait behind a piece
PER_WORKER = 2  # one that is answered and one that waits
ASKERS = 64  # threads, of all requests together; there are only as many as were needed at a time

Ask = Callable[[Table], Array]
Kept = deque[list[tuple[str, list[Any]]]]


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
    return _tables(reader, conforming, pace, most_rows, kept)


def _tables(reader: Reader, conforming: Conforming, pace: Pace, most_rows: int, kept: Kept | None) -> Iterator[Table]:
    rows = held = 0
    parts: list[Table] = []
    beside: list[list[tuple[str, Any]]] = []
    for batch in reader.batches:
        if rows + batch.num_rows > most_rows:
            raise TooLarge(f"a request may have {most_rows:,} rows; send fewer at a time")
        if parts and held + batch.num_rows > pace.rows:
            yield _put_aside(parts, beside, kept)
            parts, beside, held = [], [], 0
        for start, piece in _cut(batch, pace):
            parts.append(conforming.table(piece, rows + start))
            beside.append(conforming.kept(piece))
            held += piece.num_rows
            if held >= pace.rows or piece.num_rows < batch.num_rows:
                yield _put_aside(parts, beside, kept)
                parts, beside, held = [], [], 0
        rows += batch.num_rows
    if parts:
        yield _put_aside(parts, beside, kept)


def _cut(batch: Any, pace: Pace) -> Iterator[tuple[int, Any]]:
    """Yield a batch, or where it has more rows than a piece may have, parts of like size; each with its first row.

    A piece is whole batches or part of one, so that columns which lie side by side are sent as they lie.
    """
    start = 0
    while (left := batch.num_rows - start) > 0:
        piece = batch.slice(start, math.ceil(left / math.ceil(left / pace.rows)))
        yield start, piece
        start += piece.num_rows


def _put_aside(parts: list[Table], beside: list[list[tuple[str, Any]]], kept: Kept | None) -> Table:
    """Return the parts as one table, and leave what is kept beside them where it is looked for."""
    if kept is not None:
        kept.append([(column[0][0], [array for _, array in column]) for column in zip(*beside, strict=True)])
    return joined(parts)


def joined(parts: list[Table]) -> Table:
    """Return the rows of tables of one schema, which may be matrices or not."""
    if len({part.is_matrix for part in parts}) > 1:
        parts = [Table(part.names, columns=part.columns) for part in parts]
    return Table.concat(parts)


def answers(pieces: Iterable[Table], ask: Ask, pace: Pace, in_flight: int) -> Iterator[Array]:
    """Yield the answer to each piece, in order, while others are on their way; the first error ends it."""

    def timed(piece: Table) -> Array:
        begin = time.perf_counter()
        answer = ask(piece)
        # half of it was waiting for the piece before
        pace.took(piece.rows, (time.perf_counter() - begin) / PER_WORKER)
        return answer

    waiting: deque[Future[Array]] = deque()
    pool = _askers(this_process.pid())
    try:
        for piece in pieces:
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
