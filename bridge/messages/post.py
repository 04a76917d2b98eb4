"""One broker's post: connected as long as the program runs, and again after each loss, ever more slowly."""

import asyncio
import importlib
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final, NamedTuple, TypeAlias

import uvloop

from triglot.config.brokers import Broker, Protocol
from triglot.dispatch.asynchronous import Lane
from triglot.logs import Troubles
from triglot.messages.answering import Answering
from triglot.messages.desk import Desk, Make
from triglot.messages.link import Answer, Desks, LinkLost
from triglot.messages.message import PREDICT, RUN
from triglot.messages.once import Once
from triglot.messages.runs import Runs
from triglot.messages.telling import Terms
from triglot.pipelines.declared import Declared
from triglot.serving.service import Service
from triglot.store.jobs import JobStore
from triglot.store.letters import LetterStore

logger = logging.getLogger("triglot.messages")

Serve: TypeAlias = Callable[[Broker, Desks, asyncio.Event], Awaitable[None]]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
GOOD_S: Final = 10.0  # a connection that has lasted so long was a good one
THREADS = 16
# What a broker carries of one message, as it comes; a cluster of Kafka says it by message.max.bytes.
MOST_BYTES: Final[Mapping[Protocol, int]] = {"amqp": 128 * 2**20, "mqtt": 256 * 2**20, "kafka": 1_000_000}
_BESIDE = 2**14  # of that, for headers


class Books(NamedTuple):
    """What the posts of all brokers have in common: who predicts, which pipelines there are, what is written down."""

    service: Service
    terms: Terms
    pipelines: Mapping[str, Declared]
    jobs: JobStore
    letters: LetterStore


class Post:
    """Takes the requests of one broker in a thread with a loop of its own, so that no broker waits for another."""

    def __init__(self, broker: Broker, books: Books) -> None:
        self._broker = broker
        self._books = books
        self._loop = uvloop.new_event_loop()
        self._over = asyncio.Event()
        self._troubles = Troubles(logger)
        self._thread = threading.Thread(target=self._run, name=f"triglot-post-{broker.name}")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more, and end once what was taken is answered."""
        self._loop.call_soon_threadsafe(self._over.set)

    def join(self) -> None:
        """Return once it has ended."""
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        serve: Serve = importlib.import_module(f"triglot.messages.{self._broker.protocol}").serve
        with ThreadPoolExecutor(THREADS, thread_name_prefix=f"triglot-post-{self._broker.name}") as pool:
            lane = self._books.service.lane(pool)
            try:
                await self._connected_again_and_again(serve, self._desks(lane, pool))
            finally:
                lane.close()

    def _desks(self, lane: Lane, pool: Executor) -> Desks:
        service, terms, pipelines, jobs, letters = self._books
        once, most = Once(self._broker, letters, pool), most_bytes(self._broker)
        answering = Answering(service, terms, lane, pool, once if self._broker.once else None, most)
        answers = {PREDICT: self._desk(answering.answered, PREDICT)}
        if not pipelines:
            return Desks(answers)
        runs = Runs(pipelines, jobs, letters, once, terms, pool, most)
        return Desks({**answers, RUN: self._desk(runs.entered, RUN)}, runs)

    def _desk(self, make: Make, op: str) -> Answer:
        return Desk(make, op, self._books.service, self._books.terms, self._broker.retry_s).answer

    async def _connected_again_and_again(self, serve: Serve, desks: Desks) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                await serve(self._broker, desks, self._over)
            except Exception as error:  # whatever it is, requests are to be taken again
                pause_s = FIRST_PAUSE_S if time.monotonic() - begun > GOOD_S else pause_s
                if time.monotonic() - begun > GOOD_S:
                    self._troubles.over("broker", "")  # which was told when requests were taken again
                self._tell(error, pause_s)
                await self._pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _tell(self, error: Exception, pause_s: float) -> None:
        why, trace = (error, None) if isinstance(error, LinkLost) else (type(error).__name__, error)
        said = f"{self._broker}: {why}; it is tried again in {pause_s:.1f} s"
        self._troubles.tell("broker", logging.WARNING, said, exc_info=trace)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return


def most_bytes(broker: Broker) -> int:
    """Return how long an answer may be that this broker carries."""
    return int(broker.options.get("message.max.bytes", MOST_BYTES[broker.protocol])) - _BESIDE
