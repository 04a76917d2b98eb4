"""The scorer: Arrow batches in, answers out, in their order, by the workers of whatever process it finds itself in."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa

from triglot.artefact import load_key
from triglot.bulk import flow, plain, writing
from triglot.bulk.conforming import Conforming
from triglot.bulk.reading import Reader
from triglot.errors import BadRequest, EstimatorFailed, PoisonRequest, TriglotError
from triglot.manifest import Question
from triglot.protocol.batching import Limits
from triglot.scoring.bundle import Bundle
from triglot.scoring.executor import Answered, Executor, Staff, executor
from triglot.scoring.settling import Settled, settled
from triglot.scoring.source import Source, held
from triglot.tables.arrow import packed
from triglot.tables.table import Table

# What becomes of a row that cannot be answered: it ends all, it is left out and told of, or its answer is null.
BadRows: TypeAlias = Literal["refuse", "aside", "null"]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be answered: its number, why, of which field where that is known, and what is kept of it."""

    row: int
    reason: str
    field: str = ""
    kept: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"field {self.field!r}: {self.reason}" if self.field else self.reason


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The answers to some rows, as a batch; `rows` were read for it, and it was asked again `repeated` times."""

    batch: Any
    rows: int
    bad: tuple[BadRow, ...] = ()
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Scorer:
    """Answers rows by a version, wherever it is sent to: it can be pickled, and starts what it needs when it is used.

    Args:
        source: Where a process that executes gets the version.
        proba: Probabilities, a column a class, instead of classes.
        keep: Columns of the rows that are put before the answers, as they are.
        bad_rows: What becomes of rows that cannot be answered: "refuse" raises, "aside" leaves them out of `score` and
            tells of them in `scored`, "null" answers them with nothing.
        coded: Whether labels that are text come as Arrow's dictionary.
        lenient: Whether columns that the model does not know are ignored.
        workers: How many worker processes each process that executes has.
        key_file: Where such a process finds the signing key, if not in its environment.
        variables: What its workers have in their environment besides.
    """

    source: Source
    proba: bool = False
    keep: tuple[str, ...] = ()
    bad_rows: BadRows = "refuse"
    coded: bool = False
    lenient: bool = True
    workers: int = 1
    key_file: Path | None = None
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def version(self) -> Bundle:
        """Return the version, which this process fetches once; raises `ArtefactRefused` for one that is not signed."""
        return held(self.source, load_key(self.key_file, os.environ))

    def executor(self) -> Executor:
        """Return the workers of this process that answer, started when they are first wanted."""
        bundle = self.version()
        found = executor(Staff(bundle.artefact.card().language, self.workers, self.variables, self.key_file))
        found.expect(bundle)
        return found

    @property
    def whole(self) -> bool:
        """Whether answers depend on the rows beside, so that all rows are answered together."""
        return Limits.of(self.version().artefact.card().batch).alone

    def columns(self) -> tuple[str, ...]:
        """Return the columns that are needed: the model's, then those that are kept besides."""
        names = self.version().artefact.card().schema.names
        return (*names, *(name for name in self.keep if name not in names))

    def schema(self, given: Any) -> Any:
        """Return the Arrow schema of the answers to rows of this one; raises `BadRequest` where a column is missing."""
        self._conforming(given.names)
        kept = [pa.field(name, _kept_type(given.field(name))) for name in self.keep]
        told = writing.JSON_TEXT if self.answers().any_json else None
        return pa.schema([*kept, *(pa.field(name, array.type, metadata=told) for name, array in self._none())])

    def score(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the answers to record batches, as record batches in their order; they may be cut otherwise."""
        return (scored.batch for scored in self.outcomes(batches))

    def outcomes(self, batches: Iterable[Any]) -> Iterator[Scored]:
        """Yield the same with what became of the rows, which are numbered from 0 on."""
        batches = iter(batches)
        first = next(batches, None)
        if first is not None:
            reader = Reader(tuple(first.schema.names), chain([first], batches))
            yield from self.scored(reader, self.schema(first.schema))

    def begun(self, reader: Reader) -> tuple[Any, Reader]:
        """Return the schema of the answers to a reader's rows, by the first of them, and the reader of all of them.

        Raises `BadRequest` where a column is missing, or nothing can be read.
        """
        self._conforming(reader.names)
        first = next(reader.batches, None)
        if first is None:
            return self.schema(pa.schema([(name, pa.string()) for name in reader.names])), reader
        return self.schema(first.schema), replace(reader, batches=chain([first], reader.batches))

    def scored(self, reader: Reader, schema: Any, first: int = 0) -> Iterator[Scored]:
        """Yield the answers to the rows of a reader, in order, with what became of the others.

        `schema` is that of the answers; rows are numbered from `first` on. Raises `BadRequest` naming column and row
        where rows are refused.
        """
        conforming = self._conforming(reader.names, reader)
        work = _Work(self, self.version(), self.executor(), schema)
        pace = flow.Steady.of(len(self.columns()), whole=self.whole)
        sift = self.bad_rows != "refuse"
        pieces = flow.pieces(reader.batches, conforming, pace, first=first, sift=sift)
        return flow.answers(pieces, work.scored, pace, self.workers * flow.PER_WORKER)

    def _conforming(self, names: Sequence[str], reader: Reader | None = None) -> Conforming:
        written = None if reader is None else reader.written
        schema = self.version().artefact.card().schema
        return Conforming(names, schema, lenient=self.lenient, written=written, keep=self.keep)

    def answers(self) -> writing.Answers:
        """Return what makes columns of the worker's answers; raises `BadRequest` where there are no probabilities."""
        bundle = self.version()
        card = bundle.artefact.card()
        if self.proba and card.labels is None:
            raise BadRequest(f"model {bundle.model!r} is no classifier and has no probabilities")
        return writing.Answers(card.labels, proba=self.proba, coded=self.coded, any_json=card.any_answers)

    def _none(self) -> list[tuple[str, Any]]:
        card = self.version().artefact.card()
        if card.labels is None and card.golden is not None and not card.any_answers:
            return self.answers().columns(np.empty((0, card.golden.answers.shape[1])))
        return self.answers().none()


def _kept_type(field: Any) -> Any:
    """Return the type that a column has once it is kept."""
    kind = plain.decoded(pa.schema([field]).empty_table().column(0).combine_chunks()).type
    return pa.string() if pa.types.is_null(kind) else kind


class _Work:
    """What one process does for one scorer."""

    def __init__(self, scorer: Scorer, bundle: Bundle, workers: Executor, schema: Any) -> None:
        self._scorer = scorer
        self._bundle = bundle
        self._workers = workers
        self._schema = schema
        self._answers = scorer.answers()
        self._question: Question = "predict_proba" if scorer.proba else "predict"
        self._whole = scorer.whole

    def scored(self, piece: flow.Piece) -> Scored:
        """Return the answers to a piece, as the scorer wants them."""
        places = piece.places()

        def refuse(row: int, error: TriglotError) -> None:
            if self._scorer.bad_rows == "refuse":
                raise _of_row(error, piece.first + int(places[row]))

        found = settled(piece.table, self._ask, whole=self._whole, refuse=refuse) if piece.rows else Settled()
        bad = {row: (problem.message, problem.field) for row, problem in piece.wrong.items()}
        bad |= {int(places[row]): (reason, "") for row, reason in found.wrong.items()}
        good = np.delete(places, list(found.wrong)) if found.wrong else places
        kept = self._kept(piece)
        told = tuple(_bad_row(piece, kept, row, *bad[row]) for row in sorted(bad))
        return Scored(self._batch(piece, kept, found, good, bool(bad)), piece.all_rows, told, found.deaths)

    def _ask(self, table: Table, last_try: bool) -> Answered:
        return self._workers.ask(self._bundle, table, self._question, last_try=last_try)

    def _kept(self, piece: flow.Piece) -> list[Any]:
        fields = zip(self._schema, piece.kept, strict=False)
        return [writing.as_one(field.type, name, arrays) for field, (name, arrays) in fields]

    def _batch(self, piece: flow.Piece, kept: list[Any], found: Settled, good: Any, any_bad: bool) -> Any:
        values = found.answers()
        columns = self._scorer._none() if values is None else self._answers.columns(values)
        types = [field.type for field in list(self._schema)[len(kept) :]]
        answers = [writing.as_one(kind, *_listed(column)) for kind, column in zip(types, columns, strict=True)]
        if any_bad and self._scorer.bad_rows == "null":
            where = np.full(piece.all_rows, -1)
            where[good] = np.arange(len(good))
            indexes = packed(where, where < 0)
            answers = [array.take(indexes) for array in answers]
        elif any_bad:
            kept = [array.take(packed(good)) for array in kept]
        return pa.RecordBatch.from_arrays([*kept, *answers], schema=self._schema)


def _listed(column: tuple[str, Any]) -> tuple[str, list[Any]]:
    return column[0], [column[1]]


def _bad_row(piece: flow.Piece, kept: list[Any], row: int, reason: str, field: str) -> BadRow:
    return BadRow(piece.first + row, reason, field, tuple(array[row].as_py() for array in kept))


def _of_row(error: TriglotError, row: int) -> TriglotError:
    """Return the error of a row with its number."""
    if isinstance(error, EstimatorFailed):
        told = {key: value for key, value in error.details().items() if key != "error_code"}
        return EstimatorFailed(f"row {row}: {error}", **told, error_code=error.error_code)
    return PoisonRequest(f"row {row} ends whatever worker answers it")
