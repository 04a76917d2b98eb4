"""A file that one process holds at a time: who has it does the work that it stands for."""

import fcntl
import os
from pathlib import Path
from typing import IO


def held(path: Path) -> IO[bytes] | None:
    """Return the file, this process's alone until it is closed; None where another process holds it.

    It is made where it is not there, with its folder; raises `OSError` where that cannot be. Whoever held it may have
    removed it before letting go: what was opened until then is no file any more, and is opened again.
    """
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, file):
                return file
        except BlockingIOError:
            file.close()
            return None
        except BaseException:
            file.close()
            raise
        file.close()


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
