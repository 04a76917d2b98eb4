"""Answers as tables: CSV, Arrow streams and files, and Parquet, written piece by piece.

A classifier's answer is the column `prediction`, of its labels in their own type; so is a number. Several outputs are
`prediction_0`, `prediction_1` and so on, probabilities a column a class, named by its label. Both may stand side by
side. Where answers are any JSON, `prediction` is its text, and JSON itself in lines of JSON.
"""

import io
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv as pacsv

from triglot.errors import BadRequest
from triglot.tables.arrow import packed, shown, text
from triglot.tables.json_answers import is_json, parsed
from triglot.tables.labels import Labels
from triglot.tables.table import Array, Column

NAME = "prediction"
JSON_TEXT = {b"content": b"json"}  # of an Arrow field: that its text is JSON
GROUP_ROWS = 2**18
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
    """The columns of answers as Arrow arrays; `coded` text labels are a dictionary, NaN is missing.

    With `both` an answer has the codes of classes first and their probabilities behind. Raises `BadRequest` where a
    class has the name of the other column then. With `any_json` answers are texts of JSON.
    """

    def __init__(
        self, labels: Labels | None, *, proba: bool, coded: bool, both: bool = False, any_json: bool = False
    ) -> None:
        self._labels = labels
        self._proba = proba
        self._coded = coded
        self._both = both
        self.any_json = any_json
        self._classes = None if labels is None else _classes(labels)
        if both and labels is not None and NAME in labels.texts:
            raise BadRequest(f"a class is called {NAME!r}, as their column is; ask for classes and probabilities apart")

    def columns(self, answer: Array) -> list[tuple[str, Any]]:
        """Return names and arrays of the answer of a worker."""
        if is_json(answer):
            return [(NAME, pa.array(answer[:, 0], type=pa.string()))]
        if self._both and self._labels is not None:
            shares = zip(self._labels.texts, map(_numbers, answer.T[1:]), strict=True)
            return [(NAME, self._named(answer[:, 0].astype(np.int32))), *shares]
        if self._classes is None or self._proba:
            return list(zip(self._names(answer.shape[1]), map(_numbers, answer.T), strict=True))
        return [(NAME, self._named(answer[:, 0]))]

    def none(self) -> list[tuple[str, Any]]:
        """Return the columns of no answers."""
        if self.any_json:
            return self.columns(np.empty((0, 1), dtype=object))
        width = 1 if self._labels is None or not (self._proba or self._both) else len(self._labels.classes) + self._both
        kind = np.int32 if self._labels is not None and not self._proba else np.float64
        return self.columns(np.empty((0, width), dtype=kind))

    def listed(self, answer: Array) -> list[tuple[str, list[Any]]]:
        """Return names and plain values of the answer of a worker."""
        if is_json(answer):
            return [(NAME, parsed(answer))]
        return [(name, array.to_pylist()) for name, array in self.columns(answer)]

    def _named(self, values: Array) -> Any:
        """Return the classes of codes."""
        assert self._classes is not None
        codes = packed(values)
        if self._coded and pa.types.is_string(self._classes.type):
            return pa.DictionaryArray.from_arrays(codes, self._classes)
        return self._classes.take(codes)

    def _names(self, width: int) -> Sequence[str]:
        if self._proba and self._labels is not None:
            return self._labels.texts
        return [NAME] if width == 1 else [f"{NAME}_{place}" for place in range(width)]


def _classes(labels: Labels) -> Any:
    """Return the classes, in the type that they have."""
    texts = [each for each in labels.classes if isinstance(each, str)]
    return text(Column.strings(texts)) if len(texts) == len(labels.classes) else pa.array(list(labels.classes))


def _numbers(values: Array) -> Any:
    gone = np.isnan(values) if values.dtype.kind == "f" else None
    return packed(values, gone)


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
            if self._answers.any_json:
                self._schema = self._schema.set(len(columns) - 1, self._schema.field(-1).with_metadata(JSON_TEXT))
        arrays = [as_one(field.type, *column) for field, column in zip(self._schema, columns, strict=True)]
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


def as_one(kind: Any, name: str, arrays: list[Any]) -> Any:
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
            raise not_kept(field.name, array.type, kind) from None


def not_kept(name: str, kind: Any, form: str) -> BadRequest:
    """Return the error of a column that a format cannot hold."""
    return BadRequest(f"column {name!r} is of Arrow type {shown(kind)}, with values that {form} cannot hold")


class Batches(Protocol):
    """Writes record batches of one schema."""

    def write_batch(self, batch: Any, /) -> Any:
        """Write a batch."""
        ...

    def close(self) -> Any:
        """Write what belongs behind the last one."""
        ...


def batch_writer(kind: str, sink: Sink, schema: Any, *, header: bool = True) -> Batches:
    """Return the writer of a format; with `header` CSV has the names of its columns first.

    Raises `BadRequest` naming a column that the format cannot hold, here or as it is written.
    """
    if kind == "jsonl":
        return _Lines(sink)
    try:
        writer = _writer(kind, sink, schema, header=header)
    except pa.ArrowException:
        none = [column.combine_chunks() for column in schema.empty_table().columns]
        _blame(pa.RecordBatch.from_arrays(none, schema=schema), kind)
        raise
    return _RowGroups(writer) if kind == "parquet" else _Blaming(writer, kind)


class _Lines:
    """Writes an object a row and line."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write_batch(self, batch: Any, /) -> None:
        """Write the rows of a batch."""
        try:
            json = [field.name for field in batch.schema if field.metadata == JSON_TEXT]
            for row in batch.to_pylist():
                row |= {name: orjson.Fragment(row[name]) for name in json if row[name] is not None}
                self._sink.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE))
        except (pa.ArrowException, ValueError, OverflowError):
            _blame(batch, "jsonl")
            raise

    def close(self) -> None:
        """Do nothing: every line is whole."""


class _RowGroups:
    """Writes Parquet in row groups of a size that suits its readers, whatever size batches have."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self._waiting: list[Any] = []

    def write_batch(self, batch: Any, /) -> None:
        """Write a batch once there are enough of them."""
        self._waiting.append(batch)
        if sum(each.num_rows for each in self._waiting) >= GROUP_ROWS:
            self._write()

    def close(self) -> None:
        """Write what waits, and the end."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting)
            try:
                self._writer.write_table(table, row_group_size=max(1, table.num_rows))
            except (pa.ArrowException, OSError):
                _blame(self._waiting[0], "parquet")
                raise
            self._waiting = []


class _Blaming:
    """Writes batches as they come, and says which column it is that cannot be written."""

    def __init__(self, writer: Any, kind: str) -> None:
        self._writer = writer
        self._kind = kind

    def write_batch(self, batch: Any, /) -> None:
        """Write a batch."""
        try:
            self._writer.write_batch(batch)
        except (pa.ArrowException, OSError):
            _blame(batch, self._kind)
            raise

    def close(self) -> None:
        """Write the end."""
        self._writer.close()


def _writer(kind: str, sink: Sink, schema: Any, *, header: bool = True) -> Any:
    if kind == "arrows":
        return pa.ipc.new_stream(sink, schema)
    if kind == "arrow":
        return pa.ipc.new_file(sink, schema)
    if kind == "parquet":
        import pyarrow.parquet as pq

        return pq.ParquetWriter(sink, schema)
    return pacsv.CSVWriter(
        sink, schema, write_options=pacsv.WriteOptions(include_header=header, quoting_style="needed")
    )
