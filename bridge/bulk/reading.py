"""Text as record batches: CSV and JSON lines; a piece is in memory at a time.

A reader knows the names of its columns before its first row. What cannot be read raises `BadRequest`.
"""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv as pacsv

from triglot.bulk.cells import USUAL, Dialect
from triglot.bulk.envelope import CHUNK, Body
from triglot.errors import BadRequest

MOST_NAMES = 20
LONGEST_ROW = 4 * 2**20
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Reader:
    """Record batches, the names of their columns, and how it was written where values are text only because of that."""

    names: tuple[str, ...]
    batches: Iterator[Any]
    written: Dialect | None = None


def csv_text(body: Body, dialect: Dialect = USUAL) -> Reader:
    """Return the batches of CSV in UTF-8 with a header, quotes as RFC 4180 has them; all columns are text.

    A field without anything is missing, one of just two quotes is empty text. A column of names of rows that has no
    name itself, as R's `write.table` writes it, is called "".
    """
    blocks = _blocks(body)
    head = next(blocks, b"").removeprefix(_BOM)
    names, size = header(head, dialect)
    rest = head[size:] or next(blocks, b"")
    if head.startswith(b'"') and _names_rows(rest, len(names), dialect):
        names = ("", *names)
    return Reader(names, _csv_batches(names, rest, blocks, dialect), written=dialect)


def _names_rows(rest: bytes, width: int, dialect: Dialect) -> bool:
    """Return whether rows begin with a quoted name that the header has none for.

    A row with a comma too many at its end is as long, and no row of R's.
    """
    line = rest[: next(_row_ends(rest), len(rest))].decode("utf-8", "replace")
    if not line.startswith('"'):
        return False
    fields = next(csv.reader(io.StringIO(line, newline=""), delimiter=dialect.delimiter), [])
    return len(fields) == width + 1 and fields[-1] != ""


def header(block: bytes, dialect: Dialect) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns, and how many bytes they took."""
    if not block.strip():
        raise BadRequest("the body is empty; send CSV with a header")
    end = next((place for place in _row_ends(block)), len(block))
    try:
        line = block[:end].decode("utf-8")
        dialect.check_header(line)
        (names,) = csv.reader(io.StringIO(line, newline=""), strict=True, delimiter=dialect.delimiter)
    except UnicodeDecodeError:
        raise BadRequest("the CSV is not UTF-8; write it anew as UTF-8") from None
    except (csv.Error, ValueError):
        raise BadRequest(
            "the header of the CSV cannot be read; the first line must hold the names of the columns, and "
            f"{dialect.delimiter!r} between them"
        ) from None
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadRequest(f"the header of the CSV has a name twice: {', '.join(map(repr, twice[:MOST_NAMES]))}")
    return tuple(names), end


def _row_ends(block: bytes) -> Iterator[int]:
    """Yield where rows end, just behind their line ends; those within quotes end no row."""
    end = inside = 0
    while (end := block.find(b"\n", start := end) + 1) > 0:
        inside ^= block.count(b'"', start, end) & 1
        if not inside:
            yield end


def _blocks(body: Body) -> Iterator[bytes]:
    """Yield the body in blocks of whole rows."""
    left = b""
    while piece := body.read(CHUNK):
        if b"\0" in piece:
            gzipped = not left and piece.startswith(_GZIP)
            raise BadRequest(
                "the CSV is compressed by gzip; say Content-Encoding: gzip, or send it as it was before"
                if gzipped
                else "the CSV has a NUL byte; write it anew as UTF-8 text"
            )
        block = left + piece
        end = _last_row_end(block)
        if end == 0 and len(block) > LONGEST_ROW:
            raise BadRequest(
                f"a row of the CSV is longer than {LONGEST_ROW:,} bytes; a quote may be open, or line ends may be "
                "missing"
            )
        if end:
            yield block[:end]
        left = block[end:]
    if left:
        if left.count(b'"') % 2:
            raise BadRequest("the CSV ends within quotes; close them, or double a quote that is part of a value")
        yield left


def _last_row_end(block: bytes) -> int:
    """Return where the last whole row ends; a block begins with a row, so that quotes before its end are even."""
    end, quotes = len(block), block.count(b'"')
    while (start := block.rfind(b"\n", 0, end) + 1) > 0:
        quotes -= block.count(b'"', start, end)
        if quotes % 2 == 0:
            return start
        end = start - 1
    return 0


def _csv_batches(names: tuple[str, ...], rest: bytes, blocks: Iterator[bytes], dialect: Dialect) -> Iterator[Any]:
    convert = pacsv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    ragged: list[Any] = []

    def note(row: Any) -> str:
        ragged.append(row)
        return "error"

    # a column alone: an empty line is a missing value
    parse = pacsv.ParseOptions(
        delimiter=dialect.delimiter,
        newlines_in_values=True,
        ignore_empty_lines=len(names) > 1,
        invalid_row_handler=note,
    )
    first = 0
    for block in itertools.chain([rest] if rest else [], blocks):
        for batch in _parsed(block, names, convert, parse, ragged, first):
            first += batch.num_rows
            yield batch


def _parsed(block: bytes, names: tuple[str, ...], convert: Any, parse: Any, ragged: list[Any], first: int) -> list[Any]:
    read = pacsv.ReadOptions(column_names=names, use_threads=False, block_size=len(block) + 1)
    try:
        table = pacsv.read_csv(pa.BufferReader(block), read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        if not ragged:
            raise unreadable(f"CSV, from row {first} on,", error) from None
        row = ragged[-1]
        where = f"row {first + row.number - 1}" if row.number else f"a row behind row {first}"
        hint = "; if the first is a name of the row, leave it out (R: row.names = FALSE)"
        raise BadRequest(
            f"{where} of the CSV has {row.actual_columns} fields where the header has {row.expected_columns}"
            + (hint if row.actual_columns == row.expected_columns + 1 else "")
        ) from None
    batches: list[Any] = table.combine_chunks().to_batches()
    return batches


def json_lines(body: Body) -> Reader:
    """Return the batches of JSON lines: each an object of the same names; the first one's are the columns.

    A column is all text, all numbers or all booleans.
    """
    lines = _lines(body)
    first = next(lines, None)
    if first is None:
        raise BadRequest("there are no lines; write an object a line")
    names = tuple(first[0][1])
    return Reader(names, _json_batches(names, first, lines))


def _lines(body: Body) -> Iterator[list[tuple[int, Mapping[str, Any]]]]:
    """Yield lists of objects with their line numbers, counted from 1."""
    left, number = b"", 0
    while True:
        piece = body.read(CHUNK)
        *whole, left = (left + piece).split(b"\n") if piece else (left, b"")
        found: list[tuple[int, Mapping[str, Any]]] = []
        for line in whole:
            number += 1
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise BadRequest(f"line {number} is not JSON: {error}") from None
            if not isinstance(row, dict):
                raise BadRequest(f"line {number} must be an object")
            found.append((number, row))
        if found:
            yield found
        if not piece:
            return
        if len(left) > LONGEST_ROW:
            raise BadRequest(f"line {number + 1} is longer than {LONGEST_ROW:,} bytes")


def _json_batches(names: tuple[str, ...], first: Any, lines: Iterator[Any]) -> Iterator[Any]:
    known = set(names)
    rows = first
    while rows is not None:
        for number, row in rows:
            if row.keys() != known:
                other = ", ".join(map(repr, sorted(row.keys() ^ known)[:MOST_NAMES]))
                raise BadRequest(
                    f"line {number} has other names than the first line: {other}; what is missing must be null"
                )
        yield pa.RecordBatch.from_arrays(
            [_json_column(name, [(number, row[name]) for number, row in rows]) for name in names], list(names)
        )
        rows = next(lines, None)


def _json_column(name: str, values: list[tuple[int, Any]]) -> Any:
    plain = [value for _, value in values]
    kinds = set(map(type, plain)) - {type(None)}
    if kinds <= {int, float}:
        kinds = {float} if float in kinds else kinds
        plain = [value if value is None or int in kinds else float(value) for value in plain]
    if len(kinds) > 1 or kinds & {list, dict}:
        kind = next(type(value) for value in plain if value is not None)
        odd = {list, dict} | (kinds - {kind})
        number = next(number for number, value in zip((n for n, _ in values), plain, strict=True) if type(value) in odd)
        raise BadRequest(f"line {number}, field {name!r}: a column must be all text, all numbers or all booleans")
    try:
        return pa.array(plain)
    except (pa.ArrowException, OverflowError) as error:
        raise BadRequest(f"line {values[0][0]} and following, field {name!r}: {error}") from None


def unreadable(what: str, error: Exception) -> BadRequest:
    """Return the error of bytes that are not what they should be, with what Arrow says of them."""
    told = error.__cause__ or error.__context__ or error
    if isinstance(told, BadRequest):  # from `Messages`, which Arrow was reading
        return told
    said = str(error).partition(" Detail:")[0].strip() or type(error).__name__
    return BadRequest(f"the {what} cannot be read: {said}")
