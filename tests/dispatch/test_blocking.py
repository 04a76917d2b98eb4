"""The client against real worker processes."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.dispatch.echoes import PATIENCE_S, Echoes, echo, hold
from tests.helpers import KEY, fit_request, floats, until
from triglot.artefact import Artefact
from triglot.errors import (
    ArtefactNeeded,
    BadRequest,
    DeadlineExceeded,
    EstimatorFailed,
    Overloaded,
    PoisonRequest,
    TriglotError,
    WorkerLost,
    WorkerUnavailable,
)
from triglot.protocol.messages import Request
from triglot.tables.table import Table
from triglot.transport.request_ids import new_id


@pytest.fixture(scope="module")
def two() -> Iterator[Echoes]:
    """Two workers that no test of theirs ends."""
    yield from hold(2)


@pytest.fixture(scope="module")
def doomed(two: Echoes) -> Echoes:
    """Give the same two and three more, which the last tests end."""
    two.join(3)
    return two


@pytest.fixture
def narrow() -> Iterator[Echoes]:
    """One worker in whose queue one request may wait."""
    yield from hold(1, "--queue", "1")


def test_thirty_two_threads_get_each_its_own_answers(two: Echoes) -> None:
    def talk(thread: int) -> list[int]:
        numbers = [thread * 1000 + i for i in range(100)]
        return [number for number in numbers if two.answer(float(number)) != number]

    with ThreadPoolExecutor(32) as pool:
        wrong = list(pool.map(talk, range(32)))
    assert wrong == [[]] * 32


def test_requests_with_different_parameters_get_each_their_own_answer(two: Echoes) -> None:
    def talk(thread: int) -> bool:
        return all(two.answer(float(i), add=float(thread)) == i + thread for i in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(talk, range(8)))


def test_one_guilty_request_fails_and_those_merged_with_it_do_not(two: Echoes) -> None:
    def talk(thread: int) -> str:
        try:
            return str(two.answer(float(thread), raises="mine alone" if thread == 3 else ""))
        except EstimatorFailed as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(talk, range(8))) == ["0.0", "1.0", "2.0", "mine alone", "4.0", "5.0", "6.0", "7.0"]


def test_many_threads_that_need_a_version_have_it_fetched_a_few_times_at_most(two: Echoes) -> None:
    fetched: list[int] = []

    def fetch() -> Artefact:
        fetched.append(1)
        return two.artefact

    def talk(number: int) -> float:
        request = Request("predict", new_id(), "echo", 50, tables=(floats((number, 0.0)),))
        answer = two.client.call(request, "python", PATIENCE_S, fetch=fetch)
        return float(answer.reply.tables[0].matrix()[0, 0])

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(talk, range(16))) == list(range(16))
    assert 1 <= len(fetched) < 16


def test_a_version_can_be_loaded_everywhere_before_it_is_asked_for(two: Echoes) -> None:
    assert two.client.load("echo", 60, two.artefact.sha256, "python", lambda: two.artefact) == (2, 2, 0, None)
    until(lambda: all(("echo", 60, two.artefact.sha256) in worker.holds for worker in two.client.workers()))
    assert two.client.load("echo", 60, two.artefact.sha256, "python", lambda: two.artefact) == (2, 2, 0, None)


def test_without_somebody_to_fetch_it_a_missing_version_is_told(two: Echoes) -> None:
    request = Request("predict", new_id(), "echo", 70, tables=(floats((1.0, 0.0)),))
    with pytest.raises(ArtefactNeeded):
        two.client.call(request, "python", PATIENCE_S)


def test_what_the_fetching_raises_reaches_the_caller(two: Echoes) -> None:
    def fetch() -> Artefact:
        raise BadRequest("the store is closed today")

    request = Request("predict", new_id(), "echo", 71, tables=(floats((1.0, 0.0)),))
    with pytest.raises(BadRequest, match="closed today"):
        two.client.call(request, "python", PATIENCE_S, fetch=fetch)


def test_a_late_answer_is_not_taken_for_the_next_one(two: Echoes) -> None:
    for number in range(3):
        with pytest.raises(DeadlineExceeded):
            two.answer(-1.0, nap=0.15, timeout_s=0.05)
        assert [two.answer(float(number)) for _ in range(4)] == [number] * 4
    time.sleep(0.3)
    assert two.answer(5.0) == 5.0


def test_a_table_of_a_megabyte_crosses_both_ways(two: Echoes) -> None:
    numbers = np.random.default_rng(3).random((65_000, 2))
    request = Request("predict", new_id(), "echo", 1, tables=(Table("ab", matrix=np.asfortranarray(numbers)),))
    answer = two.client.call(request, "python", PATIENCE_S, fetch=lambda: two.artefact)
    np.testing.assert_array_equal(answer.reply.tables[0].matrix()[:, 0], numbers[:, 0])


def test_a_call_for_a_language_that_nobody_speaks_ends_in_time(two: Echoes) -> None:
    start = time.monotonic()
    with pytest.raises(WorkerUnavailable, match="no worker for julia"):
        two.client.call(Request("predict", new_id(), "m", tables=(floats((1.0, 2.0)),)), "julia", 0.3)
    assert time.monotonic() - start > 0.25
    with pytest.raises(WorkerUnavailable, match="no ready worker for julia"):
        two.client.wait_for({"julia": 1}, 0.2)


FORK = """
import os, sys
from pathlib import Path
from triglot.artefact import Artefact
from triglot.dispatch.blocking import Client
from triglot.transport.request_ids import new_id
from triglot.protocol.messages import Request
from triglot.tables.table import Table
import numpy as np

folder = Path(sys.argv[1])
artefact = Artefact(*((folder / part).read_bytes() for part in ("manifest", "blob", "signature")))
client = Client(Path(sys.argv[2]))

def ask(number):
    request = Request("predict", new_id(), "echo", 1, tables=(Table("ab", matrix=np.array([[number, 0.0]])),))
    return client.call(request, "python", 120.0, fetch=lambda: artefact).reply.tables[0].matrix()[0, 0]

def all_well(base):
    return all(ask(float(base + i)) == base + i for i in range(200))

assert ask(1.0) == 1.0
children = []
for n in range(2):
    pid = os.fork()
    if pid == 0:
        well = all_well(1000 * (n + 1))
        client.close()
        os._exit(0 if well else 1)
    children.append(pid)
well = all_well(0)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
client.close()
print(well, codes)
"""


def test_a_client_may_be_used_on_both_sides_of_a_fork(two: Echoes, tmp_path: Path) -> None:
    for part in ("manifest", "blob", "signature"):
        (tmp_path / part).write_bytes(getattr(two.artefact, part))
    done = subprocess.run(
        # Python warns of a fork beside threads since 3.12; that these do no harm is what is tried here.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, str(tmp_path), str(two.hive.run_dir)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("True [0, 0]\n", "")


def test_threads_that_end_leave_no_socket_behind(two: Echoes) -> None:
    files = Path("/proc/self/fd")
    two.answer(1.0)

    def generation() -> int:
        threads = [threading.Thread(target=two.answer, args=(float(i),)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(list(files.iterdir()))

    first = generation()
    until(lambda: len(list(files.iterdir())) <= first)
    for _ in range(3):
        generation()
    until(lambda: len(list(files.iterdir())) <= first)


def test_beyond_a_full_queue_requests_are_refused_at_once_and_the_others_answered(narrow: Echoes) -> None:
    def talk(number: int) -> str:
        try:
            return "answered" if narrow.answer(float(number), nap=0.3) == number else "wrong"
        except Overloaded as error:
            return error.code

    narrow.answer(0.0)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(talk, range(8)))
    assert set(outcomes) == {"answered", "overloaded"}


def test_the_key_that_signs_is_the_workers_own(two: Echoes) -> None:
    assert two.artefact.verified(KEY)["language"] == "python"


def test_a_worker_killed_under_load_costs_no_answer(doomed: Echoes) -> None:
    stop = threading.Event()

    def talk(thread: int) -> list[str]:
        trouble = []
        number = thread * 100_000
        while not stop.is_set():
            number += 1
            try:
                if doomed.answer(float(number)) != number:
                    trouble.append("wrong")
            except TriglotError as error:
                trouble.append(repr(error))
        return trouble

    with ThreadPoolExecutor(8) as pool:
        talks = [pool.submit(talk, thread) for thread in range(8)]
        time.sleep(0.5)
        doomed.hive.workers[0].kill()
        time.sleep(0.5)
        stop.set()
        assert [talk.result() for talk in talks] == [[]] * 8


def test_a_request_that_ends_its_workers_is_refused_and_those_beside_it_are_answered(doomed: Echoes) -> None:
    before = doomed.dead()
    doomed.client.load("echo", 1, doomed.artefact.sha256, "python", lambda: doomed.artefact)
    poisoned: list[Any] = []

    def poison() -> None:
        try:
            poisoned.append(doomed.answer(echo.DEADLY))
        except TriglotError as error:
            poisoned.append(error)

    def talk(thread: int) -> bool:
        return all(doomed.answer(float(thread * 1000 + i)) == thread * 1000 + i for i in range(150))

    deadly = threading.Thread(target=poison)
    with ThreadPoolExecutor(8) as pool:
        talks = [pool.submit(talk, thread) for thread in range(8)]
        deadly.start()
        assert all(talk.result() for talk in talks)
    deadly.join(PATIENCE_S)
    assert [type(outcome) for outcome in poisoned] == [PoisonRequest]
    until(lambda: doomed.dead() == before + 3)
    assert doomed.answer(1.0) == 1.0


def test_a_fit_whose_worker_ends_is_told_and_not_tried_again(doomed: Echoes) -> None:
    class Slow(echo.Echo):  # type: ignore[misc, name-defined]
        def fit(self, X: Any, y: Any) -> Any:
            import time

            time.sleep(600)

    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    cloudpickle.register_pickle_by_value(echo)
    try:
        request = fit_request(Slow(), floats((0.0, 0.0)), [0.0], None)
    finally:
        cloudpickle.unregister_pickle_by_value(echo)
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    failed: list[BaseException] = []

    def fit() -> None:
        try:
            doomed.client.call(request, "python", PATIENCE_S)
        except WorkerLost as error:
            failed.append(error)

    alive = [worker for worker in doomed.hive.workers if worker.process.poll() is None]
    thread = threading.Thread(target=fit)
    thread.start()
    until(lambda: any(doomed.hive.busy(worker.name) for worker in alive))
    next(worker for worker in alive if doomed.hive.busy(worker.name)).kill()
    thread.join(PATIENCE_S)
    assert len(failed) == 1
