"""One background thread a process that knows which workers are there, and notices at once when one is gone.

Workers are found in the run directory or in a list. A control connection to each carries their states, and heartbeats
of ZeroMQ's own, which a thread of the library answers however busy an interpreter is with the lock that it keeps. The
connection's disconnect tells of a death within milliseconds; a heartbeat that stays out breaks the connection to a
process that was stopped and to a host that hangs. Nothing here sends requests.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils.monitor import recv_monitor_message

from triglot.dispatch.absences import Absences
from triglot.dispatch.routing import WorkerView
from triglot.errors import ProtocolError, TriglotError
from triglot.languages.pools import pool_of
from triglot.protocol import wire
from triglot.transport.discovery import Endpoint, scan
from triglot.transport.processes import ProcessId

logger = logging.getLogger("triglot.monitor")

TICK_MS = 25
BEAT_S = 0.25
# ZeroMQ asks this often, and waits so long for anything at all; together that is the silence that breaks a connection
PING_S = 0.5
PONG_S = 2.0
SILENCE_S = PING_S + PONG_S

Protect = Callable[["zmq.Socket[bytes]", Endpoint], None]


@dataclass(slots=True)
class _Link:
    """The control connection to one incarnation of one worker."""

    endpoint: Endpoint
    socket: "zmq.Socket[bytes]"
    events: "zmq.Socket[bytes]"
    last_heard: float
    last_asked: float = 0.0
    alive: bool = False
    draining: bool = False
    silent: bool = False
    announced: bool = True
    bundles: bool = False
    holds: frozenset[tuple[str, int, str]] = field(default_factory=frozenset)
    process: ProcessId | None = None

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.has_ended()

    def close(self) -> None:
        self.socket.disable_monitor()
        self.events.close(linger=0)
        self.socket.close(linger=0)


class Monitor:
    """Keeps a snapshot of the workers; every method may be called from any thread."""

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        run_dir: Path | None,
        listed: Mapping[str, Endpoint],
        protect: Protect,
    ) -> None:
        self._context = context
        self._run_dir = run_dir
        self._listed = dict(listed)
        self._protect = protect
        self._links: dict[tuple[str, str], _Link] = {}
        self._refused: set[tuple[str, str]] = set()
        self._absences = Absences()
        self._scanned: tuple[int, float] = (0, 0.0)
        self._changed = threading.Condition()
        self._views: dict[tuple[str, str], WorkerView] = {}
        self._listing: tuple[WorkerView, ...] = ()
        self._outstanding: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="triglot-monitor", daemon=True)
        self._thread.start()

    def workers(self) -> Sequence[WorkerView]:
        """Return what is known of all workers now."""
        return self._listing

    def is_lost(self, worker: tuple[str, str]) -> bool:
        """True once this process of a worker is known to be gone or out of reach."""
        view = self._views.get(worker)
        return view is None or not view.alive

    def is_silent(self, worker: tuple[str, str]) -> bool:
        """True where a worker is out of reach for its silence alone, and may be there all the same."""
        view = self._views.get(worker)
        return view is not None and view.silent

    def wait_for_change(self, timeout_s: float) -> None:
        """Return when something about the workers has changed, or after the timeout."""
        with self._changed:
            self._changed.wait(timeout_s)

    @property
    def outstanding(self) -> Mapping[tuple[str, str], int]:
        """How many requests of this process each worker has in its hands; one that has none is absent."""
        return self._outstanding

    def took(self, worker: tuple[str, str]) -> None:
        """Count one request more as being in a worker's hands."""
        with self._lock:
            self._outstanding[worker] = self._outstanding.get(worker, 0) + 1

    def gave_back(self, worker: tuple[str, str]) -> None:
        """Count one request less."""
        with self._lock:
            left = self._outstanding[worker] - 1
            if left:
                self._outstanding[worker] = left
            else:
                del self._outstanding[worker]

    def close(self) -> None:
        """Stop the thread and close its sockets."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        poller = zmq.Poller()
        try:
            while not self._over.is_set():
                changed = self._follow_announcements(poller)
                if self._links:
                    for socket, _ in poller.poll(TICK_MS):
                        changed |= self._hear(socket)
                else:  # where there is nothing to poll, polling does not wait
                    self._over.wait(TICK_MS / 1000)
                changed |= self._beat(poller)
                self._look_for_absences()
                if changed:
                    self._publish()
        except zmq.ContextTerminated:
            pass
        finally:
            for link in self._links.values():
                link.close()
            self._links.clear()

    def _follow_announcements(self, poller: zmq.Poller) -> bool:
        """Connect to workers that are new, and mark those whose announcement is gone."""
        endpoints = dict(self._listed)
        if self._run_dir is not None:
            stamp = self._stamp()
            if stamp == self._scanned:
                return False
            self._scanned = stamp
            endpoints |= scan(self._run_dir)
        elif self._links:
            return False
        wanted = {(endpoint.name, endpoint.incarnation): endpoint for endpoint in endpoints.values()}
        changed = False
        for key, endpoint in wanted.items():
            if key not in self._links and key not in self._refused:
                try:
                    self._links[key] = link = self._connect(endpoint)
                except (TriglotError, zmq.ZMQError) as error:  # one that is out of reach must not hide the others
                    logger.error("worker %s cannot be reached: %s", endpoint.name, error)
                    self._refused.add(key)
                    continue
                poller.register(link.socket, zmq.POLLIN)
                poller.register(link.events, zmq.POLLIN)
        for key, link in self._links.items():
            announced = key in wanted
            changed |= announced != link.announced
            link.announced = announced
        return changed

    def _stamp(self) -> tuple[int, float]:
        """Return what changes with the directory; at least once a second, for coarse clocks of file systems."""
        assert self._run_dir is not None
        try:
            return (self._run_dir.stat().st_mtime_ns, float(int(time.monotonic())))
        except FileNotFoundError:
            return (0, 0.0)

    def _connect(self, endpoint: Endpoint) -> _Link:
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.reconnect_ivl = 50
        socket.reconnect_ivl_max = 1_000
        socket.heartbeat_ivl = int(PING_S * 1000)
        socket.heartbeat_timeout = int(PONG_S * 1000)
        try:
            self._protect(socket, endpoint)
            socket.connect(endpoint.control)
            events = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        except (TriglotError, zmq.ZMQError):
            socket.close(linger=0)
            raise
        link = _Link(endpoint, socket, events, last_heard=time.monotonic())
        self._ask(link)
        return link

    def _ask(self, link: _Link) -> None:
        link.last_asked = time.monotonic()
        with contextlib.suppress(zmq.Again):
            link.socket.send(wire.pack_control({"op": "state"}), zmq.NOBLOCK)

    def _hear(self, socket: "zmq.Socket[bytes]") -> bool:
        link = next((each for each in self._links.values() if socket in (each.socket, each.events)), None)
        if link is None:
            return False
        if socket is link.events:
            recv_monitor_message(socket)
            return self._disconnected(link)
        try:
            state = wire.unpack_control(socket.recv())
            holds = frozenset((str(model), int(version), str(sha256)) for model, version, sha256 in state["holds"])
            incarnation, draining = str(state["incarnation"]), bool(state["draining"])
        except (ProtocolError, KeyError, TypeError, ValueError) as error:
            logger.warning("worker %s: its state cannot be read: %s", link.endpoint.name, error)
            return False
        link.last_heard = time.monotonic()
        if link.endpoint.incarnation and incarnation != link.endpoint.incarnation:
            return False  # a successor on the same address; its own announcement follows
        link.bundles, link.process = state.get("bundles") is True, ProcessId.told(state)
        before = (link.alive, link.draining, link.holds)
        link.alive, link.silent, link.draining, link.holds = True, False, draining, holds
        return before != (link.alive, link.draining, link.holds)

    def _disconnected(self, link: _Link) -> bool:
        """Give a worker up, as silent where it has not said anything for long: it may be stopped, or have ended."""
        changed = link.alive
        silent_s = time.monotonic() - link.last_heard
        link.alive, link.silent = False, silent_s > PONG_S and not link.has_ended
        if changed and link.silent:
            logger.warning("worker %s has been silent for %.1f s", link.endpoint.name, silent_s)
        return changed

    def _beat(self, poller: zmq.Poller) -> bool:
        """Ask those who are due, and forget those who are gone for good."""
        now = time.monotonic()
        changed = False
        for key, link in list(self._links.items()):
            if now - link.last_asked >= BEAT_S:
                self._ask(link)
            if link.silent and link.has_ended:  # its sockets went first, and its place among the processes then
                link.silent, changed = False, True
            if not link.alive and not link.announced:
                poller.unregister(link.socket)
                poller.unregister(link.events)
                link.close()
                del self._links[key]
                changed = True
        return changed

    def _look_for_absences(self) -> None:
        """Note the pools whose workers have all ended, or fallen silent, without having gone in order."""
        there = {_pool(link) for link in self._links.values() if link.alive}
        lost = {_pool(link) for link in self._links.values() if not link.alive and link.announced and link.process}
        self._absences.look(there, lost - there, time.monotonic())

    def _publish(self) -> None:
        views = {
            key: WorkerView(
                link.endpoint,
                link.alive,
                link.draining or not link.announced,
                link.holds,
                silent=link.silent,
                bundles=link.bundles,
            )
            for key, link in self._links.items()
        }
        self._views, self._listing = views, tuple(views.values())
        with self._changed:
            self._changed.notify_all()


def _pool(link: _Link) -> str:
    return pool_of(link.endpoint.language, link.endpoint.group)
