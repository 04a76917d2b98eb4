"""What predictions leave behind in their worker: open files, threads, child processes. It is counted, and told once."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from triglot.hooks import Hook, WorkerCall

logger = logging.getLogger("triglot.worker")

FIRST = 16  # calls of a version that are looked at one by one
EVERY = 64  # and of later ones each so manieth, because a look costs some microseconds
OFTEN = 3  # what was left only once or twice may be a pool that later calls use, too


@dataclass(slots=True)
class _Kept:
    """What calls of one version have left, as far as they were looked at."""

    calls: int = 0
    left: dict[str, int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)


class Leftovers(Hook):
    """Looks at the process before and after some of each version's calls, where the system shows what it has."""

    def __init__(self, look: Callable[[], dict[str, int]] | None = None) -> None:
        self._look = look or held_by_process
        self._kept: dict[tuple[str, int], _Kept] = {}
        self._before: dict[str, int] | None = None

    def call_begun(self, call: WorkerCall) -> None:
        """Look, if it is this call's turn."""
        self._before = None
        if call.op not in ("predict", "predict_proba"):
            return
        kept = self._kept.setdefault((call.model, call.version), _Kept())
        kept.calls += 1
        if kept.calls <= FIRST or kept.calls % EVERY == 0:
            self._before = self._look()

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        """Look again, and tell what calls of this version leave time after time."""
        if self._before is None:
            return
        kept, now = self._kept[(call.model, call.version)], self._look()
        for what, number in now.items():
            if (more := number - self._before.get(what, 0)) > 0:
                kept.left[what] = kept.left.get(what, 0) + more
                kept.times[what] = kept.times.get(what, 0) + 1
        if tell := [what for what, times in kept.times.items() if times >= OFTEN and what not in kept.told]:
            kept.told.update(tell)
            logger.warning(
                "version %d of model %r leaves something behind in its worker with each prediction: %s so far",
                call.version,
                call.model,
                ", ".join(f"{kept.left[what]} {what}" for what in tell),
            )

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        """Look again after a call that fails, too."""
        self.call_ended(call, seconds)


def held_by_process() -> dict[str, int]:
    """Return how many open files, threads and child processes this process has; nothing where that is not shown."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
            return {
                "open files": len(os.listdir("/proc/self/fd")),
                "threads": len(os.listdir("/proc/self/task")),
                "child processes": len(children.read().split()),
            }
    except OSError:
        return {}
