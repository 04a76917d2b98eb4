"""The files of a run: which scopes there are, which have failed and why, and which run is not over yet."""

import csv
import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from triglot.errors import ConfigError
from triglot.scope_names import model_of
from triglot.scopes.loading import Values, said
from triglot.scoring.held import held

REASON: Final = "why it failed"  # the column of failed scopes that is none of a scope's
_FAILED: Final = ".failed"
_SHOWN: Final = 60  # characters of a name that is none
_ELSEWHERE: Final = "run the command in a folder that you may write to"


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes of one file, in its order; each is the values of the file's columns."""

    path: Path
    columns: tuple[str, ...]
    rows: Sequence[Values]
    sha256: str


def read(path: Path, family: str) -> Scopes:
    """Return the scopes of a file; raises `ConfigError`, which names file, line and remedy, for one that cannot be."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"scopes {str(path)!r}: cannot be read: {error.strerror}; give a CSV file in UTF-8") from None
    (_, header), *rest = _lines(path, content) or [(1, [])]
    columns = tuple(name for name in header if name != REASON)
    _check_columns(path, columns)
    rows = [(number, _row(path, number, header, line)) for number, line in rest]
    _check_rows(path, family, rows)
    return Scopes(path, columns, [values for _, values in rows], hashlib.sha256(content).hexdigest())


def _lines(path: Path, content: bytes) -> list[tuple[int, list[str]]]:
    """Return the lines of CSV that have anything, each with its number."""
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        return [(reader.line_num, line) for line in reader if any(map(str.strip, line))]
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"scopes {str(path)!r}: line {number} is no UTF-8; give a CSV file in UTF-8") from None
    except csv.Error as error:
        raise ConfigError(
            f"scopes {str(path)!r}: line {reader.line_num} cannot be read: {error}; give a CSV file in UTF-8"
        ) from None


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    example = "write a first line such as store,product"
    if not columns:
        raise ConfigError(f"scopes {str(path)!r}: there is no header; {example}")
    for name in columns:
        if not name.isidentifier():
            raise ConfigError(
                f"scopes {str(path)!r}: {name[:_SHOWN]!r} cannot name a column, as the dataset loader gets the values "
                f"by their names; {example}"
            )
        if columns.count(name) > 1:
            raise ConfigError(f"scopes {str(path)!r}: a column is there twice: {name}; take one of them out")


def _row(path: Path, number: int, header: Sequence[str], line: Sequence[str]) -> Values:
    if len(line) != len(header):
        values = "1 value" if len(line) == 1 else f"{len(line)} values"
        names = "1 name" if len(header) == 1 else f"{len(header)} names"
        which = f"there is none for {header[len(line)]}" if len(line) < len(header) else "there is no name for the last"
        raise ConfigError(f"scopes {str(path)!r}: line {number} has {values}, and the header {names}; {which}")
    return {name: value for name, value in zip(header, line, strict=True) if name != REASON}


def _check_rows(path: Path, family: str, rows: Sequence[tuple[int, Values]]) -> None:
    if not rows:
        raise ConfigError(f"scopes {str(path)!r}: there is no scope below the header; write one a line")
    known: dict[str, int] = {}
    for number, values in rows:
        where = f"scopes {str(path)!r}: line {number}"
        if empty := [column for column, value in values.items() if not value]:
            raise ConfigError(f"{where}: {empty[0]}: a value is empty; write what stands for nothing")
        try:
            name = model_of(family, list(values.values()))
        except ConfigError as error:
            longest = max(values, key=lambda column: len(values[column]))
            raise ConfigError(f"{where}: {longest}: {error}") from None
        if name in known:
            raise ConfigError(
                f"{where}: {said(values)} is there twice, in line {known[name]} too; take one of them out"
            )
        known[name] = number


class Failures:
    """The file of the scopes of a run that have failed; it can be given as the file of scopes again.

    It takes its place once the run is over, and is taken away where none has failed.
    """

    def __init__(self, scopes: Scopes) -> None:
        stem = scopes.path.stem.removesuffix(_FAILED)
        self.path = Path(f"{stem}{_FAILED}.csv")
        self._part = self.path.with_name(f"{self.path.name}.part")
        self._columns = scopes.columns
        self._file: IO[str] | None = None

    def add(self, values: Values, reason: str) -> None:
        """Note a scope, and why it has failed."""
        with _told(self._part):
            if self._file is None:
                self._file = self._part.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow([*self._columns, REASON])
            csv.writer(self._file).writerow([*values.values(), " ".join(reason.split())])
            self._file.flush()

    def close(self) -> None:
        """Let the file take its place."""
        with _told(self.path):
            if self._file is not None:
                self._file.close()
                self._part.replace(self.path)
                return
            self._part.unlink(missing_ok=True)  # of a run that was ended
            if self.path.exists() and REASON.encode() in self.path.read_bytes().partition(b"\n")[0]:
                self.path.unlink()


@contextmanager
def run(scopes: Scopes, family: str) -> Iterator[tuple[str, bool]]:
    """Hold the run over a file of scopes: its id, and whether it goes on from before.

    A run is over when every scope was tried; one that was ended before goes on, unless the file of scopes is another
    one now. Raises `ConfigError` where another process is at it.
    """
    path = Path(f"{scopes.path.stem}.{family}.run")
    with _told(path):
        file = held(path)
    if file is None:
        raise ConfigError(f"another process is fitting {family!r} to {str(scopes.path)!r}; wait for it")
    with file:
        known = _said(file)
        goes_on = known.get("file") == scopes.sha256 and isinstance(known.get("run"), str)
        number = str(known["run"]) if goes_on else uuid.uuid4().hex
        if not goes_on:
            with _told(path):
                file.truncate(0)
                file.write(json.dumps({"run": number, "file": scopes.sha256}).encode())
                file.flush()
                os.fsync(file.fileno())
        yield number, goes_on
        path.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell what keeps a file of a run, which is in the working directory, from being written."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}; {_ELSEWHERE}") from None


def _said(file: IO[bytes]) -> dict[str, Any]:
    file.seek(0)
    try:
        known = json.loads(file.read(2**16))
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}
