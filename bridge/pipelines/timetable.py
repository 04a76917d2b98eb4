"""Schedules: what is done by recurrence rules, by whichever runner of jobs sees first that it is due.

Several runners, on several hosts, look at one timetable. A job's id is made of its schedule and of the time that it was
due, and a row of the jobs' database says up to when each schedule is entered, so that each time is entered once. Where
nobody was there at several times one run is entered for all of them, and says so.
"""

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, Final

from triglot.config.shapes import refuse_unknown
from triglot.errors import BadRequest, ConfigError
from triglot.occurrences import occurrences
from triglot.pipelines.declared import Declared, one_of
from triglot.pipelines.submission import KIND
from triglot.runner import SCORE_OPTIONS, is_number, score_arguments
from triglot.schedule import rule_of
from triglot.store.jobs import Job, JobStore

logger = logging.getLogger("triglot.jobs")

_WHAT: Final = ("pipeline", "fit", "score")
_FLAGS: Final = ("evaluate", "activate", "proof")
SCHEDULE_KEYS: Final = ("rule", *_WHAT, "parameters", *_FLAGS, "save_if_better_than")
SCORE_KEYS: Final = ("model", "rows", "answers", *SCORE_OPTIONS)
# what goes with what is to be done
_BESIDE: Final = {"pipeline": {"parameters"}, "fit": {*_FLAGS, "save_if_better_than"}, "score": set[str]()}
_LONGEST = 40  # characters of a name within an id of 64

Clock = Callable[[Any], datetime]  # given a time zone or None, as `datetime.now`


@dataclass(frozen=True, slots=True)
class Schedule:
    """One entry of a timetable: what kind of job is entered when its rule says so.

    `parameters` may have texts with `{due}` in them, which stands for the time that the run was due; `{due:%Y-%m-%d}`
    is its day.
    """

    name: str
    rule: Any
    kind: str
    parameters: Mapping[str, Any]

    def job_id(self, due: datetime) -> str:
        """Return the id of the job for a due time: the same on every host."""
        plain = self.name if len(self.name) <= _LONGEST and self.name.isascii() else ""
        safe = plain if plain and all(each.isalnum() or each in "_.-" for each in plain) else ""
        name = safe or hashlib.sha256(self.name.encode()).hexdigest()[:_LONGEST]
        return f"{name}:{due.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def parameters_at(self, due: datetime, missed: int) -> dict[str, Any]:
        """Return the parameters of the job for a due time."""
        told = {"name": self.name, "due": due.isoformat(), **({"missed": missed} if missed else {})}
        return {**_filled(self.parameters, due), "schedule": told}


def schedules_of(said: Any, pipelines: Mapping[str, Declared], models: Collection[str]) -> tuple[Schedule, ...]:
    """Return the schedules of an entry `schedules`; raises `ConfigError`, naming the place, for what is none."""
    if not isinstance(said, Mapping):
        raise ConfigError(f"schedules: {said!r}; write a mapping such as {{'nightly': {{'rule': ..., 'fit': []}}}}")
    return tuple(_schedule(str(name), entry, pipelines, models) for name, entry in said.items())


class Timetable:
    """The schedules of one runner, looked at again and again."""

    def __init__(self, schedules: Collection[Schedule], jobs: JobStore, now: Clock = datetime.now) -> None:
        self._schedules = schedules
        self._watches: list[_Watch] = []
        self._jobs = jobs
        self._now = now
        self._begun = False

    def enter_due(self) -> None:
        """Enter what has become due since the last look; a schedule that is new begins with the next time."""
        if not self._begun:
            self._jobs.begin_schedules([schedule.name for schedule in self._schedules], self._now(UTC))
            self._watches = [self._watch(schedule) for schedule in self._schedules]
            self._begun = True
        for watch in self._watches:
            due = watch.due()
            if due is not None:
                self._enter(watch, due)
                watch.seen(due)

    def _watch(self, schedule: Schedule) -> "_Watch":
        now = self._now(UTC)
        return _Watch(schedule, self._now, min(self._jobs.scheduled(schedule.name) or now, now))

    def _enter(self, watch: "_Watch", due: datetime) -> None:
        schedule, before = watch.schedule, self._jobs.scheduled(watch.schedule.name)
        missed = 0 if before is None else watch.between(before, due)
        told, job_id = schedule.parameters_at(due, missed), schedule.job_id(due)
        job = self._jobs.schedule(schedule.name, due, schedule.kind, told, job_id)
        if job is None:
            return  # somebody else was quicker
        if job.id != job_id:
            logger.warning("schedule %s: another job has the id %s; this one has another", schedule.name, job_id)
        logger.info("schedule %s: job %s, due %s", schedule.name, job.id, due)
        if missed:
            logger.warning(
                "schedule %s: nobody was there at %d times before that; this run is for all of them",
                schedule.name,
                missed,
            )


class _Watch:
    """One schedule and where its rule has got to; a rule counts from its start each time, so its place is kept.

    since: up to when it is entered already.
    """

    def __init__(self, schedule: Schedule, now: Clock, since: datetime) -> None:
        self.schedule = schedule
        self._zone = schedule.rule._dtstart.tzinfo
        self._now = now
        self._times = occurrences(schedule.rule, self._here(since))
        self._next = next(self._times, None)
        self._past: datetime | None = None

    def due(self) -> datetime | None:
        """Return the last time that the rule named until now, None where it was entered before."""
        now = self._now(self._zone)
        while self._next is not None and self._next <= now:
            self._past, self._next = self._next, next(self._times, None)
        return self._past

    def seen(self, due: datetime) -> None:
        """Note that a time needs no further look."""
        if self._past == due:
            self._past = None

    def between(self, first: datetime, last: datetime) -> int:
        """Return how many times there are after the first one and before the last."""
        times = occurrences(self.schedule.rule, self._here(first))
        return sum(1 for _ in takewhile(lambda at: at < last, times))

    def _here(self, at: datetime) -> datetime:
        """Return a time as the rule's clock has it."""
        return at.astimezone(self._zone) if self._zone else at.astimezone().replace(tzinfo=None)


def _schedule(name: str, entry: Any, pipelines: Mapping[str, Declared], models: Collection[str]) -> Schedule:
    where = f"schedules: {name}"
    what = [key for key in _WHAT if key in entry] if isinstance(entry, Mapping) else []
    if "rule" not in entry or len(what) != 1:
        raise ConfigError(f"{where}: {entry!r}; write a mapping with 'rule', and one of {', '.join(_WHAT)}")
    refuse_unknown(where, entry, SCHEDULE_KEYS)
    stray = entry.keys() - {"rule", what[0], *_BESIDE[what[0]]}
    if stray:
        raise ConfigError(f"{where}: {min(stray)}: does not go with {what[0]!r}; leave it out")
    rule = rule_of(entry["rule"], f"{where}: rule")
    if (isinstance(entry["rule"], Mapping) and "dtstart" not in entry["rule"]) or not hasattr(rule, "_dtstart"):
        raise ConfigError(f"{where}: rule: it needs 'dtstart', so that all runners mean the same times")
    if what[0] == "pipeline":
        return Schedule(name, rule, KIND, _of_pipeline(where, entry, pipelines))
    return Schedule(name, rule, what[0], (_of_fit if what[0] == "fit" else _of_score)(where, entry, models))


def _of_pipeline(where: str, entry: Mapping[str, Any], pipelines: Mapping[str, Declared]) -> Mapping[str, Any]:
    said = entry.get("parameters", {})
    if not isinstance(said, Mapping):
        raise ConfigError(f"{where}: parameters: {said!r}; write a mapping, a value by its name")
    try:
        declared = one_of(pipelines, str(entry["pipeline"]))
        checked = declared.checked(_filled(said, datetime(2000, 1, 1)))
    except (LookupError, BadRequest) as error:
        raise ConfigError(f"{where}: {error}") from None
    return {"pipeline": declared.name, "parameters": {**checked, **said}}


def _of_fit(where: str, entry: Mapping[str, Any], models: Collection[str]) -> Mapping[str, Any]:
    names = entry["fit"]
    unknown = [name for name in names if name not in models] if isinstance(names, list) else [names]
    if unknown:
        known = f"of {', '.join(models)}" if models else "and add them under 'models': there is none"
        raise ConfigError(f"{where}: fit: {names!r}; write a list of models, {known}")
    said = {key: entry[key] for key in _FLAGS if key in entry}
    odd = [key for key, value in said.items() if not isinstance(value, bool)]
    if odd:
        raise ConfigError(f"{where}: {odd[0]}: {said[odd[0]]!r}; write True or False")
    if "save_if_better_than" in entry:
        said["persist_if_better_than"] = least = entry["save_if_better_than"]
        if not is_number(least):
            raise ConfigError(f"{where}: save_if_better_than: {least!r}; write a number")
    return {**said, **({"models": list(names)} if names else {})}


def _of_score(where: str, entry: Mapping[str, Any], models: Collection[str]) -> Mapping[str, Any]:
    said = entry["score"]
    if not isinstance(said, Mapping):
        raise ConfigError(f"{where}: score: {said!r}; write a mapping with 'model', 'rows' and 'answers'")
    refuse_unknown(f"{where}: score", said, SCORE_KEYS)
    try:
        score_arguments(Job("", "score", dict(said), "queued", "", None, None, ""))
        _filled(said, datetime(2000, 1, 1))
    except BadRequest as error:
        raise ConfigError(f"{where}: {error}") from None
    return dict(said)


def _filled(value: Any, due: datetime) -> Any:
    """Return a value with the due time in its texts."""
    if isinstance(value, Mapping):
        return {key: _filled(each, due) for key, each in value.items()}
    if not isinstance(value, str) or "{due" not in value:
        return value
    try:
        return value.format(due=due)
    except (ValueError, LookupError, AttributeError) as error:
        raise BadRequest(f"{value!r}: {error}; write {{due}}, or {{due:%Y-%m-%d}} for its day") from None
