"""The run directory and the folder for temporary files: whether a worker's sockets can be there, and who can enter."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import zmq

from triglot.doctor.finding import Finding
from triglot.errors import ConfigError
from triglot.languages.remedy import Command
from triglot.transport.discovery import local_endpoint

LONGEST_NAME = "python-99"  # of the workers that a supervisor starts
_OURS = ("supervisor", "address", "troubles", ".")
_ELSEWHERE = "export TRIGLOT_RUN_DIR={}"


def look(run_dir: Path) -> Iterator[Finding]:
    """Yield whether workers can be met in the run directory, and in the folder of a fit."""
    yield _run_directory(run_dir.absolute())
    yield _temporary()


def _run_directory(path: Path) -> Finding:
    if not path.is_dir():
        return _to_be_made(path)
    found = path.stat()
    if found.st_uid != os.getuid():
        return _unfit(path, f"belongs to another user (id {found.st_uid})")
    if mode := stat.S_IMODE(found.st_mode) & 0o077:
        why = f"can be entered by others (mode {stat.S_IMODE(found.st_mode):04o}, and {mode:03o} is too much)"
        if not _is_ours(path):
            return _unfit(path, f"{why} and holds what is not Triglot's")
        return Finding("run directory", "fail", f"{path} {why}", (Command(("chmod", "700", str(path))),))
    if why_not := _too_long(path) or _no_socket(path):
        return _unfit(path, why_not)
    return Finding("run directory", "ok", f"{path}; sockets can be bound there")


def _to_be_made(path: Path) -> Finding:
    """Return whether a directory that is not there can be made; none is made to find out."""
    if why := _too_long(path):
        return _unfit(path, why)
    nearest = next(folder for folder in (path, *path.parents) if os.path.lexists(folder))
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        return _unfit(path, f"cannot be made: {nearest} is no folder that is yours to write to")
    return Finding("run directory", "ok", f"{path}, to be made")


def _is_ours(path: Path) -> bool:
    """Whether a directory holds nothing but what a service leaves in one: only such a one is closed to others."""
    return all(name.startswith(_OURS) or name.endswith((".ipc", ".json", ".end")) for name in os.listdir(path))


def _temporary() -> Finding:
    try:
        with tempfile.TemporaryDirectory(prefix="triglot-") as folder:
            why = _too_long(Path(folder)) or _no_socket(Path(folder))
    except OSError as error:
        why = f"nothing can be made there: {error.strerror}"
    place = tempfile.gettempdir() if why is None or "made" not in why else os.environ.get("TMPDIR", "/tmp")
    if why is None:
        return Finding("temporary files", "ok", f"{place}; sockets can be bound there")
    return Finding("temporary files", "fail", f"{place} {why}", advice="name another folder: export TMPDIR=/var/tmp")


def _too_long(folder: Path) -> str | None:
    """Return why the path of a worker's socket would not fit, or None where it would."""
    try:
        local_endpoint(folder, LONGEST_NAME, "python")
    except ConfigError as error:
        return str(error).partition("' ")[2]
    return None


def _no_socket(folder: Path) -> str | None:
    """Return why no worker could listen in a folder, or None where one has just done."""
    probe = folder / f"doctor-{os.getpid()}.ipc"
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        try:
            socket.bind(f"ipc://{probe}")
        except zmq.ZMQError as error:
            return f"takes no sockets: {os.strerror(error.errno or 0)}"
        finally:
            probe.unlink(missing_ok=True)
    return None


def _unfit(path: Path, why: str) -> Finding:
    runtime = Path(f"/run/user/{os.getuid()}")
    shorter = (runtime if runtime.is_dir() else Path("/tmp")) / "triglot"
    advice = f"name another: {_ELSEWHERE.format(shorter)}"
    return Finding("run directory", "fail", f"{path} {why}", advice=advice)
