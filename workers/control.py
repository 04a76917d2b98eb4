"""The control thread of a worker: its state and its draining, told and done while the interpreter computes.

Whatever else must go on meanwhile hangs on its heartbeat (`triglot.hooks`). It runs in a thread of its own. Calls into
R and Julia let go of Python's lock; code of Python's own that keeps it holds this thread up, and then the connection
alone tells that the worker is there: ZeroMQ's own thread answers its heartbeats (`triglot.dispatch.monitor`).
"""

import logging
import threading
import time
from typing import Any

import zmq

from triglot.errors import ProtocolError
from triglot.hooks import Hook
from triglot.protocol import wire
from triglot.transport.processes import ProcessId
from triglot.workers.activity import Activity
from triglot.workers.memory_ceiling import rss_bytes

logger = logging.getLogger("triglot.worker")

TICK_MS = 50


class Control(threading.Thread):
    """Answers `state` and `drain` on a ROUTER socket that is bound before the thread starts."""

    def __init__(self, socket: "zmq.Socket[bytes]", activity: Activity, identity: dict[str, Any], hooks: Hook) -> None:
        super().__init__(name="triglot-control", daemon=True)
        self._socket = socket
        self._activity = activity
        self._identity = identity
        self._hooks = hooks
        self._over = threading.Event()
        self._process = ProcessId.own()

    def run(self) -> None:
        """Answer until `close`."""
        try:
            while not self._over.is_set():
                if self._socket.poll(TICK_MS, zmq.POLLIN):
                    self._answer()
                self._hooks.heartbeat()
        finally:
            self._socket.close(linger=0)

    def close(self) -> None:
        """Stop answering and wait until the socket is closed."""
        self._over.set()
        self.join()

    def state(self) -> dict[str, Any]:
        """Return the worker's state as the control socket tells it; times are seconds."""
        activity = self._activity
        busy_since = activity.busy_since
        return {
            **self._identity,
            "pid": self._process.pid,
            "pid_namespace": self._process.namespace,
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
