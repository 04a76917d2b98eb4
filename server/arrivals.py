"""Bodies on their way in: received by the event loop, in memory or beyond a bound in a file, before anything waits.

A caller who is slow, or sends nothing at all, so holds a connection and some memory, but no thread and no place that
others wait for. One who is too slow is ended, as is the slowest where there are too many.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from triglot.errors import BadRequest, Overloaded, TriglotError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

IN_MEMORY_BYTES = 2**16
BLOCK_BYTES = 2**18
READ_ON_BYTES = 2**26  # many callers send all they have before they listen
LOOK_S = 0.5
QUIET_S = 1.0  # whoever has sent something within that time is not ended for others


class BodyTooSlow(TriglotError):
    """The caller did not send its body in time."""

    code = "body-too-slow"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long bodies are waited for, and how many and how much of them at a time in one process.

    quiet_s: between two pieces. whole_s: for a whole body, and a second more for each `least_rate` bytes of it.
    """

    quiet_s: float = 10.0
    whole_s: float = 60.0
    least_rate: int = 65_536
    most: int = 1_000
    most_bytes: int = 2**32


@dataclass(eq=False, slots=True)
class Arrival:
    """One body that is being received; times are those of the monotonic clock."""

    task: "asyncio.Task[Any] | None"
    begun: float
    heard: float
    received: int = 0
    waiting: bool = True
    cause: str = ""

    def end(self, cause: str) -> None:
        """Have whoever receives it stop, for this cause."""
        if self.task is not None and self.waiting and not self.cause:
            self.cause = cause
            self.task.cancel()

    def lateness(self, patience: Patience, now: float) -> str:
        """Return why it is waited for no longer, or nothing."""
        if now - self.heard > patience.quiet_s:
            return f"nothing of the body came for {patience.quiet_s:g} s"
        if now - self.begun > patience.whole_s + self.received / patience.least_rate:
            return f"the body did not come within {patience.whole_s:g} s, nor at {patience.least_rate:,} bytes a second"
        return ""


@dataclass(eq=False)
class Arrivals:
    """All bodies that one event loop is receiving. `files` is where blocks are written to disk."""

    patience: Patience
    files: Executor
    clock: Callable[[], float] = time.monotonic
    _now: dict[int, Arrival] = field(default_factory=dict)
    _sizes: dict[int, int] = field(default_factory=dict)
    _looking: bool = False

    async def short(self, receive: Receive) -> bytes:
        """Return a body that is known to be short; raises as `whole` does."""
        with self._receiving() as arrival:
            message = await receive()
            body = content(message)
            while message.get("more_body"):
                arrival.heard = self.clock()
                message = await receive()
                body += content(message)
        return body

    @contextlib.asynccontextmanager
    async def whole(self, receive: Receive, most: int) -> AsyncIterator[IO[bytes]]:
        """Hold a body as a file that is at its beginning; of one with more than `most` bytes there is one byte more.

        What comes beyond that is let pass while it comes, so that a caller who sends all before listening gets to hear
        of it. Raises `Overloaded` where bodies of all callers together take too much room, `BodyTooSlow`, and
        `BadRequest` for one that breaks off.
        """
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            try:
                with self._receiving() as arrival:
                    more = not most or await self._fill(file, most, receive, arrival)
                    if more:
                        await self._let_pass(receive)
                file.seek(0)
                yield file
            finally:
                self._sizes.pop(id(file), None)

    async def _fill(self, file: IO[bytes], most: int, receive: Receive, arrival: Arrival) -> bool:
        """Write a body to a file, and return whether more of it is still to come."""
        size, more = 0, True
        while more and size <= most:
            block, more = await _block(receive, arrival, self.clock)
            size += len(block)
            self._sizes[id(file)] = size
            if sum(self._sizes.values()) > self.patience.most_bytes:
                raise Overloaded("the bodies of all callers together take too much room; try again later")
            wanted = block[: len(block) - max(0, size - most - 1)]
            if size <= IN_MEMORY_BYTES:
                file.write(wanted)
            else:
                await asyncio.get_running_loop().run_in_executor(self.files, file.write, wanted)
        return more

    async def _let_pass(self, receive: Receive) -> None:
        """Receive what is of no use, until for a moment nothing comes of it, or it is too much."""
        passed, more = 0, True
        with contextlib.suppress(TimeoutError):
            while more and passed < READ_ON_BYTES:
                async with asyncio.timeout(QUIET_S):
                    message = await receive()
                passed += len(content(message))
                more = message.get("more_body", False)

    @contextmanager
    def _receiving(self) -> Iterator[Arrival]:
        """Hold a place among the bodies that are being received."""
        if len(self._now) >= self.patience.most:
            self._make_room()
        now = self.clock()
        arrival = Arrival(asyncio.current_task(), now, now)
        self._now[id(arrival)] = arrival
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(LOOK_S, self._look)
        try:
            yield arrival
        except asyncio.CancelledError:
            if not arrival.cause:
                raise
            if arrival.task is not None:
                arrival.task.uncancel()
            raise BodyTooSlow(f"{arrival.cause}; send it again, faster or in parts") from None
        finally:
            arrival.waiting = False
            del self._now[id(arrival)]

    def _look(self) -> None:
        """End who is too slow; goes on while anybody is there."""
        now = self.clock()
        for arrival in list(self._now.values()):
            if cause := arrival.lateness(self.patience, now):
                arrival.end(cause)
        self._looking = bool(self._now)
        if self._looking:
            asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _make_room(self) -> None:
        """End the body of which nothing has come for longest; raises `Overloaded` where all of them are coming."""
        going = [arrival for arrival in self._now.values() if not arrival.cause]
        slowest = min(going, key=lambda arrival: arrival.heard, default=None)
        if slowest is None or self.clock() - slowest.heard < QUIET_S:
            raise Overloaded(f"{self.patience.most} bodies are being received here; try again later")
        slowest.end("others needed the room")


async def _block(receive: Receive, arrival: Arrival, clock: Callable[[], float]) -> tuple[bytes, bool]:
    """Return the next pieces of a body, many together, as each has a price of its own, and whether more follow."""
    pieces: list[bytes] = []
    size, more = 0, True
    while more and size < BLOCK_BYTES:
        message = await receive()
        pieces.append(content(message))
        size += len(pieces[-1])
        arrival.heard = clock()
        arrival.received += len(pieces[-1])
        more = message.get("more_body", False)
    return b"".join(pieces), more


def content(message: Message) -> bytes:
    """Return what a message has of a body; raises `BadRequest` where no more comes, as it broke off or is no body."""
    if message["type"] == "http.disconnect":
        raise BadRequest("the body broke off before its end, or is not chunked as HTTP has it; send it again")
    piece: bytes = message.get("body", b"")
    return piece
