"""The control thread of a worker: heartbeats, state and drain, while the interpreter computes.

It also asks the runtime to stop a call that nobody waits for any more. It runs in a thread of its own, which the
interpreter cannot starve: rpy2's and ctypes' calls let go of Python's lock.
"""

import logging
import os
import threading
import time
from typing import Any

import zmq

from triglot import wire
from triglot.errors import ProtocolError
from triglot.estimator import Runtime
from triglot.workers.activity import Activity

logger = logging.getLogger("triglot.worker")

TICK_MS = 50
INTERRUPT_GRACE_S = 0.05
KILL_GRACE_S = 10.0
EXIT_STUCK = 75  # sysexits.h: EX_TEMPFAIL


class Control(threading.Thread):
    """Answers `state` and `drain` on a ROUTER socket that is bound before the thread starts."""

    def __init__(
        self, runtime: Runtime, socket: "zmq.Socket[bytes]", activity: Activity, identity: dict[str, Any]
    ) -> None:
        super().__init__(name="triglot-control", daemon=True)
        self._runtime = runtime
        self._socket = socket
        self._activity = activity
        self._identity = identity
        self._over = threading.Event()
        self._parent = os.getppid()
        self._alone_since = 0.0

    def run(self) -> None:
        """Answer until `close`."""
        try:
            while not self._over.is_set():
                if self._socket.poll(TICK_MS, zmq.POLLIN):
                    self._answer()
                self._stop_what_nobody_waits_for()
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
            "holds": [list(held) for held in activity.holds],
            "rss_bytes": _rss_bytes(),
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
        if until is None:
            return
        late_s = time.monotonic() - until
        if late_s > KILL_GRACE_S:
            # Code that cannot be interrupted (a loop in C, say) would hold this worker for ever.
            logger.error("the call is %.0f s past its deadline and does not stop: this worker ends itself", late_s)
            logging.shutdown()
            os._exit(EXIT_STUCK)
        if late_s > INTERRUPT_GRACE_S:
            self._runtime.interrupt()


def _rss_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
