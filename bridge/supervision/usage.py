"""What processes use of the machine: time on a processor, memory, open files, threads."""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Use(NamedTuple):
    """What processes use: seconds of a processor since they started, bytes of memory, open files, threads."""

    cpu_s: float = 0.0
    resident_bytes: int = 0
    files: int = 0
    threads: int = 0

    def plus(self, other: "Use") -> "Use":
        """Return what both use together."""
        return Use(
            self.cpu_s + other.cpu_s,
            self.resident_bytes + other.resident_bytes,
            self.files + other.files,
            self.threads + other.threads,
        )


def used(pid: int) -> Use:
    """Return what a process and its descendants use; nothing of those that have ended meanwhile."""
    use = Use()
    with contextlib.suppress(OSError, ValueError):
        proc = Path("/proc") / str(pid)
        fields = (proc / "stat").read_bytes().rpartition(b") ")[2].split()
        use = Use(
            sum(map(int, fields[11:15])) / _TICKS,  # its own time, and that of children that have ended
            int(fields[21]) * _PAGE,
            len(os.listdir(proc / "fd")),
            int(fields[17]),
        )
        for child in (proc / "task" / str(pid) / "children").read_text("ascii").split():
            use = use.plus(used(int(child)))
    return use
