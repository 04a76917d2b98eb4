"""Jobs: what is to be done once, by one runner at a time, and survives the end of any process."""

import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import ColumnElement, Connection, Row, func, select

from triglot.errors import BadRequest, JobNotFound, ResultNotFound
from triglot.store import job_data, schedules
from triglot.store.engine import Database
from triglot.store.plain import from_json, to_json
from triglot.store.tables import jobs

State: TypeAlias = Literal["queued", "running", "cancelling", "finished", "error", "cancelled"]

UPDATE = "update_model_cache"  # the kind of a job that is done at once, and that all processes follow
ENDED: tuple[State, ...] = ("finished", "error", "cancelled")
# A runner that gave no sign of life for so long is gone, and its job is taken over.
LOST_AFTER_S = 30.0
RUNNER_VARIABLE = "TRIGLOT_JOB_RUNNER"  # set for a front end beside which a runner was started
TRIES = 3  # a job that ends its runners is not handed to one after the other for ever
KEPT = 1_000
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands.

    `info` is what its command has said last: what came of it, or why it failed. `progress` is how far it is, `result`
    what there is to be fetched of it: `type`, `rows` and `bytes`.
    """

    id: str
    kind: str
    parameters: dict[str, Any]
    state: State
    created: str
    started: str | None
    finished: str | None
    info: str
    progress: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.state in ENDED

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
            **({} if self.progress is None else {"progress": dict(self.progress)}),
            **({} if self.result is None or self.state != "finished" else {"result": dict(self.result)}),
        }


class JobStore:
    """The jobs of one database; safe for threads and processes, each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(
        self, kind: str, parameters: Mapping[str, Any], job_id: str | None = None, given: bytes | None = None
    ) -> Job:
        """Return the new job, or the one that already has this id: the same request twice is one job.

        `given` is what its command will ask for by `given`. An id that stands for something else raises `BadRequest`.
        """

        def work(connection: Connection) -> Job:
            job = _enter(connection, kind, parameters, job_id, "queued")
            if given is not None and job.state == "queued":
                job_data.put(connection, job.id, "input", given)
            return job

        return self._database.write(work)

    def begin_schedules(self, names: Collection[str], now: datetime) -> None:
        """Let the schedules that nobody has seen before begin now."""

        def work(connection: Connection) -> None:
            for name in names:
                schedules.begin(connection, name, _second(now))

        self._database.write(work)

    def schedule(self, name: str, due: datetime, kind: str, parameters: Mapping[str, Any], job_id: str) -> Job | None:
        """Return the new job of a schedule that is due; None where that time or a later one is entered already.

        It has another id where another job has that one.
        """

        def work(connection: Connection) -> Job | None:
            if not schedules.reach(connection, name, _second(due)):
                return None
            try:
                return _enter(connection, kind, parameters, job_id, "queued")
            except BadRequest:  # whoever may ask for jobs may have taken the id; what is due is due all the same
                return _enter(connection, kind, parameters, None, "queued")

        return self._database.write(work)

    def scheduled(self, name: str) -> datetime | None:
        """Return up to when a schedule's runs are entered, None for one that nobody has seen."""
        with self._database.reading() as connection:
            return schedules.reached(connection, name)

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
            mine |= {"progress": None, "result": None}
            connection.execute(jobs.update().where(jobs.c.id == row.id).values(**mine))
            return _find(connection, row.id)

        return self._database.write(work)

    def beat(self, job_id: str, runner: str, said: str | None = None) -> bool:
        """Give a sign of life, with what the command has said last.

        False where the job is to be cancelled or is no longer this runner's.
        """

        def work(connection: Connection) -> bool:
            mine = (jobs.c.id == job_id) & (jobs.c.runner == runner)
            running = jobs.update().where(mine, jobs.c.state == "running")
            told = {} if said is None else {"info": _told(said)}
            return connection.execute(running.values(beat=_now(), **told)).rowcount == 1

        return self._database.write(work)

    def note(self, job_id: str, progress: Mapping[str, Any]) -> None:
        """Say how far a job that runs is."""
        text = to_json(progress, "progress")
        running = jobs.update().where(jobs.c.id == job_id, jobs.c.state == "running")
        self._database.write(lambda connection: connection.execute(running.values(progress=text)))

    def given(self, job_id: str) -> bytes | None:
        """Return what a job was given, None where there is nothing."""
        with self._database.reading() as connection:
            return job_data.whole(connection, job_id, "input")

    def keep_result(self, job_id: str, about: Mapping[str, Any], data: bytes) -> None:
        """Keep what came of a job that runs, in the place of what an earlier try has kept; old results make room."""
        text = to_json({**about, "bytes": len(data)}, "result")

        def work(connection: Connection) -> None:
            running = jobs.update().where(jobs.c.id == job_id, jobs.c.state == "running")
            if connection.execute(running.values(result=text)).rowcount == 1:
                job_data.put(connection, job_id, "result", data)
                job_data.forget_old_results(connection)

        self._database.write(work)

    def result(self, job_id: str) -> Iterator[bytes]:
        """Return a result piece by piece; raises `ResultNotFound` at once where there is none, or not any more."""
        first = self._piece(job_id, 0)
        if first is None:
            raise ResultNotFound(_why_no_result(self.get(job_id)))
        return self._pieces(job_id, first)

    def _pieces(self, job_id: str, first: bytes) -> Iterator[bytes]:
        piece: bytes | None = first
        number = 0
        while piece is not None:
            yield piece
            number += 1
            piece = self._piece(job_id, number)

    def _piece(self, job_id: str, number: int) -> bytes | None:
        with self._database.reading() as connection:
            job = _find(connection, job_id)
            return job_data.piece(connection, job_id, "result", number) if job.state == "finished" else None

    def end(self, job_id: str, runner: str, state: State, info: str) -> None:
        """Write what came of a job, if it still is this runner's."""

        def work(connection: Connection) -> None:
            mine = (jobs.c.id == job_id) & (jobs.c.runner == runner) & jobs.c.state.not_in(ENDED)
            values = {"state": state, "finished": _now(), "info": _told(info)}
            connection.execute(jobs.update().where(mine).values(**values))
            job_data.drop(connection, job_id, "input")

        self._database.write(work)

    def give_back(self, job_id: str, runner: str) -> None:
        """Let the next runner do a job from its beginning, if it still is this runner's and wanted."""

        def work(connection: Connection) -> None:
            mine = (jobs.c.id == job_id) & (jobs.c.runner == runner)
            waits = {"state": "queued", "runner": None, "started": None, "beat": None, "tries": jobs.c.tries - 1}
            waits |= {"info": _told(""), "progress": None, "result": None}
            connection.execute(jobs.update().where(mine, jobs.c.state == "running").values(**waits))
            gone = jobs.update().where(mine, jobs.c.state == "cancelling")
            connection.execute(gone.values(state="cancelled", finished=_now()))
            job_data.drop_inputs(connection, ENDED)

        self._database.write(work)

    def cancel(self, job_id: str) -> Job:
        """Return the job after its end was asked for: at once if it waits, by its runner if it runs."""

        def work(connection: Connection) -> Job:
            _find(connection, job_id)
            waits = jobs.update().where(jobs.c.id == job_id, jobs.c.state == "queued")
            runs = jobs.update().where(jobs.c.id == job_id, jobs.c.state == "running")
            connection.execute(waits.values(state="cancelled", finished=_now()))
            connection.execute(runs.values(state="cancelling"))
            if _find(connection, job_id).is_over:
                job_data.drop(connection, job_id, "input")
            return _find(connection, job_id)

        return self._database.write(work)

    def get(self, job_id: str) -> Job:
        """Return one job; raises `JobNotFound`."""
        with self._database.reading() as connection:
            return _find(connection, job_id)

    def ended(self, job_ids: Collection[str]) -> list[Job]:
        """Return those of these jobs that are over."""
        with self._database.reading() as connection:
            over = select(jobs).where(jobs.c.id.in_(job_ids), jobs.c.state.in_(ENDED))
            return [_job(row) for row in connection.execute(over)]

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

    def counts(self) -> dict[str, int]:
        """Return how many jobs are kept in each state."""
        with self._database.reading() as connection:
            rows = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
            found = {state: int(count) for state, count in rows}
        return {state: found.get(state, 0) for state in get_args(State)}


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
    job_data.drop_inputs(connection, ENDED)


def _find(connection: Connection, job_id: str) -> Job:
    known = _ID.fullmatch(job_id) is not None  # databases differ in what they do with a NUL
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first() if known else None
    if row is None:
        raise JobNotFound(f"there is no job {job_id[:_SHOWN]!r}")
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
        progress=None if row.progress is None else from_json(row.progress),
        result=None if row.result is None else from_json(row.result),
    )


def _why_no_result(job: Job) -> str:
    """Return why there is nothing to be fetched of a job."""
    if not job.is_over:
        return f"the job {job.id!r} is not over: {job.state}; ask again later"
    if job.state != "finished":
        return f"the job {job.id!r} has no result: {job.state}; its info says more"
    if job.result is None:
        return f"the job {job.id!r} gives no result to be fetched; look into its info"
    return f"the result of the job {job.id!r} is gone, as newer ones needed the room; start it again"


def _told(info: str) -> str:
    return to_json({"text": info}, "info")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _second(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="microseconds")
