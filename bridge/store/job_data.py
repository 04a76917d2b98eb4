"""What a job is given and what comes of it, in pieces beside its row: functions of one connection each."""

import itertools
from collections.abc import Collection, Iterable
from typing import Literal, TypeAlias

from sqlalchemy import Connection, func, select

from triglot.store.tables import job_data, jobs

Part: TypeAlias = Literal["input", "result"]

PIECE_BYTES = 2**20
KEPT_BYTES = 2**30  # of all results together; the newest stay


def put(connection: Connection, job_id: str, part: Part, data: bytes) -> None:
    """Store this as the job's part, in the place of what was there."""
    drop(connection, job_id, part)
    pieces = [data[start : start + PIECE_BYTES] for start in range(0, len(data), PIECE_BYTES)]
    for number, piece in enumerate(pieces or [b""]):
        row = {"job_id": job_id, "part": part, "number": number, "data": piece}
        connection.execute(job_data.insert().values(**row))


def piece(connection: Connection, job_id: str, part: Part, number: int) -> bytes | None:
    """Return a piece of a part, counted from 0; None behind the last one, or where there is no such part."""
    here = (job_data.c.job_id == job_id) & (job_data.c.part == part) & (job_data.c.number == number)
    found = connection.execute(select(job_data.c.data).where(here)).scalar_one_or_none()
    return None if found is None else bytes(found)


def whole(connection: Connection, job_id: str, part: Part) -> bytes | None:
    """Return a part, or None where there is none."""
    pieces = (piece(connection, job_id, part, number) for number in itertools.count())
    found = list(itertools.takewhile(lambda each: each is not None, pieces))
    return b"".join(each for each in found if each is not None) if found else None


def drop(connection: Connection, job_id: str, part: Part) -> None:
    """Forget a part, if there is one."""
    connection.execute(job_data.delete().where(job_data.c.job_id == job_id, job_data.c.part == part))


def drop_inputs(connection: Connection, states: Collection[str]) -> None:
    """Forget what the jobs were given that are in one of these states."""
    over = select(jobs.c.id).where(jobs.c.state.in_(states))
    connection.execute(job_data.delete().where(job_data.c.part == "input", job_data.c.job_id.in_(over)))


def forget_old_results(connection: Connection) -> None:
    """Keep the newest results, as many as fit into `KEPT_BYTES`."""
    size = func.sum(func.length(job_data.c.data))
    query = select(job_data.c.job_id, size).join(jobs, jobs.c.id == job_data.c.job_id)
    query = query.where(job_data.c.part == "result").group_by(job_data.c.job_id, jobs.c.created)
    newest = connection.execute(query.order_by(jobs.c.created.desc())).all()
    for job_id in _beyond([(row[0], int(row[1])) for row in newest], KEPT_BYTES):
        drop(connection, job_id, "result")


def _beyond(sizes: Iterable[tuple[str, int]], most: int) -> list[str]:
    """Return the names of those that the first ones leave no room for."""
    found, total = [], 0
    for name, size in sizes:
        total += size
        if total > most:
            found.append(name)
    return found
