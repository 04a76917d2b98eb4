"""The monitor against the real control thread of a worker, played in this process."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from tests.helpers import PATIENCE_S, Hive, context, until
from triglot.dispatch import monitor as monitoring
from triglot.dispatch.monitor import Monitor
from triglot.dispatch.routing import WorkerView
from triglot.errors import WorkerUnavailable
from triglot.hooks import Hooks
from triglot.protocol import wire
from triglot.transport.discovery import Endpoint, announce, local_endpoint, scan, withdraw
from triglot.workers.activity import Activity
from triglot.workers.control import Control


class Side:
    """The control side of one worker: its announcement, its socket, and what it is doing."""

    def __init__(self, made: "zmq.Context[zmq.Socket[bytes]]", run_dir: Path, name: str) -> None:
        self.run_dir = run_dir
        self.endpoint = local_endpoint(run_dir, name, "python")
        self.activity = Activity()
        socket = made.socket(zmq.ROUTER)
        socket.bind(self.endpoint.control)
        identity = {"name": name, "incarnation": self.endpoint.incarnation}
        self._control = Control(socket, self.activity, identity, Hooks())
        self._control.start()
        announce(run_dir, self.endpoint)

    @property
    def id(self) -> tuple[str, str]:
        return (self.endpoint.name, self.endpoint.incarnation)

    def close(self) -> None:
        if self._control.is_alive():
            self._control.close()


@pytest.fixture
def side(hive: Hive) -> Iterator[Callable[..., Side]]:
    with context() as made, contextlib.ExitStack() as stack:

        def start(name: str = "w") -> Side:
            started = Side(made, hive.run_dir, name)
            stack.callback(started.close)
            return started

        yield start


def unprotected(socket: Any, endpoint: Endpoint) -> None:
    if endpoint.server_key:
        raise WorkerUnavailable("there are no keys")


@pytest.fixture
def monitor(hive: Hive) -> Iterator[Monitor]:
    with context() as made:
        started = Monitor(made, hive.run_dir, {}, unprotected)
        yield started
        started.close()


def view(monitor: Monitor, side: Side) -> WorkerView | None:
    return next((worker for worker in monitor.workers() if worker.id == side.id), None)


def alive(monitor: Monitor, side: Side) -> bool:
    return not monitor.is_lost(side.id)


def test_a_worker_is_found_once_it_is_announced_and_answers(monitor: Monitor, side: Callable[..., Side]) -> None:
    assert monitor.workers() == ()
    one = side()
    until(lambda: alive(monitor, one))
    found = view(monitor, one)
    assert found is not None
    assert (found.endpoint, found.draining, found.holds) == (one.endpoint, False, frozenset())


def test_waiting_for_workers_costs_next_to_nothing(monitor: Monitor) -> None:
    began, used = time.monotonic(), time.process_time()
    time.sleep(0.5)
    assert time.process_time() - used < (time.monotonic() - began) / 3
    assert monitor.workers() == ()


def test_what_a_worker_holds_and_that_it_drains_is_known(monitor: Monitor, side: Callable[..., Side]) -> None:
    one = side()
    one.activity.holds = (("m", 1, "ab"), ("m", 2, "cd"))
    until(lambda: alive(monitor, one))
    until(lambda: (found := view(monitor, one)) is not None and found.holds == {("m", 1, "ab"), ("m", 2, "cd")})
    one.activity.drain()
    until(lambda: (found := view(monitor, one)) is not None and found.draining)
    assert alive(monitor, one), "a draining worker still answers what it has"


def test_a_worker_that_takes_its_announcement_away_gets_nothing_more(
    monitor: Monitor, side: Callable[..., Side]
) -> None:
    one = side()
    until(lambda: alive(monitor, one))
    withdraw(one.run_dir, one.endpoint)
    until(lambda: (found := view(monitor, one)) is not None and found.draining)
    one.close()
    until(lambda: monitor.workers() == ())
    assert monitor.is_lost(one.id)


def test_a_death_is_known_by_the_connection_long_before_a_heartbeat_is_due(
    monitor: Monitor, side: Callable[..., Side]
) -> None:
    one = side()
    until(lambda: alive(monitor, one))
    one.close()
    until(lambda: monitor.is_lost(one.id), timeout_s=monitoring.SILENCE_S / 2)
    assert one.id in {worker.id for worker in monitor.workers()}, "its announcement is still there"


def test_a_successor_under_the_same_name_is_another_worker(monitor: Monitor, side: Callable[..., Side]) -> None:
    one = side()
    until(lambda: alive(monitor, one))
    one.close()
    two = side()
    until(lambda: alive(monitor, two))
    until(lambda: [worker.id for worker in monitor.workers()] == [two.id])
    assert monitor.is_lost(one.id)


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Hold a process stopped."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_a_process_that_is_stopped_is_given_up_as_silent_and_found_again(hive: Hive, monitor: Monitor) -> None:
    worker = hive.start("python")
    (key,) = [(endpoint.name, endpoint.incarnation) for endpoint in scan(hive.run_dir).values()]
    until(lambda: not monitor.is_lost(key))
    with stopped(worker.process.pid):
        until(lambda: monitor.is_lost(key))
        assert monitor.is_silent(key)
    until(lambda: not monitor.is_lost(key))
    with stopped(worker.process.pid):
        until(lambda: monitor.is_silent(key))
        worker.kill()
        until(lambda: not monitor.is_silent(key))  # it may not go on any more
    assert monitor.is_lost(key)


def test_a_worker_whose_threads_of_python_stand_still_is_there_all_the_same(hive: Hive, monitor: Monitor) -> None:
    endpoint = local_endpoint(hive.run_dir, "w", "python")
    state = {"holds": [], "incarnation": endpoint.incarnation, "draining": False}
    with context() as made:
        socket = made.socket(zmq.ROUTER)
        socket.rcvtimeo = int(PATIENCE_S * 1000)
        socket.bind(endpoint.control)
        announce(hive.run_dir, endpoint)
        client, _ = socket.recv_multipart()
        socket.send_multipart([client, wire.pack_control(state)])
        until(lambda: not monitor.is_lost(("w", endpoint.incarnation)))
        time.sleep(2 * monitoring.SILENCE_S)  # in which nobody answers
        assert not monitor.is_lost(("w", endpoint.incarnation))
    until(lambda: monitor.is_lost(("w", endpoint.incarnation)))


@pytest.mark.parametrize(
    "answer",
    [b"", b"garbage", wire.pack_control({}), wire.pack_control({"holds": 7, "incarnation": "", "draining": 0})],
)
def test_a_state_that_cannot_be_read_is_no_sign_of_life(
    hive: Hive, monitor: Monitor, side: Callable[..., Side], answer: bytes
) -> None:
    endpoint = local_endpoint(hive.run_dir, "odd", "python")
    with context() as made:
        socket = made.socket(zmq.ROUTER)
        socket.rcvtimeo = int(PATIENCE_S * 1000)
        socket.bind(endpoint.control)
        announce(hive.run_dir, endpoint)
        client, _ = socket.recv_multipart()
        socket.send_multipart([client, answer])
        other = side("sound")
        until(lambda: alive(monitor, other))
        assert monitor.is_lost(("odd", endpoint.incarnation))


@pytest.mark.parametrize("change", [{"server_key": "k" * 40}, {"control": "nonsense"}, {"control": "tcp://"}])
def test_a_worker_that_cannot_be_reached_does_not_hide_the_others(
    hive: Hive, monitor: Monitor, side: Callable[..., Side], change: dict[str, str]
) -> None:
    address = {"control": "tcp://127.0.0.1:9", **change}
    announce(hive.run_dir, Endpoint("far", "r", "tcp://127.0.0.1:9", incarnation="1", **address))
    one = side()
    until(lambda: alive(monitor, one))
    assert [worker.id for worker in monitor.workers() if worker.alive] == [one.id]


def test_listed_workers_are_followed_without_a_run_directory(side: Callable[..., Side]) -> None:
    one = side("far")
    listed = Endpoint("far", "python", one.endpoint.address, one.endpoint.control)
    with context() as made:
        monitor = Monitor(made, None, {"far": listed}, unprotected)
        try:
            until(lambda: not monitor.is_lost(("far", "")))
            one.close()
            until(lambda: monitor.is_lost(("far", "")))
        finally:
            monitor.close()


def test_requests_in_a_workers_hands_are_counted(monitor: Monitor, side: Callable[..., Side]) -> None:
    one = side()
    until(lambda: alive(monitor, one))
    monitor.took(one.id)
    monitor.took(one.id)
    assert monitor.outstanding == {one.id: 2}
    monitor.gave_back(one.id)
    assert monitor.outstanding == {one.id: 1}
    monitor.gave_back(one.id)
    assert monitor.outstanding == {}


def test_whoever_waits_for_a_change_is_woken_by_it(monitor: Monitor, side: Callable[..., Side]) -> None:
    waiting = threading.Thread(target=monitor.wait_for_change, args=(10 * PATIENCE_S,))
    waiting.start()
    side()
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()
