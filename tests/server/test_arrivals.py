"""Bodies are received while the loop goes on with others; whoever is too slow is ended, and told."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from triglot.errors import BadRequest, Overloaded
from triglot.server import arrivals
from triglot.server.arrivals import IN_MEMORY_BYTES, Arrivals, BodyTooSlow, Message, Patience, Receive

PIECE = b"x" * 50_000


@pytest.fixture
def files() -> Iterator[ThreadPoolExecutor]:
    """Hold the threads that write to disk."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Clock:
    """A clock that goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def sending(*pieces: bytes, stalls: bool = False) -> Receive:
    """Return what receives these pieces; after them nothing more comes of a body that `stalls`."""
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if not stalls:
        waiting[-1]["more_body"] = False

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    return receive


async def gone() -> Message:
    return {"type": "http.disconnect"}


async def whole(receiver: Arrivals, receive: Receive, most: int) -> bytes:
    async with receiver.whole(receive, most) as file:
        return file.read()


def test_a_body_in_pieces_comes_whole_in_memory_and_from_a_file(files: ThreadPoolExecutor) -> None:
    receiver = Arrivals(Patience(), files)
    sent = [bytes([number]) * 50_000 for number in range(20)]

    assert asyncio.run(whole(receiver, sending(b"a", b"", b"bc"), 100)) == b"abc"
    assert asyncio.run(whole(receiver, sending(*sent), 2**20)) == b"".join(sent)
    assert asyncio.run(receiver.short(sending(b"a", b"bc"))) == b"abc"


def test_of_a_body_that_is_too_large_one_byte_more_is_kept_and_the_rest_let_pass(files: ThreadPoolExecutor) -> None:
    receiver = Arrivals(Patience(), files)

    assert asyncio.run(whole(receiver, sending(*[PIECE] * 9), 70_000)) == b"x" * 70_001
    assert asyncio.run(whole(receiver, sending(*[PIECE] * 9), 0)) == b""


def test_who_sends_nothing_is_ended_and_told_while_others_are_served(files: ThreadPoolExecutor) -> None:
    clock = Clock()
    receiver = Arrivals(Patience(quiet_s=10), files, clock)

    async def both() -> bytes:
        idle = asyncio.create_task(receiver.short(sending(b"[", stalls=True)))
        large = asyncio.create_task(whole(receiver, sending(PIECE, PIECE, stalls=True), 2**20))
        await asyncio.sleep(0)
        answered = await receiver.short(sending(b"ab"))
        clock.now = 10.5
        for waiting in (idle, large):
            with pytest.raises(BodyTooSlow, match="nothing of the body came for 10 s; send it again, faster"):
                await waiting
        return answered

    assert asyncio.run(both()) == b"ab"


def test_who_sends_a_byte_now_and_then_is_ended_once_the_whole_has_taken_too_long(files: ThreadPoolExecutor) -> None:
    clock = Clock()
    receiver = Arrivals(Patience(quiet_s=10, whole_s=60, least_rate=1_000), files, clock)

    async def trickle() -> Message:
        await asyncio.sleep(2 * arrivals.LOOK_S)
        clock.now += 5
        return {"type": "http.request", "body": b"x" * 1_000, "more_body": True}

    with pytest.raises(BodyTooSlow, match="within 60 s, nor at 1,000 bytes a second"):
        asyncio.run(whole(receiver, trickle, 2**20))
    assert clock.now > 60  # 1,000 bytes of it are worth a second each


def test_a_caller_who_goes_away_ends_the_receiving(files: ThreadPoolExecutor) -> None:
    receiver = Arrivals(Patience(), files)

    with pytest.raises(BadRequest, match="broke off"):
        asyncio.run(receiver.short(gone))
    with pytest.raises(BadRequest, match="broke off"):
        asyncio.run(whole(receiver, gone, 100))


def test_where_too_many_are_sending_the_slowest_makes_room(files: ThreadPoolExecutor) -> None:
    clock = Clock()
    receiver = Arrivals(Patience(most=2), files, clock)

    async def three() -> tuple[bytes, str]:
        first = asyncio.create_task(receiver.short(sending(b"[", stalls=True)))
        await asyncio.sleep(0)
        clock.now = 5.0
        second = asyncio.create_task(receiver.short(sending(b"[", stalls=True)))
        await asyncio.sleep(0)
        answered = await receiver.short(sending(b"third"))
        with pytest.raises(BodyTooSlow) as ended:
            await first
        assert not second.done()
        second.cancel()
        return answered, str(ended.value)

    answered, cause = asyncio.run(three())
    assert answered == b"third"
    assert cause.startswith("others needed the room")


def test_where_too_many_are_sending_and_none_is_slow_the_newcomer_is_asked_to_come_again(
    files: ThreadPoolExecutor,
) -> None:
    receiver = Arrivals(Patience(most=1), files, Clock())

    async def two() -> None:
        first = asyncio.create_task(receiver.short(sending(b"[", stalls=True)))
        await asyncio.sleep(0)
        try:
            await receiver.short(sending(b"second"))
        finally:
            first.cancel()

    with pytest.raises(Overloaded, match="1 bodies are being received here"):
        asyncio.run(two())


def test_bodies_together_take_no_more_room_than_there_is_and_give_it_back(files: ThreadPoolExecutor) -> None:
    receiver = Arrivals(Patience(most_bytes=3 * IN_MEMORY_BYTES), files)
    large: list[Any] = [b"x" * IN_MEMORY_BYTES * 2]

    async def two() -> None:
        async with receiver.whole(sending(*large), 2**20):
            await whole(receiver, sending(*large), 2**20)

    with pytest.raises(Overloaded, match="take too much room"):
        asyncio.run(two())
    assert len(asyncio.run(whole(receiver, sending(*large), 2**20))) == 2 * IN_MEMORY_BYTES


def test_a_shutdown_is_no_fault_of_the_caller(files: ThreadPoolExecutor) -> None:
    receiver = Arrivals(Patience(), files)

    async def cancelled() -> None:
        waiting = asyncio.create_task(receiver.short(sending(b"[", stalls=True)))
        await asyncio.sleep(0)
        waiting.cancel()
        await waiting

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the clock looked at often, and nobody waited for who sends too much."""
    monkeypatch.setattr(arrivals, "LOOK_S", 0.01)
    monkeypatch.setattr(arrivals, "QUIET_S", 0.05)
