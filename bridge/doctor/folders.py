"""The run directory and the folder for temporary files: whether a worker's sockets can be there, and who can enter."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import zmq

from triglot.discovery import local_endpoint
from triglot.doctor.finding import Finding
from triglot.errors import ConfigError
from triglot.remedy import Command

LONGEST_NAME = "python-99"  # of the workers that a supervisor starts
_ELSEWHERE = "export TRIGLOT_RUN_DIR={}"


def look(run_dir: Path) -> Iterator[Finding]:
    """Yield whether workers can be met in the run directory, and in the folder of a fit."""
    yield _run_directory(run_dir.absolute())
    yield _temporary()


def _run_directory(path: Path) -> Finding:
    there = path.is_dir()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        return _unfit(path, f"cannot be made: {error.strerror}")
    try:
        found = path.stat()
        if found.st_uid != os.getuid():
            return _unfit(path, f"belongs to another user (id {found.st_uid})")
        if mode := stat.S_IMODE(found.st_mode) & 0o077:
            why = f"can be entered by others (mode {stat.S_IMODE(found.st_mode):04o}, and {mode:03o} is too much)"
            return Finding("run directory", "fail", f"{path} {why}", (Command(("chmod", "700", str(path))),))
        if why_not := _no_socket(path):
            return _unfit(path, why_not)
    finally:
        if not there:
            path.rmdir()
    return Finding("run directory", "ok", f"{path}{'' if there else ', to be made'}; sockets can be bound there")


def _temporary() -> Finding:
    try:
        with tempfile.TemporaryDirectory(prefix="triglot-") as folder:
            why = _no_socket(Path(folder))
    except OSError as error:
        why = f"nothing can be made there: {error.strerror}"
    place = tempfile.gettempdir() if why is None or "made" not in why else os.environ.get("TMPDIR", "/tmp")
    if why is None:
        return Finding("temporary files", "ok", f"{place}; sockets can be bound there")
    return Finding("temporary files", "fail", f"{place} {why}", advice="name another folder: export TMPDIR=/var/tmp")


def _no_socket(folder: Path) -> str | None:
    """Return why no worker could listen in a folder, or None where one has just done."""
    try:
        endpoint = local_endpoint(folder, LONGEST_NAME, "python")
    except ConfigError as error:
        return str(error).partition("' ")[2]
    probe = folder / f"doctor-{os.getpid()}.ipc"
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        try:
            socket.bind(f"ipc://{probe}")
        except zmq.ZMQError as error:
            return f"takes no sockets: {os.strerror(error.errno or 0)}"
        finally:
            probe.unlink(missing_ok=True)
    del endpoint
    return None


def _unfit(path: Path, why: str) -> Finding:
    runtime = Path(f"/run/user/{os.getuid()}")
    shorter = (runtime if runtime.is_dir() else Path("/tmp")) / "triglot"
    advice = f"name another: {_ELSEWHERE.format(shorter)}"
    return Finding("run directory", "fail", f"{path} {why}", advice=advice)
