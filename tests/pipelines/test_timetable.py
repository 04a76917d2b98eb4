"""Schedules: each due time is entered once, however many look; what was missed is made up for by one run, and said."""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.conftest import declared
from triglot.errors import ConfigError
from triglot.pipelines.timetable import Timetable, schedules_of
from triglot.runner import fit_arguments, run_arguments, score_arguments
from triglot.store import ModelStore
from triglot.store.jobs import JobStore

DAILY = {"freq": "DAILY", "dtstart": "2026-11-01T03:00:00+00:00"}
NEVER = DAILY | {"freq": "SECONDLY", "bymonth": 2, "bymonthday": 30}
PIPELINES = {"nightly": declared(parameters={"day": {"type": "date"}, "limit": {"type": "integer", "default": 5}})}
NIGHTLY = {"rule": DAILY, "pipeline": "nightly", "parameters": {"day": "{due:%Y-%m-%d}"}}
ROWS = {"model": "iris", "rows": "rows/{due:%Y-%m-%d}.parquet", "answers": "answers/{due:%Y-%m-%d}/"}
SCORING = {"rule": DAILY, "score": ROWS}
RETRAINING = {"rule": DAILY, "fit": ["iris"], "save_if_better_than": 0.9, "evaluate": True}


class Clock:
    """A clock that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self, zone: Any) -> datetime:
        return self.at.astimezone(zone) if zone else self.at.astimezone().replace(tzinfo=None)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[JobStore]:
    store = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    yield store.jobs
    store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 29, 12, tzinfo=UTC))


@pytest.fixture
def timetable(jobs: JobStore, clock: Clock) -> Callable[..., Timetable]:
    """Give the function that returns a new timetable, as another runner would have it."""

    def made(**entries: Any) -> Timetable:
        return Timetable(schedules_of(entries or {"score": NIGHTLY}, PIPELINES, ["iris"]), jobs, clock)

    return made


def entered(jobs: JobStore) -> list[str]:
    return sorted(job.id for job in jobs.list())


def a_day_later(timetable: Callable[..., Timetable], clock: Clock, **said: Any) -> None:
    """Enter what is due now, and a day later, by another runner."""
    timetable(**said).enter_due()
    clock.at += timedelta(days=1)
    timetable(**said).enter_due()


def test_a_schedule_that_is_new_begins_with_the_next_time_and_not_with_those_before(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock
) -> None:
    made = timetable()
    made.enter_due()
    clock.at += timedelta(hours=14, minutes=59)
    made.enter_due()
    assert entered(jobs) == []
    clock.at += timedelta(minutes=1)
    made.enter_due()
    made.enter_due()

    (job,) = jobs.list()
    assert (job.id, job.kind, job.state) == ("score:20261130T030000Z", "pipeline", "queued")
    assert job.parameters == {
        "pipeline": "nightly",
        "parameters": {"day": "2026-11-30", "limit": 5},
        "schedule": {"name": "score", "due": "2026-11-30T03:00:00+00:00"},
    }
    assert run_arguments(job) == ["run", "--job", job.id, "--", "nightly"]


def test_a_time_is_entered_once_though_several_runners_look_at_the_same_moment(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock
) -> None:
    several = [timetable() for _ in range(4)]
    for each in several:
        each.enter_due()
    clock.at += timedelta(days=1)
    threads = [threading.Thread(target=each.enter_due) for each in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entered(jobs) == ["score:20261130T030000Z"]


def test_a_time_is_not_entered_again_when_its_job_was_done_and_forgotten_long_ago(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day_later(timetable, clock)
    monkeypatch.setattr("triglot.store.jobs.KEPT", 1)
    jobs.cancel("score:20261130T030000Z")
    for _ in range(2):
        jobs.record("other")
    assert "score:20261130T030000Z" not in entered(jobs)
    timetable().enter_due()
    assert "score:20261130T030000Z" not in entered(jobs)


def test_what_was_missed_is_one_run_which_says_so(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    timetable().enter_due()
    clock.at += timedelta(days=4)
    with caplog.at_level(logging.INFO):
        timetable().enter_due()

    (job,) = jobs.list()
    assert job.id == "score:20261203T030000Z"
    assert job.parameters["schedule"]["missed"] == 3
    assert "schedule score: nobody was there at 3 times before that; this run is for all of them" in caplog.text


def test_a_rule_of_every_second_since_long_ago_is_entered_at_once(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock
) -> None:
    often = NIGHTLY | {"rule": {"freq": "SECONDLY", "dtstart": "1970-01-01T00:00:00+00:00"}}
    made = timetable(often=often)
    made.enter_due()
    clock.at += timedelta(seconds=5)
    made.enter_due()
    (job,) = jobs.list()
    assert (job.id, job.parameters["schedule"]["missed"]) == ("often:20261129T120005Z", 4)


def test_whoever_takes_the_id_of_a_time_to_come_keeps_no_run_from_it(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    made = timetable()
    made.enter_due()
    jobs.submit("pipeline", {"pipeline": "nightly", "parameters": {}}, "score:20261130T030000Z")  # a caller's own key
    clock.at += timedelta(days=1)
    with caplog.at_level(logging.WARNING):
        made.enter_due()
        made.enter_due()
    (job,) = [job for job in jobs.list() if "schedule" in job.parameters]
    assert (job.id == "score:20261130T030000Z", job.parameters["parameters"]["day"]) == (False, "2026-11-30")
    assert "another job has the id score:20261130T030000Z" in caplog.text
    clock.at += timedelta(days=1)
    made.enter_due()
    assert "score:20261201T030000Z" in entered(jobs)


def test_a_retraining_is_a_fit_that_stores_what_is_better(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock
) -> None:
    a_day_later(timetable, clock, weekly=RETRAINING)
    (job,) = jobs.list()
    assert sorted(fit_arguments(job)[3:-2]) == ["--evaluate", "--save-if-better-than", "0.9"]
    assert fit_arguments(job)[-2:] == ["--", "iris"]


def test_a_scoring_is_a_command_with_the_day_in_its_paths(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock
) -> None:
    a_day_later(timetable, clock, score=SCORING)
    (job,) = jobs.list()
    assert score_arguments(job) == ["score", "--", "iris", "rows/2026-11-30.parquet", "answers/2026-11-30/"]


def test_a_rule_without_a_zone_is_of_the_local_clock_and_its_id_of_the_world_s(
    timetable: Callable[..., Timetable], jobs: JobStore, clock: Clock
) -> None:
    naive = NIGHTLY | {"rule": {"freq": "DAILY", "dtstart": "2026-11-01T03:00:00"}}
    timetable(score=naive).enter_due()
    clock.at += timedelta(days=1)
    timetable(score=naive).enter_due()
    (job,) = jobs.list()
    due = datetime.fromisoformat(job.parameters["schedule"]["due"])
    assert (due.hour, due.tzinfo) == (3, None)
    assert job.id == f"score:{due.astimezone(UTC):%Y%m%dT%H%M%SZ}"


@pytest.mark.parametrize("name", ["a b", "ünter", "x" * 90, "a/b"])
def test_an_id_fits_whatever_a_schedule_is_called_and_is_the_same_everywhere(name: str, jobs: JobStore) -> None:
    (schedule,) = schedules_of({name: NIGHTLY}, PIPELINES, [])
    due = datetime(2026, 11, 30, 3, tzinfo=UTC)
    job_id = schedule.job_id(due)
    assert job_id == schedule.job_id(due.astimezone(timezone(timedelta(hours=5))))
    assert jobs.submit("pipeline", {}, job_id).id == job_id


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ([], r"schedules: score: \[\]; write a mapping with 'rule', and one of pipeline, fit, score"),
        ({"rule": DAILY}, "and one of pipeline, fit, score"),
        (NIGHTLY | {"fit": []}, "and one of pipeline, fit, score"),
        (NIGHTLY | {"rules": 1}, "schedules: score: unknown rules; known are rule, pipeline, fit, score, parameters"),
        (NIGHTLY | {"rule": {"freq": "DALY"}}, "schedules: score: rule: the rule's freq is 'DALY'; use YEARLY"),
        (
            NIGHTLY | {"rule": NEVER},
            "score: rule: the rule names no time within 100 years .* look at bymonth, bymonthday",
        ),
        (NIGHTLY | {"rule": {"freq": "DAILY"}}, "rule: it needs 'dtstart', so that all runners mean the same times"),
        (NIGHTLY | {"pipeline": "hourly"}, "score: no pipeline 'hourly' is declared; known are nightly"),
        (NIGHTLY | {"parameters": {}}, "score: pipeline 'nightly' cannot be run so; field 'day': is missing"),
        (NIGHTLY | {"parameters": {"day": "{due:%d.%m.%Y}"}}, "field 'day': must be a date such as 2026-11-30"),
        (NIGHTLY | {"parameters": {"day": "{due!"}}, "score: '{due!': .*; write {due}, or {due:%Y-%m-%d}"),
        (NIGHTLY | {"parameters": ["day"]}, r"score: parameters: \['day'\]; write a mapping, a value by its name"),
        (NIGHTLY | {"evaluate": True}, "score: evaluate: does not go with 'pipeline'; leave it out"),
        (RETRAINING | {"fit": ["wine"]}, r"score: fit: \['wine'\]; write a list of models, of iris"),
        (RETRAINING | {"fit": "iris"}, "score: fit: 'iris'; write a list of models, of iris"),
        (RETRAINING | {"evaluate": "yes"}, "score: evaluate: 'yes'; write True or False"),
        (RETRAINING | {"save_if_better_than": "0.9"}, "save_if_better_than: '0.9'; write a number"),
        (SCORING | {"score": "iris"}, "score: score: 'iris'; write a mapping with 'model', 'rows' and 'answers'"),
        (SCORING | {"score": {"model": "iris"}}, "score: a score needs 'model', 'rows' and 'answers', each a text"),
        (SCORING | {"score": {"modl": "iris"}}, "score: score: unknown modl; known are model, rows, answers, keep"),
        (SCORING | {"score": {**ROWS, "workers": 0}}, "score: a score takes no workers = 0"),
        (SCORING | {"parameters": {}}, "score: parameters: does not go with 'score'"),
    ],
)
def test_an_entry_that_is_no_schedule_names_its_place(entry: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        schedules_of({"score": entry}, PIPELINES, ["iris"])


def test_a_retraining_where_no_model_is_configured_says_to_add_one() -> None:
    with pytest.raises(ConfigError, match=r"\['iris'\]; write a list of models, and add them under 'models': there is"):
        schedules_of({"weekly": RETRAINING}, PIPELINES, [])
