"""What a worker is doing right now, written by its loop and read by its control thread."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Activity:
    """Plain attributes, each written by one thread; reading one is atomic in Python."""

    holds: tuple[tuple[str, int, str], ...] = ()
    queued: int = 0
    served: int = 0
    busy_since: float | None = None
    busy_until: float | None = None
    draining: bool = False
    parent: int = field(default_factory=os.getppid)

    @property
    def orphaned(self) -> bool:
        """Whether the process that started this worker is gone."""
        return os.getppid() != self.parent

    def drain(self) -> None:
        """Tell the loop to finish what it has and go; may be called from a signal handler and twice."""
        # not an Event: a handler that interrupts another one would wait for its lock for ever
        self.draining = True

    @contextmanager
    def working(self, until: float, requests: int) -> Iterator[None]:
        """Mark the interpreter as busy on a call that nobody waits for after `until` (monotonic seconds)."""
        self.busy_until = until
        self.busy_since = time.monotonic()
        try:
            yield
        finally:
            self.busy_since = self.busy_until = None
            self.served += requests
