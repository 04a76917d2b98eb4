"""A process as others on the same host know it: an id alone says little, because containers count anew."""

import os
from typing import Any, NamedTuple


class ProcessId(NamedTuple):
    """A process id, and the namespace that it is of; 0 where the system has none."""

    pid: int
    namespace: int

    @classmethod
    def own(cls) -> "ProcessId":
        """Return this process's."""
        return cls(os.getpid(), _namespace())

    @classmethod
    def told(cls, state: dict[str, Any]) -> "ProcessId | None":
        """Return what a worker's state says, or None where it does not say it."""
        pid, namespace = state.get("pid"), state.get("pid_namespace")
        return cls(pid, namespace) if isinstance(pid, int) and isinstance(namespace, int) else None

    def has_ended(self) -> bool:
        """Whether it is over, or no more than its parent's memory of it; False also where that is not to be seen."""
        if not self.namespace or self.namespace != _namespace():
            return False
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as stat:
                return stat.read().rpartition(b") ")[2][:1] in (b"Z", b"X")
        except (FileNotFoundError, ProcessLookupError):
            return True
        except OSError:
            return False


def _namespace() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0
