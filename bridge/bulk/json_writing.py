"""Answers as JSON: the object that `/predict` answers, objects a row, lists a column, names and rows apart, lines."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

import numpy as np
import orjson
import pyarrow as pa

from triglot.bulk.writing import Answers, Kept, Sink, not_kept
from triglot.tables.labels import Labels, plain_answers
from triglot.tables.table import Array

IN_MEMORY_BYTES = 2**20
Listed = Callable[[Array], Sequence[tuple[str, list[Any]]]]


class Lists:
    """Writes an object of lists, one behind the other: `head`, which opens it, and what `listed` makes of an answer.

    All but the first list wait in memory, and beyond a megabyte in a file. `names` are those of the lists where nothing
    was answered.
    """

    def __init__(self, sink: Sink, head: bytes, listed: Listed, names: Sequence[str]) -> None:
        self._sink = sink
        self._listed = listed
        self._head = head
        self._names = names
        self._parts: list[Any] = []
        self._separator = b""

    def write(self, answer: Array, kept: Kept = ()) -> None:
        """Write more of each list."""
        lists = self._listed(answer)
        if not self._parts:
            self._begin([name for name, _ in lists])
        if len(answer):
            for part, (_, values) in zip(self._parts, lists, strict=True):
                part.write(self._separator + orjson.dumps(values)[1:-1])
            self._separator = b","

    def close(self) -> None:
        """Write the lists that wait, and the end of the object."""
        if not self._parts:
            self._begin(self._names)
        for name, part in zip(self._names[1:], self._parts[1:], strict=True):
            self._sink.write(b"]," + orjson.dumps(name) + b":[")
            part.seek(0)
            with part:
                shutil.copyfileobj(part, self._sink)
        self._sink.write(b"]}")

    def _begin(self, names: Sequence[str]) -> None:
        self._names = names
        self._sink.write(self._head + orjson.dumps(names[0]) + b":[")
        self._parts = [self._sink, *(_spool() for _ in names[1:])]


def _spool() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # the end of the lists closes it


def as_usual(sink: Sink, labels: Labels | None, head: dict[str, Any], *, proba: bool, both: bool = False) -> Lists:
    """Return the writer of what `/predict` answers: `head`, an object, and in it the list `result` of all answers.

    With `both` there is a list `probabilities` beside.
    """

    def listed(answer: Array) -> Sequence[tuple[str, list[Any]]]:
        if both:
            codes = answer[:, :1].astype(np.int32)
            return [("result", plain_answers(codes, labels)), ("probabilities", answer[:, 1:].tolist())]
        return [("result", plain_answers(answer, labels, proba=proba))]

    opening = orjson.dumps(head, option=orjson.OPT_SERIALIZE_NUMPY)[:-1] + b","
    return Lists(sink, opening, listed, ["result", "probabilities"] if both else ["result"])


def as_columns(sink: Sink, answers: Answers) -> Lists:
    """Return the writer of an object of lists, one a column."""
    return Lists(sink, b"{", answers.listed, [name for name, _ in answers.none()])


class Rows:
    """Writes a row after the other: objects in a list, or lists of values behind their names (`split`)."""

    def __init__(self, sink: Sink, answers: Answers, *, split: bool) -> None:
        self._sink = sink
        self._answers = answers
        self._split = split
        self._begun = False

    def write(self, answer: Array, kept: Kept = ()) -> None:
        """Write rows."""
        if len(answer):
            names, rows = _rows(self._answers, answer, kept)
            values = list(rows) if self._split else [dict(zip(names, row, strict=True)) for row in rows]
            self._sink.write((b"," if self._begun else self._head(names)) + orjson.dumps(values)[1:-1])
            self._begun = True

    def close(self) -> None:
        """Write the end; where nothing was answered, also what comes before answers."""
        head = b"" if self._begun else self._head([name for name, _ in self._answers.none()])
        self._sink.write(head + (b"]}" if self._split else b"]"))

    def _head(self, names: list[str]) -> bytes:
        return b'{"columns":' + orjson.dumps(names) + b',"data":[' if self._split else b"["


class Lines:
    """Writes an object a row and line, with the columns of the other formats."""

    def __init__(self, sink: Sink, answers: Answers) -> None:
        self._sink = sink
        self._answers = answers

    def write(self, answer: Array, kept: Kept = ()) -> None:
        """Write lines."""
        names, rows = _rows(self._answers, answer, kept)
        for row in rows:
            line = dict(zip(names, row, strict=True))
            self._sink.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Do nothing: every line is whole."""


def _rows(answers: Answers, answer: Array, kept: Kept) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Return the names of columns, kept ones first, and the rows of values."""
    columns = [*((name, _values(name, arrays)) for name, arrays in kept), *answers.listed(answer)]
    return [name for name, _ in columns], zip(*(values for _, values in columns), strict=True)


def _values(name: str, arrays: list[Any]) -> list[Any]:
    try:
        return [value for array in arrays for value in array.to_pylist()]
    except (pa.ArrowException, ValueError, OverflowError):  # times that Python has no type for
        raise not_kept(name, arrays[0].type, "jsonl") from None
