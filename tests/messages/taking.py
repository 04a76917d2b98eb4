"""The sessions of a broker in this process, without the service behind them: a function answers."""

import asyncio
import contextlib
import importlib
import threading
import time
from collections.abc import Callable, Iterator

import uvloop

from tests.helpers import PATIENCE_S
from triglot.config.brokers import Broker
from triglot.messages.link import Desks, LinkLost
from triglot.messages.message import PREDICT, Message, Outcome


class Taking:
    """A thread that takes a broker's requests, again after each loss, and notes what it took and what it lost by."""

    def __init__(self, broker: Broker, answer: Callable[[Message], Outcome]) -> None:
        self._broker = broker
        self._answer = answer
        self.took: list[Message] = []
        self.lost: list[str] = []
        self._loop = uvloop.new_event_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def is_quiet(self) -> bool:
        """Return whether for a moment nothing has come."""
        before = len(self.took)
        time.sleep(0.3)
        return len(self.took) == before

    def close(self) -> None:
        """Take no more."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        serve = importlib.import_module(f"triglot.messages.{self._broker.protocol}").serve
        while not self._over.is_set():
            try:
                await serve(self._broker, Desks({PREDICT: self._take}), self._over)
            except LinkLost as error:
                self.lost.append(str(error))
                await asyncio.sleep(0.2)

    async def _take(self, message: Message) -> Outcome:
        self.took.append(message)
        return self._answer(message)


@contextlib.contextmanager
def taking(broker: Broker, answer: Callable[[Message], Outcome]) -> Iterator[Taking]:
    """Hold such a thread."""
    made = Taking(broker, answer)
    try:
        yield made
    finally:
        made.close()
