"""Where requests of one kind are taken: each is answered, tried again for a while, or told what is wrong."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

from triglot.errors import BadRequest, PoisonRequest
from triglot.hooks import Answered
from triglot.logs import about
from triglot.messages.message import Message, Outcome
from triglot.messages.patience import Patience
from triglot.messages.telling import Terms, failed
from triglot.serving.service import Service

logger = logging.getLogger("triglot.messages")

_DEADLY = "{} workers ended with this request in their hands; it is refused"


class Made(NamedTuple):
    """A good answer and how many rows it has; None where it comes later, by another way."""

    outcome: Outcome | None
    rows: int = 0


Make: TypeAlias = Callable[[Message], Awaitable[Made]]


class Desk:
    """Takes requests for what makes their answers; `op` is what it is called for whoever is told of answers.

    retry_s: how long a request is tried again that cannot be answered now.
    """

    def __init__(self, make: Make, op: str, service: Service, terms: Terms, retry_s: float) -> None:
        self._make = make
        self._op = op
        self._service = service
        self._terms = terms
        self._retry_s = retry_s

    async def answer(self, message: Message) -> Outcome | None:
        """Return what becomes of a request, None where its answer comes later; what fails now is tried again."""
        begun, patience = time.perf_counter(), Patience(self._retry_s)
        while True:
            try:
                if message.trouble:
                    raise BadRequest(message.trouble)
                made = await self._make(message)
                break
            except Exception as error:
                wait_s = patience.wait_s(error, time.perf_counter() - begun, troubled=bool(self._service.trouble))
                if wait_s is None:
                    why = PoisonRequest(_DEADLY.format(patience.deaths)) if patience.is_deadly else error
                    made = Made(failed(why, message.request_id, self._terms))
                    break
                logger.info("%s; it is tried again in %.1f s", error, wait_s, extra=about(message.request_id))
            await asyncio.sleep(wait_s)
        if made.outcome is not None and self._service.hooks.hears("request_answered"):
            self._tell(message, made.outcome, made.rows, time.perf_counter() - begun)
        return made.outcome

    def _tell(self, message: Message, outcome: Outcome, rows: int, seconds: float) -> None:
        model, version, code, status = outcome.model, outcome.version, outcome.code, outcome.status
        known = Answered(message.request_id, self._op, model, version, rows, code, seconds, message.path, status)
        self._service.hooks.request_answered(known._replace(route=message.path))
