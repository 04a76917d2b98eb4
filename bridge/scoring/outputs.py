"""Where answers go: parts as files that are there when they are whole, and what is made of them at the end."""

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

from triglot.bulk import columnar, files
from triglot.bulk.writing import Batches, batch_writer
from triglot.errors import BadRequest
from triglot.scoring.parts import Part

_TEXT: Final = ("csv", "jsonl")  # whose parts are the file's own bytes


@dataclass(frozen=True, slots=True)
class PartFiles:
    """Files of parts in a folder, each below the folders that its rows are in where these are kept."""

    root: Path
    kind: str
    header: bool = True
    nested: bool = False

    def path(self, part: Part, folder: Path) -> Path:
        """Return where a part's file is; `folder` is that of its rows, from where all are."""
        return self.root / (folder if self.nested else "") / f"{part.name}.{self.kind}"

    @contextmanager
    def writing(self, path: Path, schema: Any) -> Iterator[Batches]:
        """Hold the writer of a part's file, which is there when the block ends well."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.written(path) as file:
            sink = _Sink(file)
            writer = batch_writer(self.kind, sink, schema, header=self.header)
            try:
                yield writer
            except BaseException:
                sink.over = True
                raise
            finally:
                writer.close()


class _Sink(io.RawIOBase):
    """A file that takes bytes until it is over; what a writer ends with then goes nowhere."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.over = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        if self.over:
            return len(data)
        try:
            return self._file.write(data)
        except OSError:
            self.over = True
            raise


class Output(Protocol):
    """Where all answers go."""

    @property
    def folder(self) -> Path:
        """Where the work keeps what it has to remember."""
        ...

    @property
    def parts(self) -> PartFiles:
        """Where the parts go, for whoever answers them."""
        ...

    def check(self) -> None:
        """Raise `BadRequest` where what is there is not this work's."""
        ...

    def finish(self, paths: Sequence[Path], schema: Any) -> None:
        """Make of all parts, in their order, what was asked for."""
        ...

    def forget(self) -> None:
        """Remove what the work remembers."""
        ...

    def described(self) -> dict[str, Any]:
        """Return what makes these other answers than others, as JSON and without secrets."""
        ...


@dataclass(frozen=True, slots=True)
class OutFolder:
    """A folder of a file a part, in the same folders as the rows."""

    root: Path
    kind: str

    @property
    def folder(self) -> Path:
        """Where the work keeps what it has to remember; readers of folders pass it by."""
        return self.root / "_triglot"

    @property
    def parts(self) -> PartFiles:
        """Where the parts go."""
        return PartFiles(self.root, self.kind, nested=True)

    def check(self) -> None:
        """Raise `BadRequest` where the folder has files of somebody else's."""
        if self.root.is_dir() and not self.folder.exists() and any(self.root.iterdir()):
            raise BadRequest(f"output: {str(self.root)!r} has files that this command did not write; name a new folder")

    def finish(self, paths: Sequence[Path], schema: Any) -> None:
        """Do nothing: the parts are what was asked for."""

    def forget(self) -> None:
        """Remove what the work remembers, and the folder if nothing else is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.root.rmdir()

    def described(self) -> dict[str, Any]:
        """Return what makes these other answers than others."""
        return {"output format": self.kind}


@dataclass(frozen=True, slots=True)
class OutFile:
    """One file, made of all parts when the last one is there."""

    path: Path
    kind: str

    @property
    def folder(self) -> Path:
        """Where the work keeps what it has to remember, and the parts until then."""
        return self.path.with_name(f".{self.path.name}.triglot")

    @property
    def parts(self) -> PartFiles:
        """Where the parts go."""
        return PartFiles(self.folder / "parts", self.kind if self.kind in _TEXT else "arrow", header=False)

    def check(self) -> None:
        """Raise `BadRequest` where there can be no such file."""
        if self.path.is_dir() or not self.path.parent.is_dir():
            raise BadRequest(f"output: {str(self.path)!r} cannot be written: its folder is not there, or it is one")

    def finish(self, paths: Sequence[Path], schema: Any) -> None:
        """Write the file, and forget the work."""
        with files.written(self.path) as sink:
            writer = batch_writer(self.kind, sink, schema)
            if self.kind in _TEXT:
                writer.close()
                for path in paths:
                    with path.open("rb") as part:
                        shutil.copyfileobj(part, sink)
            else:
                for batch in batches_of(paths):
                    writer.write_batch(batch)
                writer.close()
        self.forget()

    def forget(self) -> None:
        """Remove what the work remembers, and its parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def described(self) -> dict[str, Any]:
        """Return what makes these other answers than others."""
        return {"output format": self.kind}


def batches_of(paths: Sequence[Path]) -> Iterator[Any]:
    """Yield the record batches of parts that are Arrow files."""
    for path in paths:
        yield from columnar.arrow_file(path).batches


def sweep(folder: Path) -> None:
    """Remove what a process that was killed had begun to write."""
    for path in folder.rglob(".part-*.part") if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            path.unlink()
