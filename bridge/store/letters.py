"""Letters: requests by message that are to have one effect however often they come, and what came of them."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from triglot.store.engine import Database
from triglot.store.jobs import ENDED
from triglot.store.plain import from_json, to_json
from triglot.store.tables import jobs, letters

KEPT: Final = 100_000  # whose requests, come again, are known
# Who began to send an answer and has not said that it is sent for so long is gone, and another one sends it.
CLAIM_S = 30.0
_AT_A_TIME: Final = 100
_LOOK: Final = 100  # of so many new letters one has the old ones looked through
_WAITS, _DONE = "waiting", "done"


@dataclass(frozen=True, slots=True)
class Letter:
    """One request. `waits` for the end of the job that has its key as id; then `facts` and `body` are what came of it.

    `digest` tells requests of the same key apart, `reply` is where the answer is wanted, as the broker's own words.
    """

    key: str
    broker: str
    digest: str
    waits: bool = False
    reply: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | None = None


class LetterStore:
    """The letters of one database; safe for threads and processes, each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, keys: Collection[str]) -> dict[str, Letter]:
        """Return those of the letters that are there, by their keys."""
        with self._database.reading() as connection:
            return _found(connection, keys)

    def enter(self, new: Sequence[Letter]) -> dict[str, Letter]:
        """Return the letters of these keys, each entered now unless there is one already."""

        def work(connection: Connection) -> dict[str, Letter]:
            found = _found(connection, [letter.key for letter in new])
            entered = {letter.key: letter for letter in new if letter.key not in found}
            if entered:
                now = _ago(0.0)
                connection.execute(letters.insert(), [_row(letter, now) for letter in entered.values()])
                if random.random() * _LOOK < len(entered):
                    _forget_old(connection)
            return found | entered

        return self._database.write(work)

    def due(self, broker: str) -> list[Letter]:
        """Return letters whose jobs are over: whoever asks is to send their answers now, and nobody else."""
        mine = (letters.c.broker == broker) & (letters.c.state == _WAITS)
        free = letters.c.claimed.is_(None) | (letters.c.claimed < _ago(CLAIM_S))
        runs = select(jobs.c.id).where(jobs.c.id == letters.c.key, jobs.c.state.not_in(ENDED))
        wanted = select(letters).where(mine, free, ~runs.exists()).limit(_AT_A_TIME)  # jobs are forgotten after a while
        with self._database.reading() as connection:  # most looks find nothing, and shall lock nothing
            if connection.execute(wanted).first() is None:
                return []

        def work(connection: Connection) -> list[Letter]:
            rows = connection.execute(wanted.with_for_update(skip_locked=True)).all()
            claimed = letters.update().where(letters.c.key.in_([row.key for row in rows]))
            connection.execute(claimed.values(claimed=_ago(0.0)))
            return [_letter(row) for row in rows]

        return self._database.write(work)

    def done(self, key: str, facts: Mapping[str, Any], body: bytes) -> None:
        """Write what came of a letter that waited, once its answer is sent."""

        def work(connection: Connection) -> None:
            mine = letters.update().where(letters.c.key == key)
            connection.execute(mine.values(state=_DONE, facts=to_json(facts, "facts"), body=body))

        self._database.write(work)


def _found(connection: Connection, keys: Collection[str]) -> dict[str, Letter]:
    rows = connection.execute(select(letters).where(letters.c.key.in_(keys)))
    return {row.key: _letter(row) for row in rows}


def _forget_old(connection: Connection) -> None:
    """Keep the newest letters that are done; those that wait are always kept."""
    newest = select(letters.c.created).where(letters.c.state == _DONE).order_by(letters.c.created.desc())
    oldest_kept = connection.execute(newest.offset(KEPT).limit(1)).scalar_one_or_none()
    if oldest_kept is not None:
        connection.execute(letters.delete().where(letters.c.state == _DONE, letters.c.created <= oldest_kept))


def _row(letter: Letter, now: str) -> dict[str, Any]:
    return {
        "key": letter.key,
        "broker": letter.broker,
        "digest": letter.digest,
        "state": _WAITS if letter.waits else _DONE,
        "reply": to_json(letter.reply, "reply"),
        "facts": to_json(letter.facts, "facts"),
        "body": letter.body,
        "created": now,
    }


def _letter(row: Row[Any]) -> Letter:
    reply, facts = from_json(row.reply), from_json(row.facts)
    return Letter(row.key, row.broker, row.digest, row.state == _WAITS, reply, facts, row.body)


def _ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="microseconds")
