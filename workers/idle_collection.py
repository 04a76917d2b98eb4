"""What a worker does while nobody asks for anything: it gives back the memory that it no longer uses.

R and Julia let tens of megabytes of garbage gather before they collect it, and C keeps what is freed. Collecting all
takes some 50 ms, so it waits until the worker has been idle for a while, and until it is worth it.
"""

import ctypes
import logging
import time
from collections.abc import Callable

from triglot.hooks import Hook
from triglot.protocol.runtime import Runtime
from triglot.workers.activity import Activity
from triglot.workers.memory_ceiling import rss_bytes

logger = logging.getLogger("triglot.worker")

IDLE_S = 2.0
WORTH_BYTES = 16 * 2**20
LONGEST_S = 5.0  # then it is stopped as a call is that nobody waits for any more


class IdleCollection(Hook):
    """Collects garbage when the loop has nothing to do, in the thread that may enter the language."""

    def __init__(
        self,
        runtime: Runtime,
        activity: Activity,
        *,
        used: Callable[[], int] = rss_bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runtime = runtime
        self._activity = activity
        self._used = used
        self._clock = clock
        self._served = activity.served
        self._since = clock()
        self._over = False
        self._least = 0  # bytes in use after the last collection

    def worker_idle(self) -> None:
        """Collect once in each idle time, where the process has grown since the last collection."""
        if self._activity.served != self._served:
            self._served, self._since, self._over = self._activity.served, self._clock(), False
        if self._over or self._clock() - self._since < IDLE_S:
            return
        self._over = True
        if self._used() - self._least < WORTH_BYTES:
            return
        try:
            with self._activity.working(time.monotonic() + LONGEST_S, 0):  # an author's finaliser may never end
                self._runtime.collect()
            self._runtime.take_output()  # what finalisers printed belongs to no request
        except Exception:
            logger.exception("memory cannot be given back")
        _trim()
        self._least = self._used()


def _trim() -> None:
    """Have C's allocator return what is free, where it is glibc's."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
