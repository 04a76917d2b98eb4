"""The signing key: there, long enough, and its owner's alone; none is made by looking."""

import os
from collections.abc import Mapping
from pathlib import Path

from triglot.artefact import load_key
from triglot.doctor.finding import Finding
from triglot.errors import ConfigError
from triglot.languages.prefix import user_prefix
from triglot.languages.remedy import Command


def look(key_file: Path | None, environ: Mapping[str, str]) -> Finding:
    """Return how the key is with which versions are signed, and verified before they are loaded."""
    if "TRIGLOT_SIGNING_KEY" in environ:
        where = "in TRIGLOT_SIGNING_KEY"
        commands: tuple[Command, ...] = ()
    else:
        path = _path(key_file, environ)
        if not path.exists():
            return _to_be_made(path)
        if not path.is_file():
            return Finding(
                "signing key", "fail", f"{path} is no file", advice="name a file in TRIGLOT_SIGNING_KEY_FILE"
            )
        where = f"in {path}"
        commands = (Command(("chmod", "600", str(path))),) if path.stat().st_mode & 0o077 else ()
    try:
        load_key(key_file, environ)
    except ConfigError as error:
        return Finding("signing key", "fail", str(error), commands)
    return Finding("signing key", "ok", where)


def there(key_file: Path | None, environ: Mapping[str, str]) -> bytes | None:
    """Return the key, or None where there is none yet or it cannot be used."""
    if "TRIGLOT_SIGNING_KEY" not in environ and not _path(key_file, environ).exists():
        return None
    try:
        return load_key(key_file, environ)
    except ConfigError:
        return None


def _path(key_file: Path | None, environ: Mapping[str, str]) -> Path:
    return Path(environ.get("TRIGLOT_SIGNING_KEY_FILE") or key_file or user_prefix(environ) / "signing.key")


def _to_be_made(path: Path) -> Finding:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if os.access(folder, os.W_OK | os.X_OK):
        return Finding("signing key", "ok", f"none yet; the first fit makes {path}")
    found = f"{path} is not there and cannot be made: {folder} is not yours to write to"
    return Finding(
        "signing key", "fail", found, advice="name a file: export TRIGLOT_SIGNING_KEY_FILE=$HOME/signing.key"
    )
