"""The control thread of a worker: heartbeats, state and drain, while the interpreter computes.

It also asks the runtime to stop a call that nobody waits for any more. It runs in a thread of its own, which the
interpreter cannot starve: rpy2's and ctypes' calls let go of Python's lock.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import zmq

from triglot.errors import ProtocolError
from triglot.protocol import wire
from triglot.protocol.runtime import Runtime
from triglot.workers.activity import Activity

logger = logging.getLogger("triglot.worker")

TICK_MS = 50
INTERRUPT_GRACE_S = 0.05
KILL_GRACE_S = 10.0
LAST_RESORT_S = 2.0
EXIT_STUCK = 75  # sysexits.h: EX_TEMPFAIL
EXIT_MEMORY = 71  # sysexits.h: EX_OSERR
GIB = 2**30


class Control(threading.Thread):
    """Answers `state` and `drain` on a ROUTER socket that is bound before the thread starts.

    It ends the process, after `last_word` was given the reason, where a call does not stop or where the process uses
    more than `memory` bytes (0 is no bound).
    """

    def __init__(
        self,
        runtime: Runtime,
        socket: "zmq.Socket[bytes]",
        activity: Activity,
        identity: dict[str, Any],
        *,
        memory: int = 0,
        last_word: Callable[[str], None] = lambda reason: None,
    ) -> None:
        super().__init__(name="triglot-control", daemon=True)
        self._runtime = runtime
        self._socket = socket
        self._activity = activity
        self._identity = identity
        self._memory = memory
        self._last_word = last_word
        self._over = threading.Event()
        self._parent = os.getppid()
        self._alone_since = 0.0
        self._armed_for: float | None = None

    def run(self) -> None:
        """Answer until `close`."""
        try:
            while not self._over.is_set():
                if self._socket.poll(TICK_MS, zmq.POLLIN):
                    self._answer()
                self._stop_what_nobody_waits_for()
                self._hold_to_memory()
        finally:
            self._socket.close(linger=0)

    def close(self) -> None:
        """Stop answering and wait until the socket is closed."""
        self._over.set()
        self.join()

    @property
    def orphaned(self) -> bool:
        """Whether the process that started this worker is gone."""
        return os.getppid() != self._parent

    def state(self) -> dict[str, Any]:
        """Return the worker's state as the control socket tells it; times are seconds."""
        activity = self._activity
        busy_since = activity.busy_since
        return {
            **self._identity,
            "pid": os.getpid(),
            "draining": activity.draining,
            "queued": activity.queued,
            "served": activity.served,
            "busy_s": 0.0 if busy_since is None else time.monotonic() - busy_since,
            "bundles": True,
            "holds": [list(held) for held in activity.holds],
            "rss_bytes": rss_bytes(),
        }

    def _answer(self) -> None:
        client, *frames = self._socket.recv_multipart()
        try:
            asked = wire.unpack_control(frames[0]) if frames else {}
        except ProtocolError as error:
            logger.warning("control: %s", error)
            return
        if asked.get("op") == "drain":
            self._activity.drain()
        self._socket.send_multipart([client, wire.pack_control(self.state())])

    def _stop_what_nobody_waits_for(self) -> None:
        until = self._activity.busy_until
        if until is not None and self.orphaned:  # whoever asked for the call is gone, too
            self._alone_since = self._alone_since or time.monotonic()
            until = min(until, self._alone_since)
        late_s = -1.0 if until is None else time.monotonic() - until
        if late_s > KILL_GRACE_S:
            # Code that cannot be interrupted (a loop in C, say) would hold this worker for ever.
            self._end(
                EXIT_STUCK, f"the call is {late_s:.0f} s past its deadline and does not stop: this worker ends itself"
            )
        if late_s > INTERRUPT_GRACE_S:
            self._arm(until)
            self._runtime.interrupt()
        else:
            self._arm(None)

    def _arm(self, until: float | None) -> None:
        """Have the kernel end this process by SIGALRM some seconds after a call's end was due; for None, disarm it.

        A call that is interrupted by force may leave locks behind that this thread needs, too. Calls may follow each
        other without a pause: what was meant for one must not hit the next.
        """
        if until != self._armed_for:
            self._armed_for = until
            signal.setitimer(signal.ITIMER_REAL, 0.0 if until is None else KILL_GRACE_S + LAST_RESORT_S)

    def _hold_to_memory(self) -> None:
        """End the call, and the process with it, beyond the ceiling; go in order where there is no call."""
        if not self._memory or self._activity.draining:
            return
        used = rss_bytes()
        if used <= self._memory:
            return
        much = f"this worker uses {used / GIB:.2f} GiB of memory, and its ceiling (worker_memory) is "
        much += f"{self._memory / GIB:.2f} GiB"
        if self._activity.busy_since is None:
            logger.warning("%s: it goes, to be started again", much)
            self._activity.drain()
        else:
            self._end(EXIT_MEMORY, f"{much}: it ends itself in the middle of a call")

    def _end(self, code: int, reason: str) -> None:
        logger.error("%s", reason)
        with contextlib.suppress(OSError):
            self._last_word(reason)
        logging.shutdown()
        os._exit(code)


def rss_bytes() -> int:
    """Return the memory that this process has in use; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
