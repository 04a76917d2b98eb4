"""Jobs: what is to be done once, by one runner at a time, and survives the end of any process."""

import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, select

from triglot.errors import BadRequest, JobNotFound, TriglotError
from triglot.store.engine import Database
from triglot.store.plain import from_json, to_json
from triglot.store.tables import jobs

State: TypeAlias = Literal["queued", "running", "cancelling", "finished", "error", "cancelled"]

UPDATE = "update_model_cache"  # the kind of a job that is done at once, and that all processes follow
ENDED: tuple[State, ...] = ("finished", "error", "cancelled")
# A runner that gave no sign of life for so long is gone, and its job is taken over.
LOST_AFTER_S = 30.0
TRIES = 3  # a job that ends its runners is not handed to one after the other for ever
KEPT = 1_000
SHOWN = 20
PATIENCE_S = 0.25
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands. `info` is what came of it: a result, or why it failed."""

    id: str
    kind: str
    parameters: dict[str, Any]
    state: State
    created: str
    started: str | None
    finished: str | None
    info: str

    def to_json(self) -> dict[str, Any]:
        """Return the job as JSON values; `func` and `status` are the words that Palladium's clients know."""
        return {
            "func": self.kind,
            "parameters": self.parameters,
            "status": self.state,
            "created": self.created,
            "started": self.started,
            "finished": self.finished,
            "info": self.info,
        }


class JobStore:
    """The jobs of one database; safe for threads and processes, each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(self, kind: str, parameters: Mapping[str, Any], job_id: str | None = None) -> Job:
        """Return the new job, or the one that already has this id: the same request twice is one job.

        An id that stands for something else raises `BadRequest`.
        """
        return self._database.write(lambda connection: _enter(connection, kind, parameters, job_id, "queued"))

    def record(self, kind: str) -> Job:
        """Return a job that is done already, for what takes no time but is asked for as a job."""
        return self._database.write(lambda connection: _enter(connection, kind, {}, None, "finished"))

    def claim(self, runner: str) -> Job | None:
        """Return the oldest job that waits or whose runner is lost, now this runner's; None where there is none."""
        lost = jobs.c.state.in_(("running", "cancelling")) & (jobs.c.beat < _ago(LOST_AFTER_S))
        free = (jobs.c.state == "queued") | lost
        with self._database.reading() as connection:  # most looks find nothing, and shall lock nothing
            if connection.execute(select(jobs.c.id).where(free).limit(1)).first() is None:
                return None

        def work(connection: Connection) -> Job | None:
            _end_lost(connection, lost)
            # Rows that another runner is taking at this moment are his.
            query = select(jobs).where(free).order_by(jobs.c.created, jobs.c.id).limit(1)
            row = connection.execute(query.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            mine = {"state": "running", "runner": runner, "started": _now(), "beat": _now(), "tries": row.tries + 1}
            connection.execute(jobs.update().where(jobs.c.id == row.id).values(**mine))
            return _find(connection, row.id)

        return self._database.write(work)

    def beat(self, job_id: str, runner: str) -> bool:
        """Give a sign of life; False where the job is to be cancelled or is no longer this runner's."""

        def work(connection: Connection) -> bool:
            mine = (jobs.c.id == job_id) & (jobs.c.runner == runner)
            running = jobs.update().where(mine, jobs.c.state == "running")
            return connection.execute(running.values(beat=_now())).rowcount == 1

        return self._database.write(work)

    def end(self, job_id: str, runner: str, state: State, info: str) -> None:
        """Write what came of a job, if it still is this runner's."""

        def work(connection: Connection) -> None:
            mine = (jobs.c.id == job_id) & (jobs.c.runner == runner) & jobs.c.state.not_in(ENDED)
            values = {"state": state, "finished": _now(), "info": _told(info)}
            connection.execute(jobs.update().where(mine).values(**values))

        self._database.write(work)

    def give_back(self, job_id: str, runner: str) -> None:
        """Let the next runner do a job from its beginning, if it still is this runner's and wanted."""

        def work(connection: Connection) -> None:
            mine = (jobs.c.id == job_id) & (jobs.c.runner == runner)
            waits = {"state": "queued", "runner": None, "started": None, "beat": None, "tries": jobs.c.tries - 1}
            connection.execute(jobs.update().where(mine, jobs.c.state == "running").values(**waits))
            gone = jobs.update().where(mine, jobs.c.state == "cancelling")
            connection.execute(gone.values(state="cancelled", finished=_now()))

        self._database.write(work)

    def cancel(self, job_id: str) -> Job:
        """Return the job after its end was asked for: at once if it waits, by its runner if it runs."""

        def work(connection: Connection) -> Job:
            waits = jobs.update().where(jobs.c.id == job_id, jobs.c.state == "queued")
            runs = jobs.update().where(jobs.c.id == job_id, jobs.c.state == "running")
            connection.execute(waits.values(state="cancelled", finished=_now()))
            connection.execute(runs.values(state="cancelling"))
            return _find(connection, job_id)

        return self._database.write(work)

    def get(self, job_id: str) -> Job:
        """Return one job; raises `JobNotFound`."""
        with self._database.reading() as connection:
            return _find(connection, job_id)

    def newest(self, kind: str) -> str | None:
        """Return the id of the newest job of a kind, or None where there is none."""
        with self._database.reading() as connection:
            mine = select(jobs.c.id).where(jobs.c.kind == kind).order_by(jobs.c.created.desc(), jobs.c.id)
            return connection.execute(mine.limit(1)).scalar_one_or_none()

    def list(self, limit: int = 100) -> list[Job]:
        """Return the newest jobs first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(jobs).order_by(jobs.c.created.desc(), jobs.c.id).limit(limit))
            return [_job(row) for row in rows]


class RecentJobs:
    """The newest jobs for whoever must not wait for a database: what was known last, where it does not answer."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._known: list[Job] = []
        self._looking: threading.Thread | None = None

    def newest(self) -> list[Job]:
        """Return the newest jobs within a quarter of a second."""
        looking = self._looking
        if looking is None or not looking.is_alive():
            looking = self._looking = threading.Thread(target=self._look, name="triglot-jobs", daemon=True)
            looking.start()
        looking.join(PATIENCE_S)
        return self._known

    def _look(self) -> None:
        try:
            self._known = self._store.list(SHOWN)
        except TriglotError:
            return  # the catalogue looks into the same database and tells of its trouble


def _enter(connection: Connection, kind: str, parameters: Mapping[str, Any], job_id: str | None, state: State) -> Job:
    wanted = job_id or uuid.uuid4().hex
    if not _ID.fullmatch(wanted):
        raise BadRequest("a job's id has 1 to 64 letters, digits, '_', '.', ':' or '-'")
    text = to_json(parameters, "parameters")
    found = connection.execute(select(jobs).where(jobs.c.id == wanted)).first()
    if found is None:
        now = _now()
        times = {"created": now} if state == "queued" else {"created": now, "started": now, "finished": now}
        row = {"id": wanted, "kind": kind, "parameters": text, "state": state, "tries": 0, "info": _told("")}
        connection.execute(jobs.insert().values(**row, **times))
        _forget_old(connection)
        return _find(connection, wanted)
    if found.kind != kind or from_json(found.parameters) != from_json(text):
        raise BadRequest(f"the job {wanted!r} is there already and is another one; take a new id")
    return _job(found)


def _end_lost(connection: Connection, lost: ColumnElement[bool]) -> None:
    """End the jobs that no runner is to begin again: those to be cancelled, and those that ended several."""
    unwanted = jobs.update().where(lost, jobs.c.state == "cancelling")
    connection.execute(unwanted.values(state="cancelled", finished=_now()))
    guilty = jobs.update().where(lost, jobs.c.tries >= TRIES)
    said = _told(f"given up: {TRIES} runners were lost while they carried it out")
    connection.execute(guilty.values(state="error", finished=_now(), info=said))


def _find(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        raise JobNotFound(f"there is no job {job_id!r}")
    return _job(row)


def _forget_old(connection: Connection) -> None:
    """Keep the newest jobs that have ended; those that have not are always kept."""
    newest = select(jobs.c.created).where(jobs.c.state.in_(ENDED)).order_by(jobs.c.created.desc())
    oldest_kept = connection.execute(newest.offset(KEPT).limit(1)).scalar_one_or_none()
    if oldest_kept is not None:
        connection.execute(jobs.delete().where(jobs.c.state.in_(ENDED), jobs.c.created <= oldest_kept))


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        parameters=from_json(row.parameters),
        state=row.state,
        created=row.created,
        started=row.started,
        finished=row.finished,
        info=str(from_json(row.info).get("text", "")),
    )


def _told(info: str) -> str:
    return to_json({"text": info}, "info")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="microseconds")
