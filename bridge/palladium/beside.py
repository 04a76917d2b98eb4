"""Workers beside a front end that `palladium.wsgi:app` is in: a WSGI server starts it, and knows of no workers.

Each of the server's processes holds a lock, and starts a keeper of the workers (`triglot.cli.beside`). One keeper
stays, and ends once nobody holds the lock any more, however the server ended.
"""

import fcntl
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from triglot.transport.discovery import run_directory

logger = logging.getLogger("triglot")

_FRONT_ENDS, _KEEPER = "front-ends.lock", "keeper.lock"
_held: dict[str, int] = {}  # the lock of each run directory, until this process ends


def start_workers(run_dir: Path, environ: Mapping[str, str]) -> None:
    """Have workers in a run directory for as long as this process lives; those of a service are enough."""
    folder = run_directory(run_dir)
    if is_served(folder) or str(folder) in _held:
        return
    _held[str(folder)] = lock = _opened(folder / _FRONT_ENDS)
    fcntl.flock(lock, fcntl.LOCK_SH)
    keeper = [sys.executable, "-m", "triglot.cli.beside"]
    process = subprocess.Popen(keeper, env=dict(environ), stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=process.wait, name="workers-beside", daemon=True).start()  # else it would be a zombie
    logger.info("workers are kept beside this front end, in %s; triglot serve supervises both", folder)


def is_served(run_dir: Path) -> bool:
    """Whether a service that is supervised has this run directory."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(run_dir.absolute() / "supervisor.sock")) == 0


@contextmanager
def kept_alone(run_dir: Path) -> Iterator[bool]:
    """Hold whether this process is the keeper of a run directory; no other one is, meanwhile."""
    lock = _opened(run_directory(run_dir) / _KEEPER)
    try:
        yield _locked(lock)
    finally:
        os.close(lock)


def nobody_is_left(run_dir: Path) -> bool:
    """Whether no front end holds the lock of a run directory."""
    lock = _opened(run_directory(run_dir) / _FRONT_ENDS)
    try:
        return _locked(lock)
    finally:
        os.close(lock)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
