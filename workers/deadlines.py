"""What stops a call that nobody waits for any more, and ends the worker where the call does not hear."""

import threading
import time

from triglot.hooks import Hook, WorkerCall
from triglot.protocol.runtime import Runtime
from triglot.workers.activity import Activity
from triglot.workers.ending import EXIT_STUCK, End
from triglot.workers.kernel_timer import KernelTimer

INTERRUPT_GRACE_S = 0.05
KILL_GRACE_S = 10.0
LAST_RESORT_S = 2.0
SLACK_S = 0.5  # by which the last resort may come too early or too late


class Deadlines(Hook):
    """Asks the runtime to stop what is past its deadline; then the process ends, by itself or by the kernel.

    The kernel has its order before a call begins, because code that keeps Python's lock lets no other thread give it.
    It is taken back once the worker is idle, and given anew where another deadline than that of the last call is meant:
    so calls that follow each other cost nothing.
    """

    def __init__(self, runtime: Runtime, activity: Activity, end: End) -> None:
        self._runtime = runtime
        self._activity = activity
        self._end = end
        self._alone_since = 0.0
        self._armed_for: float | None = None
        self._timer = KernelTimer()
        self._lock = threading.Lock()  # so that nothing is taken back that a call relies on

    def call_begun(self, call: WorkerCall) -> None:
        """Have the kernel end this process where the call goes on for much too long."""
        with self._lock:
            self._arm(call.until)

    def heartbeat(self) -> None:
        """Look at the call that runs now."""
        with self._lock:
            until = self._activity.busy_until
            if until is not None and self._activity.orphaned:  # whoever asked for the call is gone, too
                self._alone_since = self._alone_since or time.monotonic()
                until = min(until, self._alone_since)
            self._arm(until)
        late_s = -1.0 if until is None else time.monotonic() - until
        if late_s > KILL_GRACE_S:
            # Code that cannot be interrupted (a loop in C, say) would hold this worker for ever.
            self._end(
                EXIT_STUCK, f"the call is {late_s:.0f} s past its deadline and does not stop: this worker ends itself"
            )
        if late_s > INTERRUPT_GRACE_S:
            self._runtime.interrupt()

    def _arm(self, until: float | None) -> None:
        """Have the kernel end this process some seconds after a call's end was due; for None, disarm it.

        A call that is interrupted by force may leave locks behind that the control thread needs, too. Calls may follow
        each other without a pause: what was meant for one must not hit the next.
        """
        if until is None:
            if self._armed_for is not None:
                self._timer.stop()
        elif self._armed_for is None or abs(until - self._armed_for) > SLACK_S:
            self._timer.start(max(0.0, until - time.monotonic()) + KILL_GRACE_S + LAST_RESORT_S)
        else:
            return
        self._armed_for = until
