"""What all brokers have in common: who answers, how a connection is said to be lost, and tasks that end with it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from triglot.errors import TriglotError
from triglot.logs import Troubles
from triglot.messages.message import Message, Outcome
from triglot.messages.runs import Runs

logger = logging.getLogger("triglot.messages")

Answer: TypeAlias = Callable[[Message], Awaitable[Outcome | None]]
Send: TypeAlias = Callable[[Mapping[str, Any], Outcome], Awaitable[None]]

GRACE_S = 10.0  # for requests that are being answered when the program is to end
FAREWELL_S = 5.0  # for a broker to take the last answers, and to let go
LOOK_S = 0.5  # between two looks for runs that are over


@dataclass(frozen=True, slots=True)
class Desks:
    """Who answers requests, by what is asked (`message.PREDICT`, `RUN`), and who tells of runs that are over."""

    answers: Mapping[str, Answer]
    runs: Runs | None = None


class LinkLost(Exception):
    """A broker cannot be reached, or its connection has broken; the message says why, for the log."""


class Tasks:
    """The requests that are being answered for one connection."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Have a request answered; what fails there unforeseen ends the connection, so that it comes again."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def watch(self, runs: Runs | None, send: Send) -> None:
        """Send the answers to runs that are over, from now on."""
        if runs is not None:
            self._watching = asyncio.get_running_loop().create_task(_tell_of_ends(runs, send))
            self._watching.add_done_callback(self._ended)

    def fail(self, why: str) -> None:
        """Say that the connection is lost; the first reason counts."""
        if not self.lost.done():
            self.lost.set_exception(LinkLost(why))

    async def until(self, over: asyncio.Event) -> None:
        """Return when that is set; raises `LinkLost` where the connection is lost before."""
        waiting = asyncio.ensure_future(over.wait())
        either: set[asyncio.Future[Any]] = {waiting, self.lost}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self.lost.done():
            self.lost.result()

    async def finish(self) -> None:
        """Return once all that run have ended, those that take too long by force: their requests come again."""
        if self._watching is not None:
            self._watching.cancel()
        loop = asyncio.get_running_loop()
        until = loop.time() + GRACE_S
        while self._running and (left_s := until - loop.time()) > 0:
            await asyncio.wait(self._running, timeout=left_s)
        await self.drop()

    async def drop(self) -> None:
        """End all that run: nobody can be answered here any more."""
        running = [*self._running, *([] if self._watching is None else [self._watching])]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        with contextlib.suppress(asyncio.InvalidStateError):
            self.lost.exception()  # which nobody may have asked for

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(f"{type(error).__name__}: {error}")


async def _tell_of_ends(runs: Runs, send: Send) -> None:
    troubles = Troubles(logger)
    while True:
        try:
            for due in await runs.due():
                if due.reply:
                    await send(due.reply, due.outcome)
                await runs.sent(due)
            troubles.over("ends", "runs that are over can be told of again")
        except TriglotError as error:
            troubles.tell("ends", logging.ERROR, f"runs that are over cannot be told of: {error}")
        await asyncio.sleep(LOOK_S)
