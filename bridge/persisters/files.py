"""Places for files: what a persister in files needs of one, and Palladium's own interface to them."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from triglot.errors import StoreError

ABSENT: Final = "*"  # what a write expects to find: nothing


class Changed(Exception):
    """The file is not what the writer expected to replace."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file's bytes, and the tag of this state where the place has one."""

    data: bytes
    tag: str | None = None


@runtime_checkable
class Files(Protocol):
    """A place for files. Everything that goes wrong is a `StoreError` that names the file.

    `exclusive` says whether `locked` keeps all other writers out. Where it does not, writers find each other by
    `put`, which raises `Changed` unless it finds what it expects: a tag, or nothing (`ABSENT`).
    """

    exclusive: bool

    def get(self, path: str) -> Found | None:
        """Return a file, or None where there is none."""
        ...

    def put(self, path: str, data: bytes, expected: str | None) -> None:
        """Write a whole file; it is never seen half-written. None expects anything."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        ...

    def locked(self, path: str) -> AbstractContextManager[None]:
        """Hold the lock of this path as far as the place has locks."""
        ...


class OpenFiles:
    """The place behind an object with `open(path, mode)`, `exists(path)` and `remove(path)`, as Palladium has them."""

    exclusive = False

    def __init__(self, io: Any) -> None:
        self._io = io

    def get(self, path: str) -> Found | None:
        """Return a file, or None where there is none."""
        with self._told(path):
            if not self._io.exists(path):
                return None
            with self._io.open(path, "rb") as file:
                return Found(file.read())

    def put(self, path: str, data: bytes, expected: str | None) -> None:
        """Write a file after a look whether it may be written; nothing better can be done with these methods."""
        with self._told(path):
            if expected == ABSENT and self._io.exists(path):
                raise Changed
            with self._io.open(path, "wb") as file:
                file.write(data)

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        with self._told(path):
            if self._io.exists(path):
                self._io.remove(path)

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold nothing: these objects have no locks."""
        yield

    @contextlib.contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror or error}; check that it can be read and written") from error
