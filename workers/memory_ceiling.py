"""What holds a worker to the memory that it may use."""

import logging
import os
from collections.abc import Callable

from triglot.errors import ConfigError
from triglot.hooks import Hook
from triglot.workers.activity import Activity
from triglot.workers.ending import EXIT_MEMORY, End

logger = logging.getLogger("triglot.worker")

GIB = 2**30


class MemoryCeiling(Hook):
    """Ends the call, and the process with it, beyond so many bytes; goes in order where there is no call."""

    def __init__(self, most: int, activity: Activity, end: End, *, used: Callable[[], int] | None = None) -> None:
        self._most = most
        self._activity = activity
        self._end = end
        self._used = used or rss_bytes

    def refuse_too_low(self, language: str) -> None:
        """Return if there is room for a model; raises `ConfigError` where the language alone takes more."""
        if (used := self._used()) > self._most:
            raise ConfigError(
                f"worker_memory is {self._most / GIB:.2f} GiB, and {language} takes {used / GIB:.2f} GiB before it "
                "has loaded a model; raise it"
            )

    def heartbeat(self) -> None:
        """Look at what the process uses now."""
        if self._activity.draining or (used := self._used()) <= self._most:
            return
        much = f"this worker uses {used / GIB:.2f} GiB of memory, and its ceiling (worker_memory) is "
        much += f"{self._most / GIB:.2f} GiB"
        if self._activity.busy_since is None:
            logger.warning("%s: it goes, to be started again", much)
            self._activity.drain()
        else:
            self._end(EXIT_MEMORY, f"{much}: it ends itself in the middle of a call")


def rss_bytes() -> int:
    """Return the memory that this process has in use; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
