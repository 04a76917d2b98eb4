"""Code that keeps Python's lock: no thread of its worker's runs meanwhile, and nobody takes it for dead."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dispatch.echoes import MODELS, PATIENCE_S, Echoes, echo, hold
from tests.helpers import fit_request, floats, until
from triglot.dispatch.monitor import SILENCE_S
from triglot.errors import DeadlineExceeded, PoisonRequest

LOCKED_S = 2 * SILENCE_S


@pytest.fixture(scope="module")
def three() -> Iterator[Echoes]:
    """Three workers; those that the last tests end are not replaced."""
    yield from hold(3)


def test_an_answer_that_keeps_the_lock_for_long_comes_from_the_worker_that_was_asked(three: Echoes) -> None:
    three.client.load("echo", 1, three.artefact.sha256, "python", lambda: three.artefact)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(three.call, 1.0, locked=LOCKED_S)
        until(lambda: bool(three.client.monitor.outstanding))
        meanwhile = [three.call(float(number)) for number in range(100)]
        assert not waiting.done()
        answer = waiting.result()
    assert answer.deaths == 0
    assert answer.worker not in {each.worker for each in meanwhile}
    assert float(answer.reply.tables[0].matrix()[0, 0]) == 1.0
    assert all(worker.ready for worker in three.client.workers())


def test_a_fit_that_keeps_the_lock_for_long_is_no_lost_one(three: Echoes) -> None:
    made = echo.Echo(locked=LOCKED_S)
    request = fit_request(made, floats((0.0, 0.0), (1.0, 0.0)), [0.0, 1.0], None, python_path=[str(MODELS)])
    answer = three.client.call(request, "python", PATIENCE_S)
    assert answer.reply.artefact is not None
    assert answer.deaths == 0
    assert not three.dead()


def test_a_request_that_keeps_the_lock_and_then_ends_its_workers_is_refused(three: Echoes) -> None:
    three.join(1)
    with pytest.raises(PoisonRequest):
        three.call(echo.DEADLY, locked=LOCKED_S / 2)
    assert three.dead() == 3


@pytest.fixture
def one() -> Iterator[Echoes]:
    """One worker, which its test ends."""
    yield from hold(1)


def test_a_call_that_keeps_the_lock_past_its_deadline_is_ended_by_the_kernel(one: Echoes) -> None:
    program = (
        "import sys\nfrom triglot.workers import __main__, deadlines\n"
        "deadlines.KILL_GRACE_S, deadlines.LAST_RESORT_S = 0.5, 0.5\n"
        "sys.exit(__main__.main(sys.argv[1:]))"
    )
    worker = one.hive.start("python", "locked", program=program)
    one.hive.workers[0].kill()
    until(lambda: [each.endpoint.name for each in one.client.workers() if each.ready] == ["locked"])
    assert one.answer(1.0) == 1.0
    with pytest.raises(DeadlineExceeded):
        one.call(1.0, timeout_s=1.0, locked=10 * PATIENCE_S)
    assert worker.process.wait(PATIENCE_S) == -signal.SIGVTALRM
