"""Requests that cross together: small predictions that agree in all but their rows, joined into one message.

A message costs both sides the same whether it holds one row or fifty, so what an event loop has to send at one of its
turns goes as one. The worker answers a bundle by one call and by one message, or, where its parts must have calls of
their own, takes it apart.
"""

from collections.abc import Iterator, Sequence

import msgpack

from triglot.protocol.messages import Part, Reply, Request
from triglot.tables.table import Table

CELLS = 512  # above this many values copying a table costs as much as a message of its own


def fits(request: Request) -> bool:
    """Whether a request may share a message: a prediction for few rows that need not be answered alone."""
    if request.op not in ("predict", "predict_proba") or request.alone or len(request.tables) != 1:
        return False
    table = request.tables[0]
    return table.rows * len(table.names) <= CELLS


def likeness(request: Request) -> tuple[object, ...]:
    """Return what the requests of one call, and those of one bundle, have in common."""
    return (
        request.op,
        request.model,
        request.version,
        request.sha256,
        msgpack.packb(dict(request.params)) if request.params else b"",
        request.tables[0].signature(),
    )


def join(requests: Sequence[Request]) -> Request:
    """Return requests of one likeness as one; the first one's id is that of the message."""
    first = requests[0]
    if len(requests) == 1:
        return first
    tables = [request.tables[0] for request in requests]
    return Request(
        first.op,
        first.id,
        first.model,
        first.version,
        params=first.params,
        tables=(Table.concat(tables),),
        sha256=first.sha256,
        parts=tuple(Part(request.id, table.rows) for request, table in zip(requests, tables, strict=True)),
    )


def apart(request: Request) -> list[Request]:
    """Return the requests that share a message, each with its own rows and the message's time."""
    if not request.parts:
        return [request]
    table = request.tables[0]
    return [
        request._replace(id=part.id, tables=(table.slice(start, stop),), parts=())
        for part, (start, stop) in zip(request.parts, _spans_of(request.parts), strict=True)
    ]


def replies(reply: Reply) -> Iterator[Reply]:
    """Give the answers that share a message, each to the request of its id."""
    if not reply.parts:
        yield reply
        return
    table, spent = reply.tables[0], reply.spent
    for part, (start, stop) in zip(reply.parts, _spans_of(reply.parts), strict=True):
        yield Reply(part.id, (table.slice(start, stop),), output=reply.output, warnings=reply.warnings, spent=spent)
        if spent is not None and spent.rows:
            spent = spent._replace(rows=0)


def spans(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return where each request's rows start and stop among those of all of them."""
    out = []
    start = 0
    for count in rows:
        out.append((start, start + count))
        start += count
    return out


def _spans_of(parts: Sequence[Part]) -> list[tuple[int, int]]:
    return spans([part.rows for part in parts])
