"""Files of rows, files of answers: which format a name stands for, and a file that is there only when it is whole."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from triglot.bulk import columnar, json_writing, reading, writing
from triglot.bulk.cells import USUAL, Dialect
from triglot.bulk.envelope import Body
from triglot.errors import BadRequest, TooLarge
from triglot.tables.labels import Labels

FORMATS = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrows": "arrows",
    ".arrow": "arrow",
    ".feather": "arrow",
}
NAMES = tuple(dict.fromkeys(FORMATS.values()))
PIPES = ("csv", "jsonl", "arrows")  # the others are read from their end
PIPE = Path("-")
LARGEST_BATCH = 2**30
WHOLE_BYTES = 2**28  # of a file whose rows are not parted


@dataclass(frozen=True, slots=True)
class Rows:
    """A reader, and how much is done when so many rows are, of how much; nobody knows how much a pipe has."""

    reader: reading.Reader
    done: Callable[[int], int]
    total: int | None


def format_of(path: Path, said: str | None, what: str) -> str:
    """Return the format of a file: the one said, else that of its name; raises `BadRequest` where neither tells."""
    found = said or FORMATS.get(path.suffix.lower())
    if found is None:
        raise BadRequest(f"{what}: {str(path)!r} has none of the endings {', '.join(FORMATS)}; say --{what}-format")
    if path == PIPE and found not in PIPES:
        raise BadRequest(f"{what}: {found} cannot go through a pipe; take {', '.join(PIPES)}")
    return found


@contextlib.contextmanager
def opened(path: Path, kind: str, *, whole: bool, dialect: Dialect = USUAL) -> Iterator[Rows]:
    """Hold the rows of a file, or of standard input where it is `-`; with `whole` it may not be large.

    `dialect` is that of CSV. Raises `BadRequest` where it cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        try:
            source: IO[bytes] = sys.stdin.buffer if path == PIPE else stack.enter_context(path.open("rb"))
            size = None if path == PIPE else path.stat().st_size
        except OSError as error:
            raise BadRequest(f"{str(path)!r} cannot be read: {error.strerror}") from None
        limit = WHOLE_BYTES if whole else sys.maxsize
        why = "; the answers of this model depend on the rows beside, so that all rows are answered together"
        if kind in ("parquet", "arrow") and whole and size is not None and size > limit:
            raise TooLarge(f"{str(path)!r} may have {limit:,} bytes{why}")
        if kind == "parquet":
            yield Rows(columnar.parquet(path), lambda answered: answered, sum(columnar.parquet_rows(path)))
        elif kind == "arrow" and columnar.is_arrow_file(source):
            yield Rows(columnar.arrow_file(path), lambda answered: answered, None)
        else:
            body = Body(source, limit, why=why)
            if kind in ("arrow", "arrows"):
                reader = columnar.arrow_stream(body, LARGEST_BATCH)
            else:
                reader = reading.csv_text(body, dialect) if kind == "csv" else reading.json_lines(body)
            yield Rows(reader, lambda _: body.taken, size)


@contextlib.contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Hold what becomes the file when the block ends well, and is gone otherwise; `-` is standard output."""
    if path == PIPE:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise BadRequest(f"{str(path)!r} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def writer(kind: str, sink: Any, labels: Labels | None, *, proba: bool) -> writing.Writer:
    """Return the writer of a format."""
    answers = writing.Answers(labels, proba=proba, coded=kind in ("arrow", "arrows"))
    if kind == "jsonl":
        return json_writing.Lines(sink, answers)
    return writing.Columns(sink, answers, kind)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
