"""A backup of a model store: one file with all that the store holds, and the key that signed it.

It is a tar archive of `about.json`, `store.db`, an SQLite database with the store's own tables, and `signing.key`.
Whoever reads it can make models that this service runs, so that it is readable by its owner alone.
"""

import contextlib
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from triglot import __version__
from triglot.errors import ArtefactRefused, StoreError
from triglot.store import migrations
from triglot.store.copying import Copied
from triglot.store.store import ModelStore

FORMAT: Final = 1
_ABOUT, _STORE, _KEY = "about.json", "store.db", "signing.key"
_LARGEST_TEXT: Final = 65_536


class Backup(NamedTuple):
    """What a backup holds: `about` itself, the key, where there is one, and the store in a file beside it."""

    about: dict[str, Any]
    key: bytes | None
    file: Path


def write(store: ModelStore, file: Path, key: bytes, *, with_key: bool = True) -> Copied:
    """Write a backup of a store, as it stands at one moment, while it is used.

    Raises `ArtefactRefused` for a version that this key has not signed, and `StoreError` where the file is there
    already or cannot be written; then nothing is left of it.
    """
    if file.exists():
        raise StoreError(f"{file} is there already; name another file")
    with _told(file), tempfile.TemporaryDirectory(prefix=".triglot-", dir=file.absolute().parent) as folder:
        copy = Path(folder) / _STORE
        with closing(ModelStore(f"sqlite:///{copy}")) as target:
            copied = target.fill_from(store)
            check(target, key)
        half = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            _pack(half, copy, copied, key if with_key else None)
            half.rename(file)
        finally:
            half.unlink(missing_ok=True)
    return copied


def opened(file: Path, folder: Path) -> Backup:
    """Return what a backup holds, its store unpacked into a folder; raises `StoreError` for what is no whole backup."""
    with _told(file):
        try:
            with tarfile.open(file, "r:") as archive:
                about = json.loads(_text(archive, _ABOUT) or b"{}")
                _check_format(file, about)
                key = _text(archive, _KEY)
                found = archive.extractfile(_STORE)
                if found is None or _written(found, folder / _STORE) != about["store_sha256"]:
                    raise StoreError(f"{file}: its store is damaged; take another backup")
        except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
            raise StoreError(f"{file} is no backup of triglot's, or is cut off: {error}") from None
    return Backup(about, None if key is None else key.strip(), folder / _STORE)


def check(store: ModelStore, key: bytes) -> None:
    """Return if this key has signed every version; raises `ArtefactRefused` naming the first that it has not."""
    for info in store.list():
        try:
            store.read(info.model, info.version).artefact.verified(key)
        except ArtefactRefused as error:
            raise ArtefactRefused(f"version {info.version} of model {info.model!r}: {error}") from None


def _pack(half: Path, store: Path, copied: Copied, key: bytes | None) -> None:
    about = {
        "format": FORMAT,
        "triglot": __version__,
        "revision": migrations.HEAD,
        "created": datetime.now(UTC).isoformat(),
        "models": copied.models,
        "versions": copied.versions,
        "store_sha256": _digest(store),
    }
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w") as archive:
            _add(archive, _ABOUT, json.dumps(about, indent=1).encode())
            if key is not None:
                _add(archive, _KEY, key + b"\n")
            archive.add(store, _STORE, filter=_private)
        out.flush()
        os.fsync(out.fileno())


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    about = tarfile.TarInfo(name)
    about.size, about.mode = len(data), 0o600
    archive.addfile(about, io.BytesIO(data))


def _private(about: tarfile.TarInfo) -> tarfile.TarInfo:
    about.mode, about.uid, about.gid, about.uname, about.gname = 0o600, 0, 0, "", ""
    return about


def _text(archive: tarfile.TarFile, name: str) -> bytes | None:
    if name not in archive.getnames():
        return None
    found = archive.extractfile(name)
    return None if found is None else found.read(_LARGEST_TEXT)


def _check_format(file: Path, about: dict[str, Any]) -> None:
    if about.get("format") != FORMAT:
        raise StoreError(f"{file} is no backup that this release reads: its format is {about.get('format')!r}")


def _written(found: IO[bytes], place: Path) -> str:
    digest = hashlib.sha256()
    with place.open("wb") as out:
        while data := found.read(2**20):
            digest.update(data)
            out.write(data)
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _told(file: Path) -> Iterator[None]:
    """Have what the system says of a file told as an error of the store's."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror or error}; choose another place, or make room") from None
