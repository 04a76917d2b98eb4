"""Models in files of this machine, or of a file system that several share."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from triglot.errors import StoreError
from triglot.persisters.filelike import FileLike
from triglot.persisters.files import ABSENT, Changed, Found


class File(FileLike):
    """Versions in a folder, in Palladium's layout.

    Args:
        path: A path with `{version}` in it, relative to the working directory.
        model: Whose files the bare ones are; by default the configuration's `model_name`.

    Examples:
        >>> File("models/iris-{version}")
        File('models/iris-{version}')
    """

    def __init__(self, path: str, model: str | None = None) -> None:
        super().__init__(path, LocalFiles(), model)


class LocalFiles:
    """Files in folders that are made when they are missing. Writers of one layout wait for each other."""

    exclusive = True

    def get(self, path: str) -> Found | None:
        """Return a file, or None where there is none."""
        with _told(path):
            try:
                return Found(Path(path).read_bytes())
            except FileNotFoundError:
                return None

    def put(self, path: str, data: bytes, expected: str | None) -> None:
        """Write a file whole, under another name first; it outlives a loss of power."""
        target = Path(path)
        draft = target.with_name(f".{target.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}")
        with _told(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            if expected == ABSENT and target.exists():
                raise Changed
            try:
                with open(draft, "xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(draft, target)
                _sync(target.parent)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        with _told(path):
            Path(path).unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Keep other threads and processes out; the lock file stays, as removing it would free a lock in use."""
        with _told(path):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            file = open(path, "ab")  # noqa: SIM115  # closed below, which also gives the lock back
        try:
            with _told(path):
                fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            file.close()


def _sync(folder: Path) -> None:
    """Have the folder's own entries outlive a loss of power, the new name among them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror or error}; check that the folder is there and that this user may write to it"
        ) from error
