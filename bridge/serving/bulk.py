"""Bulk: a body of any type that is read in pieces, and the answers of workers in its order."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from triglot.bodies.limits import BodyLimits
from triglot.bodies.readers import reader_of
from triglot.bulk import flow, reading
from triglot.bulk.envelope import Body
from triglot.errors import Overloaded
from triglot.serving.served import Served
from triglot.serving.service import Question, Service
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table

AT_A_TIME = 4  # in one process: each holds some of its memory and one of its threads
MOST_WORKERS = 4
TOGETHER = "; the answers of this model depend on the rows beside, so that all rows of a body are answered together"
_places = threading.BoundedSemaphore(AT_A_TIME)


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a version, and within which limits.

    Two questions are those for classes and for their probabilities.
    """

    service: Service
    questions: Sequence[Question]
    limits: BodyLimits

    @property
    def served(self) -> Served:
        """The version that is asked."""
        return self.questions[0].served

    @property
    def most_bytes(self) -> int:
        """The most that a body may have; where rows are not parted it is no more than one of JSON."""
        return self.limits.bulk_bytes if self.served.batch else self.limits.body_bytes

    @property
    def why(self) -> str:
        """What to say behind that bound."""
        return "" if self.served.batch else TOGETHER

    @property
    def in_flight(self) -> int:
        """How many pieces are in the hands of workers at a time."""
        pool = self.served.pool
        there = sum(worker.serves(pool) for worker in self.service.workers())
        return min(max(1, there), MOST_WORKERS) * flow.PER_WORKER

    def ask(self, table: Table) -> Array:
        """Return a worker's answer to one piece; to two questions beside each other, codes of classes first."""
        answers = [self.service.ask(question, table) for question in self.questions]
        return answers[0] if len(answers) == 1 else np.column_stack(answers)

    def answers(
        self, body: Body, kind: str, parameters: Mapping[str, str], schema: Schema, *, lenient: bool
    ) -> Iterator[Array]:
        """Give the answers to the pieces of a body of this type, in their order.

        `schema` has the names that the body may use; with `lenient` other columns beside them are ignored.
        """
        pace = flow.Pace(len(schema.names), whole=not self.served.batch)
        wanted = frozenset(schema.names) if lenient else None
        with reader_of(body, kind, parameters, self.limits, wanted) as reader:
            yield from flow.answers(self._pieces(reader, schema, pace, lenient), self.ask, pace, self.in_flight)

    def _pieces(self, reader: reading.Reader, schema: Schema, pace: flow.Pace, lenient: bool) -> Iterator[Table]:
        served = self.served
        for table in flow.tables(reader, schema, pace, self.limits.bulk_rows, lenient=lenient):
            yield table if schema is served.schema else table.renamed(served.schema.names)


@contextmanager
def place() -> Iterator[None]:
    """Hold a place among the large requests that are answered; raises `Overloaded` where all are taken."""
    if not _places.acquire(blocking=False):
        raise Overloaded(f"{AT_A_TIME} large requests are being answered here; try again later")
    try:
        yield
    finally:
        _places.release()
