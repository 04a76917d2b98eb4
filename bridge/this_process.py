"""This process: its id, known without asking the kernel because a request would ask several times, and its end."""

import ctypes
import os
import signal
import sys
from collections.abc import Mapping

PARENT_VARIABLE = "TRIGLOT_PARENT"
_PR_SET_PDEATHSIG = 1

_pid = os.getpid()


def _born() -> None:
    global _pid
    _pid = os.getpid()


os.register_at_fork(after_in_child=_born)


def pid() -> int:
    """Return the id of this process, after a fork the child's own."""
    return _pid


def end_with_parent() -> None:
    """Have the kernel send SIGTERM when the thread that started this process ends, even by -9.

    A parent that says who it is (`PARENT_VARIABLE`) may have ended before: then this process ends now.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.environ.pop(PARENT_VARIABLE, str(os.getppid())) != str(os.getppid()):
        sys.exit(f"{os.path.basename(sys.executable)}: whoever started this process has ended")


def end_with_supervisor(environ: Mapping[str, str]) -> None:
    """Do so where supervisord started this process, as it says there; whoever starts one by hand may end before it."""
    if environ.get("SUPERVISOR_ENABLED"):
        end_with_parent()
