"""The id of this process, known without asking the kernel: a request would ask several times."""

import os

_pid = os.getpid()


def _born() -> None:
    global _pid
    _pid = os.getpid()


os.register_at_fork(after_in_child=_born)


def pid() -> int:
    """Return the id of this process, after a fork the child's own."""
    return _pid
