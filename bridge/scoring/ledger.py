"""The ledger of a piece of work: what is to be done, and what is done. What stands in it is not done again.

A file of JSON lines in a folder of the work's own, held by one process at a time: first what the work is, then a line a
file of rows with its parts, then a line a part that is done. A line that a sudden end has cut off counts for nothing.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from triglot.errors import BadRequest
from triglot.scoring.held import held
from triglot.scoring.parts import Done, File, Part, PartId

NAME = "ledger.jsonl"
_AGAIN = "say --restart to begin anew, which does all of it again"


class Ledger:
    """The ledger in a folder, which is made; raises `BadRequest` where another process holds it, or it is damaged."""

    def __init__(self, folder: Path) -> None:
        try:
            file = held(folder / NAME)
        except OSError as error:
            raise BadRequest(f"output: {str(folder)!r} cannot be written: {error.strerror}") from None
        if file is None:
            raise BadRequest("output: another process is writing there; wait for its end, or name another")
        self._file = file
        self.folder = folder
        try:
            self._read()
        except BadRequest:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._file.close()

    def _read(self) -> None:
        self.work: Mapping[str, Any] | None = None
        self._expected = 0
        self._files: dict[int, File] = {}
        self.done: dict[PartId, Done] = {}
        self._file.seek(0)
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            try:
                self._take(json.loads(line))
            except (ValueError, LookupError, TypeError, AttributeError):
                raise BadRequest(
                    f"output: {str(self.folder / NAME)!r} is damaged, so that nobody knows what is done; remove "
                    f"{str(self.folder)!r}, name another output or remove the answers there, and do all of it again"
                ) from None
        self._file.truncate(whole)
        if len(self._files) < self._expected:  # the line that begins was written, and not all that belong to it
            self.work = None

    def _take(self, said: Mapping[str, Any]) -> None:
        if "work" in said:
            self.work, self._expected = said["work"], said["files"]
        elif "file" in said:
            file = File.from_json(said["file"])
            self._files[file.number] = file
        else:
            done = Done.from_json(said["done"])
            self.done[done.id] = done

    def begin(self, work: Mapping[str, Any], files: Sequence[File]) -> None:
        """Write down what is to be done, in place of whatever stands there."""
        self._file.truncate(0)
        self._write({"work": work, "files": len(files)}, *({"file": file.to_json()} for file in files))
        self._read()

    def forget(self) -> None:
        """Forget all that was begun."""
        self._file.truncate(0)
        self._read()

    def replace(self, file: File) -> None:
        """Write down that a file has other parts than it had."""
        self._write({"file": file.to_json()})
        self._files[file.number] = file

    def note(self, done: Done) -> None:
        """Write down that a part is done; what it wrote must be there already."""
        self._write({"done": done.to_json()})
        self.done[done.id] = done

    def check(self, work: Mapping[str, Any], *, aside: bool) -> None:
        """Raise `BadRequest` unless this work is the one that was begun; `aside` is whether bad rows have a file.

        One that has none may be given one later: no part is done then that has bad rows.
        """
        begun = self.work or {}
        other = [name for name in sorted({*begun, *work}) if begun.get(name) != work.get(name)]
        if other:
            told = "; ".join(f"{name} was {begun.get(name)!r} and is {work.get(name)!r}" for name in other)
            raise BadRequest(f"output: what was begun there is other work: {told}; {_AGAIN}")
        if not aside and any(done.bad for done in self.done.values()):
            raise BadRequest(f"output: some rows were put aside; name their file by --bad-rows, or {_AGAIN}")

    @property
    def files(self) -> list[File]:
        """The files of rows, in their order."""
        return [self._files[number] for number in sorted(self._files)]

    @property
    def parts(self) -> list[Part]:
        """All parts, in the order of their rows."""
        return [part for file in self.files for part in file.parts]

    def is_begun(self, file: File) -> bool:
        """Return whether a part of a file is done."""
        return any(number == file.number for number, _ in self.done)

    def _write(self, *lines: Mapping[str, Any]) -> None:
        self._file.write(b"".join(json.dumps(line, default=str).encode() + b"\n" for line in lines))
        self._file.flush()
        os.fsync(self._file.fileno())


def changed(place: str) -> BadRequest:
    """Return the error of rows that are others than when some of them were answered."""
    return BadRequest(f"input: {place} has changed since some of its rows were answered; put it back, or {_AGAIN}")
