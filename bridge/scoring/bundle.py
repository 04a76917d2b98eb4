"""A bundle: one version of a model as one signed file, for whoever has no model store.

    triglot-bundle LF, 4 bytes of a length, a head of that length in JSON, its seal, the manifest, the blob

The head says which model and version these are, how long manifest and blob are, and the artefact's own signature. The
seal covers all before it, the artefact's signature the manifest, and the manifest the blob by its hash.
"""

import contextlib
import hmac
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from triglot.artefact import Artefact, sign
from triglot.bulk.files import written
from triglot.errors import ArtefactRefused, BadRequest

FORMAT: Final = 1
MAGIC: Final = b"triglot-bundle\n"
SEAL_BYTES: Final = 32
LONGEST_HEAD: Final = 2**16
_LENGTH: Final = ">I"
_MAKE = "make one with: triglot export MODEL@VERSION FILE"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A version of a model, and what it is called."""

    model: str
    version: int
    artefact: Artefact

    def parts(self, key: bytes) -> tuple[bytes, ...]:
        """Return the content of the file, part by part; raises `ArtefactRefused` where this key has not signed it."""
        self.artefact.verified(key)
        head = {
            "format": FORMAT,
            "model": self.model,
            "version": self.version,
            "manifest": len(self.artefact.manifest),
            "blob": len(self.artefact.blob),
            "signature": self.artefact.signature.hex(),
        }
        text = json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
        sealed = MAGIC + struct.pack(_LENGTH, len(text)) + text
        return sealed, sign(sealed, key), self.artefact.manifest, self.artefact.blob

    def write(self, path: Path, key: bytes) -> None:
        """Write the file, which is there only when it is whole."""
        parts = self.parts(key)
        with written(path) as file:
            file.writelines(parts)


def read_bundle(path: Path, key: bytes, seal: str | None = None) -> Bundle:
    """Return the bundle of a file; raises `ArtefactRefused` for one that this key has not signed or that is not whole.

    So it does where another `seal` is expected. No byte of the model is given to whoever asks before all of that holds.
    """
    with _opened(path) as file:
        head, found = _head(file, repr(str(path)), key)
        if seal not in (None, found.hex()):
            raise _refused(repr(str(path)), "is another one than when the work began; put that back, or begin again")
        manifest, blob = file.read(head["manifest"]), file.read(head["blob"] + 1)
        if len(manifest) + len(blob) != head["manifest"] + head["blob"]:
            raise _refused(
                repr(str(path)), "is not as long as its head says: it was cut off, or changed; copy it again"
            )
    return _bundle(head, manifest, blob, key)


def seal_of(path: Path, key: bytes) -> str:
    """Return the seal of a file in hex, which tells one bundle from another; raises like `read_bundle`."""
    with _opened(path) as file:
        return _head(file, repr(str(path)), key)[1].hex()


def is_bundle(path: Path) -> bool:
    """Return whether a file is a bundle, or once was one."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _opened(path: Path) -> "contextlib.AbstractContextManager[IO[bytes]]":
    try:
        return path.open("rb")
    except OSError as error:
        raise BadRequest(f"the bundle {str(path)!r} cannot be read: {error.strerror}") from None


def _head(file: IO[bytes], name: str, key: bytes) -> tuple[Mapping[str, Any], bytes]:
    """Return what the head says, once its seal holds, and the seal."""
    begin = file.read(len(MAGIC) + struct.calcsize(_LENGTH))
    if not begin.startswith(MAGIC):
        raise _refused(name, f"is no bundle of Triglot; {_MAKE}")
    (length,) = struct.unpack(_LENGTH, begin[len(MAGIC) :].ljust(4, b"\xff"))
    text, seal = (file.read(length), file.read(SEAL_BYTES)) if length <= LONGEST_HEAD else (b"", b"")
    if len(text) != length or len(seal) != SEAL_BYTES:
        raise _refused(name, "is cut off; copy it again")
    if not hmac.compare_digest(sign(begin + text, key), seal):
        raise _refused(
            name,
            "has no signature that holds: it was signed with another key, or changed since; give this process the key "
            "of the process that exported it (TRIGLOT_SIGNING_KEY or TRIGLOT_SIGNING_KEY_FILE), or export it again",
        )
    head: Mapping[str, Any] = json.loads(text)
    if head["format"] != FORMAT:
        raise _refused(name, f"has format {head['format']} and this version of Triglot reads {FORMAT}; export it again")
    return head, seal


def _bundle(head: Mapping[str, Any], manifest: bytes, blob: bytes, key: bytes) -> Bundle:
    artefact = Artefact(manifest, blob, bytes.fromhex(head["signature"]))
    artefact.verified(key)
    return Bundle(head["model"], head["version"], artefact)


def _refused(name: str, why: str) -> ArtefactRefused:
    return ArtefactRefused(f"the bundle {name} {why}")
