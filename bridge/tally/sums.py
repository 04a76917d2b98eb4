"""What the predictions of one version have come to: how many, how long, in calls of which size; no files, no clock.

A `Tally` adds to whole numbers in memory that others may read meanwhile, `Totals` are those numbers as a value. Times
are sums of nanoseconds.
"""

import itertools
import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from triglot.protocol.messages import Spent

# whole numbers of 64 bits, one after the other
Words: TypeAlias = "memoryview[int]"

SIZES = 64  # of calls are told apart; calls of further sizes are in the sums alone
# The upper bounds, in nanoseconds and rows, by which answers' times and calls' rows are counted; more is counted last.
DURATIONS_NS: Final = tuple(
    round(seconds * 1e9) for seconds in (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
)
ROWS_OF_CALLS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096, 16_384)

_LAST, _ROWS, _CALLS, _SUCCESS, _FAIL = 0, 1, 2, 3, 5
_TOLD, _QUEUE, _INPUT, _INFER, _OUTPUT, _BATCHES = range(7, 13)
_BATCH = 5  # its rows, how many such calls, and their three times
_DURATIONS: Final = _BATCHES + SIZES * _BATCH
_CALLS_BY_ROWS: Final = _DURATIONS + len(DURATIONS_NS) + 1
WORDS: Final = _CALLS_BY_ROWS + len(ROWS_OF_CALLS) + 1
_WORD = 8
_WRITE_SUMS: Final = struct.Struct(f"{_BATCHES}q").pack_into
_WRITE_BATCH: Final = struct.Struct(f"{_BATCH}q").pack_into


@dataclass(frozen=True, slots=True)
class Sum:
    """How often something took place, and how long all of it took."""

    count: int = 0
    ns: int = 0

    def plus(self, other: "Sum") -> "Sum":
        """Return the sum of both."""
        return Sum(self.count + other.count, self.ns + other.ns)


class Batch(NamedTuple):
    """Calls of one number of rows: each count is theirs."""

    input: Sum = Sum()
    infer: Sum = Sum()
    output: Sum = Sum()

    def plus(self, other: "Batch") -> "Batch":
        """Return the sums of both."""
        return Batch(*(one.plus(another) for one, another in zip(self, other, strict=True)))


class Totals(NamedTuple):
    """What the predictions of one version have come to.

    `last_ms` is when the last one was answered, in milliseconds since 1970. `rows` are those of good answers, `calls`
    the calls of the model for them, which many requests may share. `success` and `fail` are requests with the time from
    asking a worker to its answer; of the good ones `queue` is how long they waited in front of the worker, and `input`,
    `infer` and `output` are the times of the calls that they shared, for each of them in full. `batches` has each call
    once, by its rows. `durations` counts good answers by the bounds of `DURATIONS_NS`, `calls_by_rows` calls by those
    of `ROWS_OF_CALLS`: how many lie between a bound and the one before it, and at last above all of them.
    """

    last_ms: int = 0
    rows: int = 0
    calls: int = 0
    success: Sum = Sum()
    fail: Sum = Sum()
    queue: Sum = Sum()
    input: Sum = Sum()
    infer: Sum = Sum()
    output: Sum = Sum()
    batches: Mapping[int, Batch] = MappingProxyType({})
    durations: tuple[int, ...] = (0,) * (len(DURATIONS_NS) + 1)
    calls_by_rows: tuple[int, ...] = (0,) * (len(ROWS_OF_CALLS) + 1)

    @classmethod
    def of(cls, words: Words) -> "Totals":
        """Return what the numbers of a tally say now."""
        queue, made_native, infer, output = (Sum(words[_TOLD], ns) for ns in words[_QUEUE:_BATCHES])
        return cls(
            words[_LAST],
            words[_ROWS],
            words[_CALLS],
            success=Sum(*words[_SUCCESS:_FAIL]),
            fail=Sum(*words[_FAIL:_TOLD]),
            queue=queue,
            input=made_native,
            infer=infer,
            output=output,
            batches={words[at]: _batch(words, at) for at in sorted(_places(words), key=words.__getitem__)},
            durations=tuple(words[_DURATIONS:_CALLS_BY_ROWS]),
            calls_by_rows=tuple(words[_CALLS_BY_ROWS:WORDS]),
        )

    def plus(self, other: "Totals") -> "Totals":
        """Return what this and another one come to together."""
        sizes = sorted(self.batches.keys() | other.batches.keys())
        none = Batch()
        return Totals(
            max(self.last_ms, other.last_ms),
            self.rows + other.rows,
            self.calls + other.calls,
            self.success.plus(other.success),
            self.fail.plus(other.fail),
            self.queue.plus(other.queue),
            self.input.plus(other.input),
            self.infer.plus(other.infer),
            self.output.plus(other.output),
            {size: self.batches.get(size, none).plus(other.batches.get(size, none)) for size in sizes},
            added(self.durations, other.durations),
            added(self.calls_by_rows, other.calls_by_rows),
        )


class Pace(NamedTuple):
    """What of a tally tells how fast it goes: good answers with the nanoseconds for all, their rows and calls.

    `durations` counts the good answers as those of `Totals` do.
    """

    answered: int = 0
    ns: int = 0
    rows: int = 0
    calls: int = 0
    durations: tuple[int, ...] = (0,) * (len(DURATIONS_NS) + 1)

    @classmethod
    def of(cls, words: Words) -> "Pace":
        """Return what the numbers of a tally say now; much less work than all that they say."""
        durations = tuple(words[_DURATIONS:_CALLS_BY_ROWS])
        return cls(words[_SUCCESS], words[_SUCCESS + 1], words[_ROWS], words[_CALLS], durations)

    def plus(self, other: "Pace") -> "Pace":
        """Return the sums of both."""
        return Pace(
            self.answered + other.answered,
            self.ns + other.ns,
            self.rows + other.rows,
            self.calls + other.calls,
            added(self.durations, other.durations),
        )

    def since(self, earlier: "Pace") -> "Pace":
        """Return what has come since an earlier look at the same tallies."""
        return self.plus(Pace(-earlier.answered, -earlier.ns, -earlier.rows, -earlier.calls, _less(earlier.durations)))


class Tally:
    """Adds up the predictions of one version, for one caller at a time.

    The numbers are kept beside the memory and written to it together, which takes a third of adding to it one by one.
    """

    __slots__ = ("_batches", "_sums", "_words")

    def __init__(self, words: Words) -> None:
        self._words = words
        self._sums = list(words[:_BATCHES])
        self._batches = {words[at]: (at, list(words[at : at + _BATCH])) for at in _places(words)}

    def answered(self, rows: int, spent: Spent | None, ns: int, now_ms: int) -> None:
        """Add a good answer of so many rows; a worker that tells no times has made a call for it alone."""
        sums = self._sums
        sums[_LAST] = now_ms
        sums[_ROWS] += rows
        sums[_SUCCESS] += 1
        sums[_SUCCESS + 1] += ns
        self._words[_DURATIONS + bisect_left(DURATIONS_NS, ns)] += 1
        if spent is not None:
            sums[_TOLD] += 1
        self.called(spent)

    def called(self, spent: Spent | None) -> None:
        """Add what a call took for a request; by itself where it is a further one for a request that was counted."""
        sums = self._sums
        if spent is None:
            sums[_CALLS] += 1
        else:
            queue, made_native, infer, output, size = spent
            sums[_QUEUE] += queue
            sums[_INPUT] += made_native
            sums[_INFER] += infer
            sums[_OUTPUT] += output
            if size:
                sums[_CALLS] += 1
                self._count(size, made_native, infer, output)
        _WRITE_SUMS(self._words, 0, *sums)

    def failed(self, ns: int) -> None:
        """Add a request that has got no answer."""
        sums = self._sums
        sums[_FAIL] += 1
        sums[_FAIL + 1] += ns
        _WRITE_SUMS(self._words, 0, *sums)

    def _count(self, size: int, made_native: int, infer: int, output: int) -> None:
        """Add a call of so many rows to those of its size."""
        self._words[_CALLS_BY_ROWS + bisect_left(ROWS_OF_CALLS, size)] += 1
        batches = self._batches
        if size not in batches:
            if len(batches) == SIZES:
                return
            batches[size] = (_BATCHES + len(batches) * _BATCH, [size, 0, 0, 0, 0])
        at, sums = batches[size]
        sums[1] += 1
        sums[2] += made_native
        sums[3] += infer
        sums[4] += output
        _WRITE_BATCH(self._words, _WORD * at, *sums)


def _places(words: Words) -> Iterator[int]:
    """Give where the sizes of calls stand that there were."""
    return itertools.takewhile(words.__getitem__, range(_BATCHES, _DURATIONS, _BATCH))


def _less(counts: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-count for count in counts)


def added(one: tuple[int, ...], another: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sums of counts by the same bounds."""
    return tuple(map(sum, zip(one, another, strict=True)))


def _batch(words: Words, at: int) -> Batch:
    count, *times = words[at + 1 : at + _BATCH]
    return Batch(*(Sum(count, ns) for ns in times))
