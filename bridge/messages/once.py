"""One effect of a request however often it comes: answers that are kept, by the broker and the id of the request."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Final, Generic, TypeVar

from triglot.config.brokers import Broker
from triglot.errors import BadRequest
from triglot.messages.message import Message, Outcome
from triglot.store.letters import Letter, LetterStore

T = TypeVar("T")
V = TypeVar("V")

MOST_KEPT_BYTES: Final = 2**20  # a longer answer is made again
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Together(Generic[T, V]):
    """Asks a thread for what came up meanwhile, all at once: a call costs as much for many as for one."""

    def __init__(self, work: Callable[[Sequence[T]], V], pool: Executor) -> None:
        self._work = work
        self._pool = pool
        self._next: list[T] = []
        self._under_way: asyncio.Future[V] | None = None
        self._answer: asyncio.Future[V] | None = None

    async def ask(self, what: T) -> V:
        """Return what the work gave for this and for others."""
        self._next.append(what)
        if self._answer is None:
            self._answer = asyncio.ensure_future(self._begin())
        return await asyncio.shield(self._answer)

    async def _begin(self) -> V:
        while self._under_way is not None:
            await asyncio.wait([self._under_way])
        asked, self._next, self._answer = self._next, [], None
        self._under_way = asyncio.get_running_loop().run_in_executor(self._pool, self._work, asked)
        try:
            return await self._under_way
        finally:
            self._under_way = None


class Once:
    """The letters of one broker, for one event loop."""

    def __init__(self, broker: Broker, letters: LetterStore, pool: Executor) -> None:
        self.broker = broker.name
        self._known: Together[str, dict[str, Letter]] = Together(letters.known, pool)
        self._enter: Together[Letter, dict[str, Letter]] = Together(letters.enter, pool)

    async def known(self, key: str, message: Message) -> Letter | None:
        """Return the letter of a request that came before; raises `BadRequest` where that was another request."""
        return _same((await self._known.ask(key)).get(key), message)

    async def keep(self, key: str, message: Message, outcome: Outcome) -> Outcome:
        """Return what is kept from now on: this, or what came of the same request elsewhere meanwhile."""
        if len(outcome.body) > MOST_KEPT_BYTES:
            return outcome
        new = Letter(key, self.broker, message.digest, facts=outcome.facts, body=outcome.body)
        there = _same((await self._enter.ask(new))[key], message)
        assert there is not None
        return outcome_of(there)

    async def wait(self, key: str, message: Message) -> Letter:
        """Return the letter of a request whose answer comes when the job of this id is over."""
        new = Letter(key, self.broker, message.digest, waits=True, reply=message.reply)
        there = _same((await self._enter.ask(new))[key], message)
        assert there is not None
        return there


def outcome_of(letter: Letter) -> Outcome:
    """Return what came of a letter."""
    facts: Mapping[str, Any] = letter.facts
    return Outcome(letter.body or b"", **facts)


def key_of(what: str, broker: str, message: Message) -> str:
    """Return the key of a request: what is asked of whom under which id."""
    return hashlib.sha256("\n".join([what, broker, message.id]).encode()).hexdigest()


def run_id(broker: str, message: Message) -> str:
    """Return the id of the job of a run, which its sender can tell beforehand where its own is plain."""
    plain = f"{broker}:{message.id}"
    return plain if _PLAIN_KEY.fullmatch(plain) else key_of("run", broker, message)


def _same(letter: Letter | None, message: Message) -> Letter | None:
    if letter is not None and letter.digest != message.digest:
        raise BadRequest(f"the message id {message.id[:60]!r} was that of another request; give each one of its own")
    return letter
