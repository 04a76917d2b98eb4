"""Rows in files as parts: which files there are, where they can be parted, and the rows of a part."""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote

import pyarrow as pa

from triglot.bulk import columnar, files, reading
from triglot.bulk.cells import USUAL, Dialect
from triglot.bulk.envelope import CHUNK, Body
from triglot.bulk.reading import Reader
from triglot.errors import BadRequest
from triglot.scoring.parts import File, Part
from triglot.scoring.row_ends import ranges

ROWS_A_PART: Final = 1_000_000
BYTES_A_PART: Final = 2**27
_BOM: Final = b"\xef\xbb\xbf"
_NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"
_WHOLE: Final = re.compile(r"-?(0|[1-9]\d{0,17})")

# What is not beside the values of a row: the folders that its file is in.
Folders = tuple[tuple[str, Any], ...]


class Input(Protocol):
    """Rows that can be parted; it can be pickled."""

    def places(self) -> list[str]:
        """Return what the rows are in, in their order; raises `BadRequest` where there is nothing."""
        ...

    def mark(self, place: str) -> str:
        """Return what is another where a place has other rows."""
        ...

    def share(self, places: Sequence[str], partitions: int | None) -> int:
        """Return how large a part is where there shall be so many, in what the format counts."""
        ...

    def file(self, number: int, place: str, share: int) -> File:
        """Return a place with its parts; one that cannot be read is one part, which fails when it is its turn."""
        ...

    def reader(self, part: Part, wanted: Collection[str]) -> Reader:
        """Return the rows of a part; columns that are not `wanted` may be left out."""
        ...

    def folder(self, part: Part) -> Path:
        """Return the folder that a part is in, from where all are."""
        ...

    def described(self) -> dict[str, Any]:
        """Return what makes these other rows than others, as JSON and without secrets."""
        ...


@dataclass(frozen=True, slots=True)
class InFiles:
    """A file, or a folder of files of one format; folders within it may be called NAME=VALUE, which is a column then.

    With `whole` no file is parted.
    """

    root: Path
    kind: str
    dialect: Dialect = USUAL
    whole: bool = False

    @classmethod
    def of(cls, root: Path, said: str | None, dialect: Dialect, *, whole: bool) -> "InFiles":
        """Return what is there; raises `BadRequest` where that is nothing, or of several formats."""
        found = _files(root)
        if whole and (len(found) > 1 or found[0].stat().st_size > files.WHOLE_BYTES):
            raise BadRequest(
                "input: answers of this model depend on the rows beside: it takes one file of up to "
                f"{files.WHOLE_BYTES:,} bytes"
            )
        kinds = {files.format_of(path, said, "input") for path in found}
        if len(kinds) != 1:
            several = f"files of the formats {', '.join(sorted(kinds))}; move others elsewhere" if kinds else "no files"
            raise BadRequest(f"input: {str(root)!r} has {several}")
        return cls(root, kinds.pop(), dialect, whole)

    def places(self) -> list[str]:
        """Return the paths of the files, sorted."""
        return [str(path) for path in _files(self.root)]

    def mark(self, place: str) -> str:
        """Return size and time of change of a file."""
        with _told(place):
            found = Path(place).stat()
        return f"{found.st_size} bytes of {found.st_mtime_ns}"

    def share(self, places: Sequence[str], partitions: int | None) -> int:
        """Return how many rows a part has, or bytes where rows are text."""
        usual = ROWS_A_PART if self.kind in ("parquet", "arrow") else BYTES_A_PART
        return usual if partitions is None else max(1, math.ceil(sum(map(self._size, places)) / partitions))

    def file(self, number: int, place: str, share: int) -> File:
        """Return a file with its parts; one that cannot be read is one part, which fails when it is its turn."""
        mark = self.mark(place)
        try:
            bounds = list(self._bounds(Path(place), share)) or [(None, None, 0)]
        except BadRequest:
            bounds = [(None, None, 0)]
        folders = _folders(self.root, Path(place))
        parts = [
            Part((number, piece), place, self.kind, start, stop, first, folders)
            for piece, (start, stop, first) in enumerate(bounds)
        ]
        return File(number, place, mark, tuple(parts))

    def reader(self, part: Part, wanted: Collection[str]) -> Reader:
        """Return the rows of a part, and of all columns those that are wanted where that spares work."""
        found = self._reader(part, wanted)
        beside = [(name, value) for name, value in part.folders if name in wanted and name not in found.names]
        if not beside:
            return found
        names = (*found.names, *(name for name, _ in beside))
        return Reader(names, (_with(batch, beside) for batch in found.batches), found.written)

    def folder(self, part: Part) -> Path:
        """Return the folder of a part's file within the root."""
        return Path() if self.root.is_file() else Path(part.place).parent.relative_to(self.root)

    def described(self) -> dict[str, Any]:
        """Return what makes these other rows than others, as JSON."""
        dialect = f"{self.dialect.delimiter} {self.dialect.decimal}"
        return {"rows": str(self.root.absolute()), "input format": self.kind, "dialect of CSV": dialect}

    def _size(self, place: str) -> int:
        path = Path(place)
        if self.kind == "parquet":
            return _or_nothing(lambda: sum(columnar.parquet_rows(path)))
        if self.kind == "arrow" and not self._is_stream(path):
            return _or_nothing(lambda: sum(columnar.arrow_rows(path)))
        return path.stat().st_size

    def _bounds(self, path: Path, share: int) -> Iterator[tuple[Any, Any, int]]:
        if self.whole or self.kind == "arrows" or (self.kind == "arrow" and self._is_stream(path)):
            yield None, None, 0
        elif self.kind == "parquet":
            yield from _grouped(columnar.parquet_rows(path), share)
        elif self.kind == "arrow":
            yield from _grouped(columnar.arrow_rows(path), share)
        elif self.kind == "jsonl":
            yield from ranges(path, 0, share)
        else:
            names, begin = _header(path, self.dialect)
            yield from ranges(path, begin, share, quotes=True, blank=len(names) == 1)

    def _is_stream(self, path: Path) -> bool:
        with _told(str(path)), path.open("rb") as file:
            return not columnar.is_arrow_file(file)

    def _reader(self, part: Part, wanted: Collection[str]) -> Reader:
        path = Path(part.place)
        if self.kind == "parquet":
            return columnar.parquet(path, part.start or 0, part.stop, wanted)
        if self.kind in ("arrow", "arrows"):
            if self.kind == "arrow" and not self._is_stream(path):
                return columnar.arrow_file(path, part.start or 0, part.stop)
            return columnar.arrow_stream(Body(_Bytes(path, 0, None), 2**62), files.LARGEST_BATCH)
        if self.kind == "jsonl":
            return reading.json_lines(Body(_Bytes(path, part.start or 0, part.stop), 2**62))
        begin = 0 if part.start is None else _header(path, self.dialect)[1]
        return reading.csv_text(Body(_Bytes(path, part.start or 0, part.stop, head=begin), 2**62), self.dialect)


class _Bytes:
    """A range of a file, behind the first bytes of it; it is closed when nobody reads it any more."""

    def __init__(self, path: Path, start: int, stop: int | None, head: int = 0) -> None:
        with _told(str(path)):
            size = path.stat().st_size
            self._file = path.open("rb")
        self._ranges = [(0, head), (start, size if stop is None else stop)]

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""
        for place, (start, stop) in enumerate(self._ranges):
            if start < stop:
                self._file.seek(start)
                found = self._file.read(min(size, stop - start))
                self._ranges[place] = (start + len(found), stop) if found else (stop, stop)
                return found
        return b""

    def __del__(self) -> None:
        self._file.close()


def _header(path: Path, dialect: Dialect) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns of a file of CSV, and where its rows begin."""
    with _told(str(path)), path.open("rb") as file:
        block = file.read(CHUNK)
    mark = len(_BOM) if block.startswith(_BOM) else 0
    names, end = reading.header(block[mark:], dialect)
    return names, mark + end


def _grouped(rows: Sequence[int], share: int) -> Iterator[tuple[int, int, int]]:
    """Yield ranges of groups that have so many rows together, each with the number of its first row."""
    start = first = held = 0
    for place, more in enumerate(rows, start=1):
        held += more
        if held >= share or place == len(rows):
            yield start, place, first
            start, first, held = place, first + held, 0


def _files(root: Path) -> list[Path]:
    """Return the files, sorted; what begins with a dot or an underscore is none, as everywhere in this field."""
    with _told(str(root)):
        if root.stat() and not root.is_dir():
            return [root]
        found = (path for path in sorted(root.rglob("*")) if path.is_file())
        return [path for path in found if not any(part[0] in "._" for part in path.relative_to(root).parts)]


def _folders(root: Path, path: Path) -> Folders:
    """Return what the folders between say; a number is one."""
    parts = path.parent.relative_to(root).parts if root != path else ()
    said = [part.split("=", 1) for part in parts if "=" in part]
    return tuple((unquote(name), _value(unquote(text))) for name, text in said)


def _value(text: str) -> Any:
    if text == _NO_VALUE:
        return None
    return int(text) if _WHOLE.fullmatch(text) else text


def _with(batch: Any, beside: Sequence[tuple[str, Any]]) -> Any:
    for name, value in beside:
        kind = pa.int64() if isinstance(value, int) else pa.string()
        batch = batch.append_column(name, pa.repeat(pa.scalar(value, kind), batch.num_rows))
    return batch


def _or_nothing(count: Any) -> int:
    try:
        return int(count())
    except BadRequest:
        return 0


@contextmanager
def _told(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadRequest(f"{place!r} cannot be read: {error.strerror}") from None
