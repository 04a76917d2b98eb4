"""A fitted model as sealed bytes: what the author's language wrote, a card that describes it, a signature.

The signature covers the manifest and the manifest covers the blob by its hash, so a listing can read
manifests alone, and no loader needs to see a byte before both hold.
"""

import functools
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triglot.errors import ArtefactRefused, ConfigError
from triglot.manifest import Manifest, UnverifiedManifest

FORMAT = 1
# What a manifest of each format says, in the fields of the newest; a reader stays for as long as versions may.
READERS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: dict}
TASKS = ("classification", "regression")

_REQUIRED = ("language", "task", "spec", "sources", "runtime", "created")
_OPTIONAL = ("schema", "classes")
_OURS = ("format", "blob_sha256")
_LANGUAGE = re.compile(r"[a-z][a-z0-9]*")
_SHORTEST_KEY = 16  # bytes; below this an offline search over keys becomes thinkable


@dataclass(frozen=True, slots=True)
class Artefact:
    """The three parts of a stored model; they travel and are kept together."""

    manifest: bytes
    blob: bytes
    signature: bytes

    def card(self) -> UnverifiedManifest:
        """Return the manifest in the fields of the newest format, without trusting it; for listings and messages only.

        One of an unknown format is as it stands.
        """
        try:
            card = json.loads(self.manifest.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ArtefactRefused(
                f"the artefact's manifest is not JSON ({error}); fit the model again or restore the store"
            ) from None
        if not isinstance(card, dict):
            raise ArtefactRefused(
                "the artefact's manifest is not a JSON object; fit the model again or restore the store"
            )
        return UnverifiedManifest(READERS[card["format"]](card) if _is_readable(card) else card)

    @property
    def sha256(self) -> str:
        """What the manifest says that the blob hashes to; for telling versions apart, not for trusting them."""
        return _sha256_in(self.manifest)

    def verified(self, key: bytes) -> Manifest:
        """Return the manifest once signature and blob hash hold; raise `ArtefactRefused` otherwise."""
        if not hmac.compare_digest(sign(self.manifest, key), self.signature):
            raise ArtefactRefused(
                "the artefact's signature does not hold: it was signed with another key, or changed since; "
                "give this process the key of the process that fitted the model (TRIGLOT_SIGNING_KEY or "
                "TRIGLOT_SIGNING_KEY_FILE), or fit the model again"
            )
        card = self.card()
        if not _is_readable(card):
            raise ArtefactRefused(
                f"the artefact has format {card.get('format')!r} and this version of Triglot reads "
                f"{', '.join(map(str, READERS))}; install the version that wrote it, or fit the model again"
            )
        check_blob(card, self.blob)
        return Manifest(dict(card))


@functools.lru_cache(maxsize=64)
def _sha256_in(manifest: bytes) -> str:
    """Return what each question to a worker names; no whole manifest is read for each of them."""
    return str(Artefact(manifest, b"", b"").card().get("blob_sha256", ""))


def _is_readable(card: Mapping[str, Any]) -> bool:
    found = card.get("format")
    return type(found) is int and found in READERS


def check_blob(card: Mapping[str, Any], blob: bytes) -> str:
    """Return the blob's SHA-256 in hex; raise `ArtefactRefused` unless the manifest names the same one."""
    found = hashlib.sha256(blob).hexdigest()
    if card.get("blob_sha256") != found:
        raise ArtefactRefused(
            f"the artefact's bytes have SHA-256 {found} but its manifest says {card.get('blob_sha256')}: "
            "they were damaged or exchanged; fit the model again or restore the store from a backup"
        )
    return found


def reseal(artefact: Artefact, key: bytes) -> Artefact:
    """Return the artefact signed with another key; only for one whose origin is trusted on other grounds.

    Raises `ArtefactRefused` where blob and manifest do not belong together.
    """
    check_blob(artefact.card(), artefact.blob)
    return Artefact(artefact.manifest, artefact.blob, sign(artefact.manifest, key))


def changed(artefact: Artefact, key: bytes, **fields: Any) -> Artefact:
    """Return an artefact of the same model with other values of these fields; only for one that this key has signed.

    Raises `ArtefactRefused` where it has not.
    """
    known = artefact.verified(key)
    return seal({**{name: known[name] for name in known if name not in _OURS}, **fields}, artefact.blob, key)


def seal(fields: Mapping[str, Any], blob: bytes, key: bytes) -> Artefact:
    """Return an artefact whose signed manifest holds `fields`, the format number and the blob's hash.

    `schema` and `classes` are null when not given; keys beyond the known ones are kept and signed. The
    same fields, blob and key give the same bytes. Fields that cannot be said in JSON raise `ValueError`.
    """
    if missing := [name for name in _REQUIRED if name not in fields]:
        raise ValueError(f"an artefact needs the manifest fields {', '.join(missing)}")
    if ours := [name for name in _OURS if name in fields]:
        raise ValueError(f"the manifest fields {', '.join(ours)} are set by seal(); leave them out")
    if not _LANGUAGE.fullmatch(fields["language"]):
        raise ValueError(f"language is {fields['language']!r}; write a name of small letters, such as julia")
    if fields["task"] not in TASKS:
        raise ValueError(f"task is {fields['task']!r}; use one of {', '.join(TASKS)}")
    content = {
        **dict.fromkeys(_OPTIONAL),
        **fields,
        "format": FORMAT,
        "blob_sha256": hashlib.sha256(blob).hexdigest(),
    }
    manifest = _canonical(content)
    return Artefact(manifest, blob, sign(manifest, key))


def load_key(path: Path | None, environ: Mapping[str, str]) -> bytes:
    """Return the signing key, from the environment or a file that is made when it is missing.

    In this order: the text in TRIGLOT_SIGNING_KEY, the file TRIGLOT_SIGNING_KEY_FILE, `path`, the user's
    own `signing.key`. Processes that start together on a machine without a key end up with one and the same.
    """
    if "TRIGLOT_SIGNING_KEY" in environ:
        return _long_enough(environ["TRIGLOT_SIGNING_KEY"].strip().encode(), "TRIGLOT_SIGNING_KEY")
    return put_key(key_place(path, environ), secrets.token_hex(32).encode())


def key_place(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file that holds the signing key, or will, where the environment does not have the key itself."""
    if named := environ.get("TRIGLOT_SIGNING_KEY_FILE"):
        return Path(named)
    return _home(environ) / "signing.key" if path is None else path


def put_key(path: Path, key: bytes) -> bytes:
    """Return the signing key of a file, which is made to hold this one where it is missing."""
    try:
        try:
            return _read_key(path)
        except FileNotFoundError:
            _make_key(path, key)
        return _read_key(path)
    except OSError as error:
        raise ConfigError(
            f"the signing key {path} can be neither read nor made ({error.strerror}); "
            "name a file with TRIGLOT_SIGNING_KEY_FILE or give the key itself in TRIGLOT_SIGNING_KEY"
        ) from error


def sign(data: bytes, key: bytes) -> bytes:
    """Return the signature of bytes by the key; raises `ConfigError` where it is empty."""
    if not key:
        raise ConfigError("the signing key is empty; set TRIGLOT_SIGNING_KEY or TRIGLOT_SIGNING_KEY_FILE")
    return hmac.digest(key, data, "sha256")


def _canonical(content: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(
            content,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
            default=_native,
        )
        return text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"a manifest field cannot be written as JSON: {error}") from error


def _native(value: Any) -> Any:
    """Return numpy's scalars and arrays as Python's own, by their method, so that numpy is not imported."""
    if callable(convert := getattr(value, "tolist", None)):
        return convert()
    raise TypeError(f"{type(value).__name__} {value!r}")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _home(environ: Mapping[str, str]) -> Path:
    if home := environ.get("TRIGLOT_HOME"):
        return Path(home)
    if data := environ.get("XDG_DATA_HOME"):
        return Path(data) / "triglot"
    user = environ.get("HOME") or os.path.expanduser("~")
    return Path(user) / ".local" / "share" / "triglot"


def _read_key(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not hang the start
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"the signing key {path} is not a file; name one with TRIGLOT_SIGNING_KEY_FILE")
        if status.st_mode & 0o077:
            raise ConfigError(
                f"the signing key {path} can be used by other users (mode {stat.S_IMODE(status.st_mode):04o}); "
                f"run: chmod 600 {path}"
            )
        return _long_enough(file.read(65536).strip(), str(path))


def _long_enough(key: bytes, where: str) -> bytes:
    if len(key) < _SHORTEST_KEY:
        raise ConfigError(
            f"the signing key in {where} has {len(key)} bytes and needs {_SHORTEST_KEY} or more; "
            "make one with: openssl rand -hex 32"
        )
    return key


def _make_key(path: Path, key: bytes) -> None:
    """Make the key file unless somebody else just did; it is never seen half-written.

    A hard link fails when its name is taken, where a rename would replace a key already in use.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(key + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
