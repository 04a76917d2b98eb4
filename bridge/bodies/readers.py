"""Bodies as rows: the reader of each type, and what parameters of a type say of how it is written."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from triglot.bodies.limits import BodyLimits
from triglot.bodies.media import ARROW, ARROW_FILE, CSV, NDJSON
from triglot.bulk import columnar, reading
from triglot.bulk.cells import Dialect
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest

IN_MEMORY_BYTES = 8 * 2**20


@contextmanager
def reader_of(
    body: Body, kind: str, parameters: Mapping[str, str], limits: BodyLimits, wanted: frozenset[str] | None
) -> Iterator[reading.Reader]:
    """Hold the reader of a body of this type, with the parameters of the type; `wanted` are all columns that matter.

    Parquet and Arrow files are read from their ends, so all of it is there before.
    """
    if kind == ARROW:
        yield columnar.arrow_stream(body, limits.body_bytes)
    elif kind == CSV:
        yield reading.csv_text(body, _dialect(parameters))
    elif kind == NDJSON:
        yield reading.json_lines(body)
    else:
        with _anywhere(body) as file:
            if kind == ARROW_FILE:
                yield columnar.arrow_file_body(file, limits.body_bytes)
            else:
                yield columnar.parquet_body(file, limits.body_bytes, limits.bulk_rows, wanted)


@contextmanager
def _anywhere(body: Body) -> Iterator[Any]:
    """Hold a body as a file that can be read from any place: the one that it is in, or a copy."""
    if (file := body.file()) is not None:
        yield file
        return
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as copy:
        while piece := body.read():
            copy.write(piece)
        yield copy


def _dialect(parameters: Mapping[str, str]) -> Dialect:
    """Return how CSV is written by the parameters of its type; `%3B` stands for `;`, which only quotes can hold."""
    if parameters.get("header", "present") != "present":
        raise BadRequest("CSV must have a header; put the names of the columns into its first line")
    return Dialect.said(unquote(parameters.get("delimiter", ",")), unquote(parameters.get("decimal", ".")))
