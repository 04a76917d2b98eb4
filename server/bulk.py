"""Bulk over HTTP: a body of any type in pieces, the answers of workers in its order, an answer of any type.

The status is sent when every row is answered: so it is true of all of them, and a caller who sends all before reading
anything never stands in the way of an answer. Until then answers lie in memory, and beyond some megabytes in a file.
"""

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import unquote

from flask import Request, Response

from triglot.bulk import flow, reading, writing
from triglot.bulk.cells import Dialect
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest, Overloaded
from triglot.server.limits import BodyLimits
from triglot.server.media import ARROW, CSV, JSON
from triglot.server.payload import JSON_TYPE
from triglot.serving.catalogue import Served
from triglot.serving.service import Question, Service, require_classes
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table

AT_A_TIME = 4  # in one process: each holds some of its memory and one of its threads
MOST_WORKERS = 4
IN_MEMORY_BYTES = 8 * 2**20
CHUNK = 2**18
READ_ON_BYTES = 2**26
CONTENT_TYPE = {JSON: JSON_TYPE, CSV: "text/csv; charset=utf-8; header=present", ARROW: ARROW}
TOGETHER = "; the answers of this model depend on the rows beside, so that all rows of a body are answered together"
_places = threading.BoundedSemaphore(AT_A_TIME)


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a version, within which limits, and what the answer says of itself."""

    service: Service
    question: Question
    metadata: Mapping[str, Any]
    limits: BodyLimits

    @property
    def served(self) -> Served:
        """The version that is asked."""
        return self.question.served

    def ask(self, table: Table) -> Array:
        """Return a worker's answer to one piece."""
        return self.service.ask(self.question, table)

    @property
    def in_flight(self) -> int:
        """How many pieces are in the hands of workers at a time."""
        pool = self.served.pool
        there = sum(worker.serves(pool) for worker in self.service.workers())
        return min(max(1, there), MOST_WORKERS) * flow.PER_WORKER


def answer_table(call: Call, table: Table, accept: str) -> Response:
    """Return the answer to a table, which is asked whole, as the type that is accepted."""
    with _answering(call, accept) as (writer, spool):
        if table.rows:
            writer.write(call.ask(table))
        writer.close()
        return _response(call, spool, accept)


def answer_body(call: Call, request: Request, kind: str, accept: str, schema: Schema, *, lenient: bool) -> Response:
    """Return the answer to a body of CSV or of an Arrow stream, as the type that is accepted.

    `schema` has the names that the body may use; with `lenient` other columns beside them are ignored.
    """
    with _answering(call, accept) as (writer, spool):
        body = _body(request, call)
        try:
            pace = flow.Pace(len(schema.names), whole=not call.served.batch)
            reader = _reader(call, body, kind, request.mimetype_params)
            pieces = _pieces(call, reader, schema, pace, lenient)
            for answer in flow.answers(pieces, call.ask, pace, call.in_flight):
                writer.write(answer)
        except BadRequest:
            body.skip(READ_ON_BYTES)  # many callers send all they have before they listen
            raise
        writer.close()
        return _response(call, spool, accept)


def _body(request: Request, call: Call) -> Body:
    """Return the body; that of a model whose rows are not parted may be no larger than one of JSON."""
    batch = call.served.batch
    limit = call.limits.bulk_bytes if batch else call.limits.body_bytes
    length = request.content_length
    if length is None and not request.environ.get("wsgi.input_terminated"):
        length = 0  # who sends no length and does not say where the end is sends nothing
    return Body(request.environ["wsgi.input"], limit, length, "" if batch else TOGETHER)


def _reader(call: Call, body: Body, kind: str, parameters: Mapping[str, str]) -> reading.Reader:
    if kind == ARROW:
        return reading.arrow_stream(body, call.limits.body_bytes)
    return reading.csv_text(body, _dialect(parameters))


def _dialect(parameters: Mapping[str, str]) -> Dialect:
    """Return how CSV is written by the parameters of its type; `%3B` stands for `;`, which only quotes can hold."""
    if parameters.get("header", "present") != "present":
        raise BadRequest("CSV must have a header; put the names of the columns into its first line")
    return Dialect.said(unquote(parameters.get("delimiter", ",")), unquote(parameters.get("decimal", ".")))


def _pieces(call: Call, reader: reading.Reader, schema: Schema, pace: flow.Pace, lenient: bool) -> Iterator[Table]:
    served = call.served
    tables = flow.tables(reader, schema, pace, call.limits.bulk_rows, lenient=lenient)
    for table in tables:
        yield table if schema is served.schema else table.renamed(served.schema.names)


@contextmanager
def _answering(call: Call, accept: str) -> Iterator[tuple[writing.Writer, IO[bytes]]]:
    """Hold a place among those who are answered, a writer and what it writes to, which is gone after an error."""
    require_classes(call.question)
    if not _places.acquire(blocking=False):
        raise Overloaded(f"{AT_A_TIME} large requests are being answered here; try again later")
    spool = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # the response closes it
    try:
        yield _writer(call, spool, accept), spool
    except BaseException:
        spool.close()
        raise
    finally:
        _places.release()


def _writer(call: Call, spool: Any, accept: str) -> writing.Writer:
    if accept == JSON:
        return writing.Json(spool, call.served.labels, {"metadata": call.metadata}, proba=call.question.proba)
    answers = writing.Answers(call.served.labels, proba=call.question.proba, coded=accept == ARROW)
    return writing.Columns(spool, answers, "arrows" if accept == ARROW else "csv")


def _response(call: Call, spool: IO[bytes], accept: str) -> Response:
    size = spool.tell()
    spool.seek(0)
    content = spool.read() if size <= CHUNK else None
    response = Response(_chunks(spool) if content is None else content, content_type=CONTENT_TYPE[accept])
    if content is None:
        response.call_on_close(spool.close)
        response.content_length = size  # so that whoever gets less knows
    else:
        spool.close()
    response.headers["X-Model-Version"] = str(call.served.version)
    return response


def _chunks(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while chunk := spool.read(CHUNK):
            yield chunk
