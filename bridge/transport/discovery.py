"""The run directory: workers announce themselves there, and everybody else finds them by looking.

A worker NAME of language L binds `NAME.ipc` and `NAME.control.ipc` and writes `NAME.json` once it is ready. The
directory belongs to one user and has mode 0700, because whoever can write there can answer predictions.
"""

import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triglot.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# sockaddr_un.sun_path holds 108 bytes with its closing zero
_MAX_IPC_PATH = 107


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one worker process can be reached; `incarnation` differs from one start to the next.

    `server_key` is the worker's public CURVE key (Z85 text) for tcp addresses, else empty. A listed remote worker
    has no known incarnation until it has answered once. `group` is the group of models that it works for alone, if any.
    """

    name: str
    language: str
    address: str
    control: str
    incarnation: str = ""
    server_key: str = ""
    group: str = ""


def run_directory(path: Path) -> Path:
    """Return the directory, made if need be; raises `ConfigError` where others could write to it."""
    path = path.absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"run directory {str(path)!r} cannot be made: {error.strerror}") from None
    found = path.stat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(f"run directory {str(path)!r} must belong to you alone: chmod 700 {path}")
    return path


def check_name(name: str) -> str:
    """Return a worker's name, or raise `ConfigError` where it could not be part of a file name."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no worker name: use letters, digits, '.', '_' and '-', at most 64")
    return name


def local_endpoint(run_dir: Path, name: str, language: str, group: str = "") -> Endpoint:
    """Return the endpoint of a new worker process under this run directory."""
    control = run_dir / f"{check_name(name)}.control.ipc"
    if len(os.fsencode(control)) > _MAX_IPC_PATH:
        shorter = "choose a shorter one" + (f", or a shorter name for the group {group!r}" if group else "")
        raise ConfigError(f"run directory {str(run_dir)!r} is too long for a socket's path; {shorter}")
    incarnation = secrets.token_hex(8)
    return Endpoint(name, language, f"ipc://{run_dir / name}.ipc", f"ipc://{control}", incarnation, group=group)


def announce(run_dir: Path, endpoint: Endpoint) -> None:
    """Make the endpoint known, at once and whole."""
    half = run_dir / f".{endpoint.name}.{endpoint.incarnation}"
    half.write_text(json.dumps(asdict(endpoint)), "utf-8")
    half.replace(run_dir / f"{endpoint.name}.json")


def withdraw(run_dir: Path, endpoint: Endpoint) -> None:
    """Take the announcement away, unless a successor of the same name has already put its own there."""
    path = run_dir / f"{endpoint.name}.json"
    if _read(path) == endpoint:
        path.unlink(missing_ok=True)


def leave_word(run_dir: Path, endpoint: Endpoint, reason: str) -> None:
    """Write down why this worker ends itself, for those who still wait for its answer."""
    word = json.dumps({"incarnation": endpoint.incarnation, "reason": reason})
    half = run_dir / f".{endpoint.name}.{endpoint.incarnation}"
    half.write_text(word, "utf-8")
    half.replace(run_dir / f"{endpoint.name}.end")


def last_word(run_dir: Path, name: str, incarnation: str) -> str:
    """Return why this very process of a worker ended itself, or nothing where it left no word."""
    try:
        word = json.loads((run_dir / f"{name}.end").read_text("utf-8"))
        return str(word["reason"]) if word["incarnation"] == incarnation else ""
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def scan(run_dir: Path) -> dict[str, Endpoint]:
    """Return the announced endpoints by name; files that are not announcements are passed by."""
    found = {}
    try:
        entries = [entry.name for entry in os.scandir(run_dir) if entry.name.endswith(".json")]
    except FileNotFoundError:
        return {}
    for name in entries:
        endpoint = _read(run_dir / name)
        if endpoint is not None:
            found[endpoint.name] = endpoint
    return found


def listed(entries: list[Mapping[str, Any]]) -> dict[str, Endpoint]:
    """Return the endpoints of workers on other hosts; raises `ConfigError` for one that is not protected."""
    found = {}
    for entry in entries:
        try:
            endpoint = Endpoint(**entry)
        except TypeError as error:
            raise ConfigError(
                f"a listed worker needs name, language, address, control and server_key: {error}"
            ) from None
        check_name(endpoint.name)
        for address in (endpoint.address, endpoint.control):
            if address.startswith("tcp://") and not endpoint.server_key:
                raise ConfigError(f"worker {endpoint.name!r} at {address} needs its server_key: tcp goes by CURVE only")
        found[endpoint.name] = endpoint
    return found


def _read(path: Path) -> Endpoint | None:
    try:
        return Endpoint(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
