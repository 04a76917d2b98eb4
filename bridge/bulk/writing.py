"""Answers as bytes: JSON, JSON lines, CSV, Arrow streams and Parquet, written piece by piece.

A classifier's answer is the column `prediction`, of its labels in their own type; so is a number. Several outputs are
`prediction_0`, `prediction_1` and so on, probabilities a column a class, named by its label.
"""

import io
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as pacsv

from triglot.errors import BadRequest
from triglot.tables.arrow import shown
from triglot.tables.labels import Labels, plain_answers
from triglot.tables.table import Array

NAME = "prediction"
Kept: TypeAlias = Sequence[tuple[str, list[Any]]]


class Sink(Protocol):
    """What bytes are written to."""

    def write(self, data: Any, /) -> Any:
        """Write bytes."""
        ...


class Writer(Protocol):
    """Writes the answers to the rows of a request, in order."""

    def write(self, answer: Array, kept: Kept = ()) -> None:
        """Write the answer to a piece, of one row a row, behind columns that are kept from the rows themselves."""
        ...

    def close(self) -> None:
        """Write what belongs behind the last answer."""
        ...


class Answers:
    """The columns of answers as Arrow arrays; `coded` text labels are a dictionary, NaN is missing."""

    def __init__(self, labels: Labels | None, *, proba: bool, coded: bool) -> None:
        self._labels = labels
        self._proba = proba
        self._coded = coded
        self._classes = None if labels is None else pa.array(list(labels.classes))

    def columns(self, answer: Array) -> list[tuple[str, Any]]:
        """Return names and arrays of the answer of a worker."""
        if self._classes is None or self._proba:
            return list(zip(self._names(answer.shape[1]), map(_numbers, answer.T), strict=True))
        codes = pa.array(np.ascontiguousarray(answer[:, 0]))
        if self._coded and pa.types.is_string(self._classes.type):
            return [(NAME, pa.DictionaryArray.from_arrays(codes, self._classes))]
        return [(NAME, self._classes.take(codes))]

    def none(self) -> list[tuple[str, Any]]:
        """Return the columns of no answers."""
        width = len(self._labels.classes) if self._labels is not None and self._proba else 1
        kind = np.int32 if self._labels is not None and not self._proba else np.float64
        return self.columns(np.empty((0, width), dtype=kind))

    def _names(self, width: int) -> Sequence[str]:
        if self._proba and self._labels is not None:
            return self._labels.texts
        return [NAME] if width == 1 else [f"{NAME}_{place}" for place in range(width)]


def _numbers(values: Array) -> Any:
    return pa.array(np.ascontiguousarray(values), from_pandas=True)


class Columns:
    """Writes answers by one of Arrow's own writers, which is made when the columns are known."""

    def __init__(self, sink: Sink, answers: Answers, kind: str) -> None:
        self._sink = sink
        self._answers = answers
        self._kind = kind
        self._writer: Any = None
        self._schema: Any = None

    def write(self, answer: Array, kept: Kept = ()) -> None:
        """Write a record batch, or lines of CSV."""
        self._batch([*kept, *((name, [array]) for name, array in self._answers.columns(answer))])

    def _batch(self, columns: Kept) -> Any:
        if self._schema is None:
            self._schema = pa.schema([(name, _lasting(arrays)) for name, arrays in columns])
        arrays = [_as(field.type, *column) for field, column in zip(self._schema, columns, strict=True)]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        try:
            self._writer = self._writer or _writer(self._kind, self._sink, self._schema)
            self._writer.write_batch(batch)
        except (pa.ArrowException, OSError):
            _blame(batch, self._kind)
            raise
        return self._writer

    def close(self) -> None:
        """Write the end; where nothing was answered, also what comes before answers."""
        (self._writer or self._batch([(name, [array]) for name, array in self._answers.none()])).close()


def _lasting(arrays: list[Any]) -> Any:
    """Return the type that a column has from its first values on; where all of these are missing it is text."""
    return next((array.type for array in arrays if not pa.types.is_null(array.type)), pa.string())


def _as(kind: Any, name: str, arrays: list[Any]) -> Any:
    """Return arrays as one of the column's type; raises `BadRequest` where it changes on the way."""
    try:
        return pa.concat_arrays([array if array.type == kind else array.cast(kind) for array in arrays])
    except (pa.ArrowException, ValueError):
        later = next(array.type for array in arrays if array.type != kind)
        raise BadRequest(f"column {name!r} is of type {kind} first and of {later} later; it cannot be kept") from None


def _blame(batch: Any, kind: str) -> None:
    """Raise `BadRequest` naming the column that cannot be written, if there is one that cannot even alone."""
    for field, array in zip(batch.schema, batch.columns, strict=True):
        alone = pa.RecordBatch.from_arrays([array], schema=pa.schema([field]))
        try:
            with _writer(kind, io.BytesIO(), alone.schema) as writer:
                writer.write_batch(alone)
        except (pa.ArrowException, OSError):
            raise _not_kept(field.name, array.type, kind) from None


def _not_kept(name: str, kind: Any, form: str) -> BadRequest:
    return BadRequest(f"column {name!r} is of Arrow type {shown(kind)}, with values that {form} cannot hold")


def _writer(kind: str, sink: Sink, schema: Any) -> Any:
    if kind == "arrows":
        return pa.ipc.new_stream(sink, schema)
    if kind == "arrow":
        return pa.ipc.new_file(sink, schema)
    if kind == "parquet":
        import pyarrow.parquet as pq

        return pq.ParquetWriter(sink, schema)
    return pacsv.CSVWriter(sink, schema, write_options=pacsv.WriteOptions(quoting_style="needed"))


class Json:
    """Writes the JSON that `/predict` answers: `head`, an object, and in it the list `result` of all answers."""

    def __init__(self, sink: Sink, labels: Labels | None, head: dict[str, Any], *, proba: bool) -> None:
        self._sink = sink
        self._labels = labels
        self._proba = proba
        self._separator = b""
        sink.write(orjson.dumps(head, option=orjson.OPT_SERIALIZE_NUMPY)[:-1] + b',"result":[')

    def write(self, answer: Array, kept: Kept = ()) -> None:
        """Write more of the list."""
        if len(answer):
            values = answer.tolist() if self._proba else plain_answers(answer, self._labels)
            self._sink.write(self._separator + orjson.dumps(values)[1:-1])
            self._separator = b","

    def close(self) -> None:
        """Write the end of the list and of the object."""
        self._sink.write(b"]}")


class JsonLines:
    """Writes an object a row, with the columns of the other formats."""

    def __init__(self, sink: Sink, answers: Answers) -> None:
        self._sink = sink
        self._answers = answers

    def write(self, answer: Array, kept: Kept = ()) -> None:
        """Write lines."""
        columns = [*kept, *((name, [array]) for name, array in self._answers.columns(answer))]
        names = [name for name, _ in columns]
        plain = [_values(name, arrays) for name, arrays in columns]
        for values in zip(*plain, strict=True):
            line = dict(zip(names, values, strict=True))
            self._sink.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Do nothing: every line is whole."""


def _values(name: str, arrays: list[Any]) -> list[Any]:
    try:
        return [value for array in arrays for value in array.to_pylist()]
    except (pa.ArrowException, ValueError, OverflowError):  # times that Python has no type for
        raise _not_kept(name, arrays[0].type, "jsonl") from None
