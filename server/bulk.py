"""Bulk over HTTP: a body of any type in pieces, the answers of workers in its order, an answer of any type.

The status is sent when every row is answered: so it is true of all of them, and a caller who sends all before reading
anything never stands in the way of an answer. Until then answers lie in memory, and beyond some megabytes in a file.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from flask import Request, Response

from triglot.bodies.limits import BodyLimits
from triglot.bodies.media import Form
from triglot.bulk import writing
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest
from triglot.server.writers import CONTENT_TYPE, writer_of
from triglot.serving.bulk import Call, place
from triglot.tables.labels import plain_answers
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table

IN_MEMORY_BYTES = 8 * 2**20
CHUNK = 2**18
READ_ON_BYTES = 2**26
WHOLE = "; rows that each say their scope are read whole: send those of one scope, and name it by ?scope="


def answer_table(call: Call, metadata: Mapping[str, Any], table: Table, form: Form) -> Response:
    """Return the answer to a table, which is asked whole, in the form that is wanted."""
    with _answering(call, metadata, form) as (writer, spool):
        if table.rows:
            writer.write(call.ask(table))
        writer.close()
        return _response(call, spool, form)


def answer_body(
    call: Call, metadata: Mapping[str, Any], request: Request, kind: str, form: Form, schema: Schema, *, lenient: bool
) -> Response:
    """Return the answer to a body of a type that is read in pieces, in the form that is wanted.

    `schema` has the names that the body may use; with `lenient` other columns beside them are ignored.
    """
    with _answering(call, metadata, form) as (writer, spool):
        for answer in _answers(call, request, kind, schema, lenient):
            writer.write(answer)
        writer.close()
        return _response(call, spool, form)


def values_of_body(call: Call, request: Request, kind: str) -> list[Any]:
    """Return the plain answers to a body, all at once; columns that the model does not know are ignored."""
    values: list[Any] = []
    with place():
        for answer in _answers(call, request, kind, call.served.schema, True):
            values += plain_answers(answer, call.served.labels)
    return values


def _answers(call: Call, request: Request, kind: str, schema: Schema, lenient: bool) -> Iterator[Array]:
    """Give the answers to the pieces of a body, in their order."""
    body = _body(request, call.most_bytes, call.why)
    try:
        yield from call.answers(body, kind, request.mimetype_params, schema, lenient=lenient)
    except BadRequest:
        body.skip(READ_ON_BYTES)  # many callers send all they have before they listen
        raise


@contextmanager
def body_whole(request: Request, limits: BodyLimits) -> Iterator[Body]:
    """Hold a body of which all is read before any is answered, and which may have no more than one of JSON."""
    body = _body(request, limits.body_bytes, WHOLE)
    try:
        yield body
    except BadRequest:
        body.skip(READ_ON_BYTES)
        raise


def _body(request: Request, most_bytes: int, why: str) -> Body:
    length = request.content_length
    if length is None and not request.environ.get("wsgi.input_terminated"):
        length = 0  # who sends no length and does not say where the end is sends nothing
    return Body(request.environ["wsgi.input"], most_bytes, length, why)


@contextmanager
def _answering(call: Call, metadata: Mapping[str, Any], form: Form) -> Iterator[tuple[writing.Writer, IO[bytes]]]:
    """Hold a place among those who are answered, a writer and what it writes to, which is gone after an error."""
    with place():
        spool = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # the response closes it
        try:
            both, proba = len(call.questions) > 1, call.questions[0].proba
            served = call.served
            yield (
                writer_of(form, spool, served.labels, metadata, proba=proba, both=both, any_json=served.any_answers),
                spool,
            )
        except BaseException:
            spool.close()
            raise


def _response(call: Call, spool: IO[bytes], form: Form) -> Response:
    size = spool.tell()
    spool.seek(0)
    content = spool.read() if size <= CHUNK else None
    response = Response(_chunks(spool) if content is None else content, content_type=CONTENT_TYPE[form.kind])
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
