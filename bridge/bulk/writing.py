"""Answers as bytes: JSON, JSON lines, CSV, Arrow streams and Parquet, written piece by piece.

A classifier's answer is the column `prediction`, of its labels in their own type; so is a number. Several outputs are
`prediction_0`, `prediction_1` and so on, probabilities a column a class, named by its label.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as pacsv

from triglot.labels import Labels, plain_answers
from triglot.table import Array

NAME = "prediction"


class Sink(Protocol):
    """What bytes are written to."""

    def write(self, data: Any, /) -> Any:
        """Write bytes."""
        ...


class Writer(Protocol):
    """Writes the answers to the rows of a request, in order."""

    def write(self, answer: Array, kept: Sequence[tuple[str, Any]] = ()) -> None:
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

    def write(self, answer: Array, kept: Sequence[tuple[str, Any]] = ()) -> None:
        """Write a record batch, or lines of CSV."""
        self._batch([*kept, *self._answers.columns(answer)])

    def _batch(self, columns: list[tuple[str, Any]]) -> Any:
        names, arrays = zip(*columns, strict=True)
        if self._writer is None:
            schema = pa.schema([(name, array.type) for name, array in columns])
            self._writer = _writer(self._kind, self._sink, schema)
        self._writer.write_batch(pa.RecordBatch.from_arrays(list(arrays), list(names)))
        return self._writer

    def close(self) -> None:
        """Write the end; where nothing was answered, also what comes before answers."""
        (self._writer or self._batch(self._answers.none())).close()


def _writer(kind: str, sink: Sink, schema: Any) -> Any:
    if kind == "arrow":
        return pa.ipc.new_stream(sink, schema)
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

    def write(self, answer: Array, kept: Sequence[tuple[str, Any]] = ()) -> None:
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

    def write(self, answer: Array, kept: Sequence[tuple[str, Any]] = ()) -> None:
        """Write lines."""
        names, arrays = zip(*kept, *self._answers.columns(answer), strict=True)
        for values in zip(*(array.to_pylist() for array in arrays), strict=True):
            line = dict(zip(names, values, strict=True))
            self._sink.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Do nothing: every line is whole."""
