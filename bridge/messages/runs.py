"""Runs of pipelines by message: entered as jobs at once, answered when they are over."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, Final, NamedTuple, TypeVar

from triglot.bodies.media import CSV, JSON, NDJSON, PARQUET, body_type
from triglot.bodies.payload import dumps, metadata
from triglot.bodies.shapes import loads
from triglot.errors import BadRequest, JobNotFound, TooLarge, TriglotError
from triglot.messages.desk import Made
from triglot.messages.message import Message, Outcome
from triglot.messages.once import Once, outcome_of, run_id
from triglot.messages.telling import Terms, error_of
from triglot.pipelines.declared import Declared, one_of
from triglot.pipelines.submission import outcome, submit
from triglot.store.jobs import JobStore
from triglot.store.letters import Letter, LetterStore

T = TypeVar("T")

_KINDS: Final = {"jsonl": NDJSON, "csv": CSV, "parquet": PARQUET}


class Due(NamedTuple):
    """The answer to a run that is over, and where it is wanted."""

    key: str
    reply: Mapping[str, Any]
    outcome: Outcome


class Runs:
    """Enters runs as jobs for the messages of one broker, and tells of their ends; `pool` asks the database.

    A run's job has an id that is made of the message's. So a message that comes again is the same run, however often.
    """

    def __init__(
        self,
        pipelines: Mapping[str, Declared],
        jobs: JobStore,
        letters: LetterStore,
        once: Once,
        terms: Terms,
        pool: Executor,
        most_bytes: int,
    ) -> None:
        self._pipelines = pipelines
        self._jobs = jobs
        self._letters = letters
        self._once = once
        self._terms = terms
        self._pool = pool
        self._most_bytes = most_bytes

    async def entered(self, message: Message) -> Made:
        """Enter a run, whose answer comes when it is over; where it was over before, return what came of it."""
        if not message.id:
            raise BadRequest("give the message an id: a run is known by it, and is done once however often it comes")
        key, pipeline, said = run_id(self._once.broker, message), one_of(self._pipelines, message.name), _said(message)
        letter = await self._once.known(key, message)
        if letter is None:
            await self._in_a_thread(lambda: submit(self._jobs, pipeline, said["parameters"], said["rows"], key))
            letter = await self._once.wait(key, message)
        return Made(None if letter.waits else outcome_of(letter))

    async def due(self) -> list[Due]:
        """Return the answers to runs that are over, to be sent by whoever asks."""
        return await self._in_a_thread(lambda: [self._of(letter) for letter in self._letters.due(self._once.broker)])

    async def sent(self, due: Due) -> None:
        """Have done with a run."""
        await self._in_a_thread(lambda: self._letters.done(due.key, due.outcome.facts, due.outcome.body))

    def _of(self, letter: Letter) -> Due:
        return Due(letter.key, letter.reply, self._ended(letter.key))

    def _ended(self, key: str) -> Outcome:
        try:
            job = self._jobs.get(key)
            came = outcome(self._jobs, job)
        except JobNotFound as error:
            return self._failed(str(error), key)
        if job.state != "finished":
            return self._failed(f"the run {key} has failed: {came.error}" if came.error else f"{job.state}", key)
        if came.data is None:
            facts = metadata(self._terms.service_metadata, request_id=key)
            body = dumps({"metadata": facts, "job_id": key, "status": job.state})
            return Outcome(body, job=key)
        if len(came.data) > self._most_bytes:
            too_large = f"the result has {len(came.data):,} bytes; fetch it by HTTP: GET /jobs/{key}/result"
            return self._failed(too_large, key, TooLarge.code, 413)
        return Outcome(came.data, job=key, content_type=_KINDS[came.kind])

    def _failed(self, why: str, key: str, code: str = TriglotError.code, status: int = 500) -> Outcome:
        return error_of(why, code, status, key, {}, self._terms)._replace(job=key, reason="")

    async def _in_a_thread(self, make: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, make)


def _said(message: Message) -> dict[str, Any]:
    """Return parameters and rows of a request, which may say neither; raises `BadRequest` for what is no request."""
    body_type(*message.kind, (JSON,))
    said = loads(message.body) if message.body else {}
    if not isinstance(said, dict) or said.keys() - {"parameters", "rows"}:
        raise BadRequest("the body must be a JSON object of 'parameters', an object, and 'rows', a list of objects")
    parameters, rows = said.get("parameters", {}), said.get("rows")
    if not isinstance(parameters, dict) or not isinstance(rows, list | None):
        raise BadRequest("'parameters' must be an object, a value by its name, and 'rows' a list of objects, one a row")
    return {"parameters": parameters, "rows": rows}
