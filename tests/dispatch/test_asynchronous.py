"""An event loop's way to the workers: the same promises as a client's, hundreds of requests at once and no threads."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.dispatch.echoes import PATIENCE_S, Echoes, echo, hold
from tests.helpers import floats, until
from triglot.artefact import Artefact
from triglot.dispatch.asynchronous import Lane
from triglot.errors import DeadlineExceeded, EstimatorFailed, Overloaded, PoisonRequest, TriglotError
from triglot.protocol.messages import Request
from triglot.transport import multipart
from triglot.transport.request_ids import new_id


class Loop:
    """An event loop, its lane, and the threads for what is out of the ordinary."""

    def __init__(self, echoes: Echoes) -> None:
        self.echoes = echoes
        self.pool = ThreadPoolExecutor(4)
        self.fetched = 0
        self._runner = asyncio.Runner()
        self.lane: Lane = self.run(self._open())

    async def _open(self) -> Lane:
        return Lane(self.echoes.client, self.pool)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def fetch(self) -> Artefact:
        self.fetched += 1
        return self.echoes.artefact

    async def answer(self, number: float, *, version: int = 1, timeout_s: float = PATIENCE_S, **params: Any) -> float:
        sha256 = self.echoes.artefact.sha256
        X = floats((number, 0.0))
        request = Request("predict", new_id(), "echo", version, tables=(X,), params=params, sha256=sha256)
        answer = await self.lane.call(request, "python", timeout_s, self.fetch)
        return float(answer.reply.tables[0].matrix()[0, 0])

    def answers(self, *work: Coroutine[Any, Any, float]) -> list[Any]:
        async def gather() -> list[Any]:
            return await asyncio.gather(*work, return_exceptions=True)

        return list(self.run(gather()))

    def warm(self, version: int = 1) -> None:
        """Return once every worker is known to hold the version, so that requests need no thread."""
        client, sha256 = self.echoes.client, self.echoes.artefact.sha256
        client.load("echo", version, sha256, "python", self.fetch)
        until(lambda: all(("echo", version, sha256) in worker.holds for worker in client.workers()))

    def close(self) -> None:
        self.run(self._close())
        self._runner.close()
        self.pool.shutdown()

    async def _close(self) -> None:
        self.lane.close()


def loop_of(count: int, *arguments: str) -> Iterator[Loop]:
    for echoes in hold(count, *arguments):
        made = Loop(echoes)
        yield made
        made.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Loop]:
    """Two workers that no test of theirs ends."""
    yield from loop_of(2)


@pytest.fixture(scope="module")
def doomed(shared: Loop) -> Loop:
    """Give the same two and three more, of which the last tests end four."""
    shared.echoes.join(3)
    return shared


@pytest.fixture
def narrow() -> Iterator[Loop]:
    """One worker in whose queue one request may wait."""
    yield from loop_of(1, "--queue", "1")


def test_a_version_is_fetched_for_a_worker_that_lacks_it_and_then_no_more(shared: Loop) -> None:
    assert shared.answers(shared.answer(5.0, version=7)) == [5.0]
    assert shared.fetched == 1
    shared.warm(7)
    fetched = shared.fetched
    assert shared.answers(*(shared.answer(float(i), version=7) for i in range(20))) == [float(i) for i in range(20)]
    assert shared.fetched == fetched


def test_five_hundred_requests_at_once_get_each_its_own_answer(shared: Loop) -> None:
    shared.warm()
    numbers = [float(i) for i in range(500)]
    assert shared.answers(*(shared.answer(number, add=float(number % 3)) for number in numbers)) == [
        number + number % 3 for number in numbers
    ]
    assert shared.echoes.client.monitor.outstanding == {}


def test_what_comes_up_at_one_turn_of_the_loop_crosses_as_one_message_for_each_set_of_parameters(
    shared: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.warm()
    sent: list[int] = []
    send = multipart.send
    monkeypatch.setattr(multipart, "send", lambda socket, message: (sent.append(len(message)), send(socket, message)))
    numbers = [float(i) for i in range(20)]
    # the nap keeps the first one, which finds nothing under way and goes at once, from being answered meanwhile
    assert shared.answers(*(shared.answer(number, add=number % 2, nap=0.05) for number in numbers)) == [
        number + number % 2 for number in numbers
    ]
    workers = 2
    assert len(sent) <= workers * 2 + 1


def test_one_guilty_request_fails_and_those_merged_with_it_do_not(shared: Loop) -> None:
    shared.warm()
    answers = shared.answers(*(shared.answer(float(i), raises="mine" if i == 3 else "") for i in range(8)))
    assert isinstance(answers[3], EstimatorFailed)
    assert str(answers[3]) == "mine"
    assert [answer for i, answer in enumerate(answers) if i != 3] == [0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 7.0]


def test_a_request_that_takes_too_long_is_given_up_at_its_deadline(shared: Loop) -> None:
    shared.warm()
    late, good = shared.answers(shared.answer(1.0, nap=3.0, timeout_s=0.3), shared.answer(2.0))
    assert isinstance(late, DeadlineExceeded)
    assert good == 2.0


def test_the_answer_to_a_request_that_nobody_waits_for_any_more_goes_to_nobody(shared: Loop) -> None:
    shared.warm()

    async def leave_and_ask() -> float:
        left = asyncio.ensure_future(shared.answer(1.0, nap=0.2))
        await asyncio.sleep(0.05)
        left.cancel()
        return await shared.answer(2.0)

    assert shared.run(leave_and_ask()) == 2.0
    assert shared.echoes.client.monitor.outstanding == {}


def test_a_worker_whose_queue_is_full_refuses_at_once(narrow: Loop) -> None:
    narrow.warm()
    answers = narrow.answers(*(narrow.answer(float(i), nap=0.2) for i in range(30)))
    refused = [answer for answer in answers if isinstance(answer, TriglotError)]
    assert refused
    assert all(isinstance(answer, Overloaded) for answer in refused)
    assert [answer for answer in answers if not isinstance(answer, TriglotError)]


def test_no_request_is_lost_with_the_worker_that_holds_it(doomed: Loop) -> None:
    doomed.warm()

    async def kill_meanwhile() -> list[float]:
        asked = [asyncio.ensure_future(doomed.answer(float(i), nap=0.3)) for i in range(24)]
        await asyncio.sleep(0.15)
        doomed.echoes.hive.workers[0].kill()
        return await asyncio.gather(*asked)

    assert doomed.run(kill_meanwhile()) == [float(i) for i in range(24)]


def test_a_request_that_ends_its_workers_is_refused_and_the_one_beside_it_is_answered(doomed: Loop) -> None:
    doomed.warm()
    deadly, innocent = doomed.answers(doomed.answer(echo.DEADLY), doomed.answer(3.0))
    assert isinstance(deadly, PoisonRequest)
    assert innocent == 3.0
