"""Recurrence rules: when they call, and that they can be stopped."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import dateutil.rrule
import pytest

from tests.helpers import PATIENCE_S, until
from triglot.errors import ConfigError
from triglot.occurrences import occurrences
from triglot.project import Project
from triglot.schedule import RruleThread, rule_of


class Clock:
    """A clock that goes a hundred times as fast."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.began = time.monotonic()

    def __call__(self, zone: Any) -> datetime:
        now = self.start + timedelta(seconds=100 * (time.monotonic() - self.began))
        return now.astimezone(zone) if zone else now


@pytest.fixture
def threads() -> Iterator[list[RruleThread]]:
    """Hold threads that are stopped at the end."""
    made: list[RruleThread] = []
    yield made
    for thread in made:
        thread.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_words_and_text_become_what_dateutil_knows() -> None:
    rule = rule_of({"freq": "WEEKLY", "byweekday": ["MO", "FR"], "dtstart": "2026-01-01T03:00:00", "wkst": "SU"})

    assert list(rule[:3]) == [datetime(2026, 1, day, 3) for day in (2, 5, 9)]
    assert rule_of({"freq": dateutil.rrule.DAILY, "byday": "SA"})._byweekday == (5,)
    same = dateutil.rrule.rrule(dateutil.rrule.DAILY)
    assert rule_of(same) is same


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"dtstart": "2026-01-01"}, "needs 'freq'"),
        ({"freq": "HOURLI"}, "freq is 'HOURLI'; use YEARLY, MONTHLY"),
        ({"freq": "DAILY", "byweekday": ["MO", "XX"]}, "byweekday is 'XX'; use MO, TU"),
        ({"freq": "DAILY", "dtstart": "soon"}, "dtstart 'soon' is no date"),
        ({"freq": "DAILY", "intervall": 2}, "intervall"),
        ({"freq": "DAILY", "interval": 0}, "interval is 0; use a whole number from 1 on"),
        ({"freq": "DAILY", "interval": -1}, "interval is -1; use"),
        ({"freq": "DAILY", "interval": 1.5}, "interval is 1.5; use"),
        ({"freq": "DAILY", "dtstart": 2026}, "is none"),
        ("HOURLY", "must be a dict"),
    ],
)
def test_a_rule_that_is_none_says_what_is_wrong_when_it_is_made(rule: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        RruleThread(lambda: None, rule)


NEVER = [
    ({"freq": "SECONDLY", "bymonth": 2, "bymonthday": 30}, "bymonth, bymonthday"),
    ({"freq": "DAILY", "bymonth": 4, "byyearday": 1}, "bymonth, byyearday"),
    ({"freq": "DAILY", "interval": 7, "byweekday": "MO", "dtstart": "2026-01-06"}, "byweekday, interval"),
    ({"freq": "HOURLY", "interval": 168, "byweekday": "MO", "dtstart": "2026-01-06"}, "byweekday, interval"),
    ({"freq": "HOURLY", "byhour": 25}, "byhour"),
    ({"freq": "MINUTELY", "interval": 1440, "byhour": 5, "dtstart": "2026-01-01T03:00:00"}, "byhour, interval"),
    ({"freq": "SECONDLY", "byhour": 25, "bymonth": 1}, "bymonth, byhour"),
    ({"freq": "SECONDLY", "bysetpos": 2}, "bysetpos"),
    ({"freq": "HOURLY", "byminute": [0, 30], "bysetpos": [-3, 3]}, "bysetpos, byminute"),
    ({"freq": "WEEKLY", "bymonth": 2, "bymonthday": 30}, "bymonth, bymonthday"),
    ({"freq": "WEEKLY", "interval": 10**9}, "interval"),
    ({"freq": "MONTHLY", "bymonthday": 31, "bymonth": [4, 6]}, "bymonth, bymonthday"),
    ({"freq": "YEARLY", "bymonth": 13}, "bymonth"),
    ({"freq": "DAILY", "count": 0}, "count"),
    ({"freq": "DAILY", "dtstart": "2026-01-02", "until": "2026-01-01"}, "until"),
    ({"freq": "SECONDLY", "byyearday": 366, "dtstart": "2026-01-01", "until": "2026-12-31"}, "byyearday, until"),
]


@pytest.mark.parametrize(("rule", "keys"), NEVER)
def test_a_rule_that_never_happens_is_refused_at_once_and_the_arguments_are_named(
    rule: dict[str, Any], keys: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        RruleThread(print, rule)
    said, _, named = str(raised.value).partition("; look at ")
    assert said == "the rule names no time within 100 years of its start"
    assert sorted(named.split(", ")) == sorted(keys.split(", "))


def test_a_rule_that_was_made_elsewhere_is_looked_at_as_well() -> None:
    with pytest.raises(ConfigError, match="look at bymonth, bymonthday"):
        rule_of(dateutil.rrule.rrule(dateutil.rrule.SECONDLY, bymonth=2, bymonthday=30))
    with pytest.raises(ConfigError, match="interval is 0; use a whole number from 1 on"):
        rule_of(dateutil.rrule.rrule(dateutil.rrule.SECONDLY, interval=0))
    assert rule_of(dateutil.rrule.rruleset()) is not None


@pytest.mark.parametrize(
    ("component", "impl"),
    [
        (
            "triglot.persisters.cached.CachedUpdatePersister",
            "{'!': 'triglot.store.ModelStore', 'url': 'sqlite:///models.db'}",
        ),
        ("triglot.dataset.ScheduledDatasetLoader", "{'!': 'triglot.dataset.CSV', 'path': 'rows.csv'}"),
    ],
)
def test_a_component_with_a_rule_that_never_happens_is_not_built_and_its_key_is_named(
    component: str, impl: str, tmp_path: Path
) -> None:
    rule = "{'freq': 'SECONDLY', 'bymonth': 2, 'bymonthday': 30}"
    text = f"{{'model_persister': {{'!': '{component}', 'impl': {impl}, 'update_cache_rrule': {rule}}}}}"
    (tmp_path / "triglot-config.py").write_text(text)
    told = "model_persister: .* failed: update_cache_rrule: the rule names no time .*; look at bymonth, bymonthday$"
    with pytest.raises(ConfigError, match=told):
        _ = Project((), {}, tmp_path).store


@pytest.mark.parametrize(
    "more",
    [
        {"freq": "SECONDLY", "interval": 7, "byhour": 3},
        {"freq": "SECONDLY", "byhour": 3, "byminute": 4, "byweekday": ["WE", "SA"]},
        {"freq": "SECONDLY", "byhour": 1, "bymonthday": -1, "until": "2026-02-28T00:30:00+01:00"},
        {"freq": "MINUTELY", "interval": 13, "byweekday": "MO"},
        {"freq": "MINUTELY", "bysecond": [1, 2, 3], "bysetpos": [1, -1], "bymonthday": [8, 20]},
        {"freq": "HOURLY", "interval": 5},
        {"freq": "HOURLY", "bymonth": 3},
        {"freq": "HOURLY", "interval": 50, "bymonth": [1, 2], "byhour": [3, 5, 7]},
        {"freq": "HOURLY", "byweekno": 9, "count": 30},
        {"freq": "DAILY", "interval": 3, "byhour": [3, 15]},
        {"freq": "DAILY", "interval": 3, "byhour": [3, 15], "byeaster": [0, 1, 2], "count": 3},
        {"freq": "DAILY", "byweekday": "MO", "bymonthday": [1, 2, 3, 4, 5, 6, 7]},
        {"freq": "WEEKLY", "interval": 2, "byweekday": ["TU", "FR"], "bysetpos": -1, "wkst": "SU"},
        {"freq": "WEEKLY", "count": 4},
        {"freq": "MONTHLY", "bymonthday": -1},
        {"freq": "MONTHLY", "byweekday": "FR", "bysetpos": -1},
        {"freq": "YEARLY", "byyearday": [60, -1]},
    ],
)
def test_the_times_from_any_moment_on_are_dateutil_s(more: dict[str, Any]) -> None:
    rule = rule_of({"dtstart": "2026-01-07T03:04:05+02:00", **more})
    for days in (-400, 0, 6, 25.3, 40):
        when = datetime(2026, 1, 7, 3, 4, 5, tzinfo=rule._dtstart.tzinfo) + timedelta(days=days)
        assert list(islice(occurrences(rule, when), 9)) == list(islice(rule.xafter(when), 9))


def test_a_time_that_is_far_away_is_found_without_walking_there() -> None:
    leap = rule_of({"freq": "SECONDLY", "byhour": 23, "bymonth": 2, "bymonthday": 29, "byweekday": "MO"})
    assert next(occurrences(leap, datetime(2026, 12, 1))) == datetime(2044, 2, 29, 23)
    over = rule_of({"freq": "SECONDLY", "bymonth": 2, "bymonthday": 29, "dtstart": "2020-01-01", "until": "2025-01-01"})
    assert next(occurrences(over, datetime(2026, 12, 1)), None) is None


def test_it_calls_at_the_occurrences_and_not_at_the_checks(threads: list[RruleThread]) -> None:
    called: list[datetime] = []
    thread = RruleThread(lambda: called.append(datetime.now()), {"freq": "SECONDLY"}, sleep_between_checks=24 * 3600)
    threads.append(thread)
    thread.start()
    until(lambda: len(called) >= 2)
    assert called[0].replace(microsecond=0) < called[1].replace(microsecond=0)  # occurrences are whole seconds


def test_a_rule_of_long_ago_calls_at_its_next_occurrence(threads: list[RruleThread]) -> None:
    clock = Clock(datetime(2026, 1, 1, 2, 58, 0))
    called: list[datetime] = []
    rule = {"freq": "HOURLY", "byminute": 0, "bysecond": 0, "dtstart": "2020-01-01"}
    thread = RruleThread(lambda: called.append(clock(None)), rule, sleep_between_checks=0.01, now=clock)
    threads.append(thread)
    thread.start()
    until(lambda: bool(called))

    assert timedelta(0) <= called[0] - datetime(2026, 1, 1, 3) < timedelta(hours=1)


def test_an_exception_is_logged_and_the_next_occurrence_tried(
    threads: list[RruleThread], caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise ValueError("no")

    rule = {"freq": "SECONDLY", "dtstart": "2026-01-01"}
    thread = RruleThread(fails, rule, sleep_between_checks=0.01, now=Clock(datetime(2026, 1, 1)))
    threads.append(thread)
    thread.start()
    until(lambda: len(calls) >= 2)
    assert "Failed to call fails" in caplog.text


def test_missed_occurrences_are_not_made_up_for(threads: list[RruleThread]) -> None:
    calls: list[float] = []
    thread = RruleThread(
        lambda: calls.append(time.monotonic()),
        {"freq": "SECONDLY", "dtstart": "2025-12-31", "until": "2026-01-01T00:00:30"},
        now=Clock(datetime(2026, 1, 1, 0, 0, 29)),
        sleep_between_checks=0.001,
    )
    threads.append(thread)
    thread.start()
    thread.join(PATIENCE_S)
    assert len(calls) <= 1
    assert not thread.is_alive()


def test_a_rule_with_a_zone_is_an_instant(threads: list[RruleThread]) -> None:
    start = datetime(2026, 1, 1, 2, 59, 59, tzinfo=UTC)
    called = threading.Event()
    thread = RruleThread(called.set, {"freq": "DAILY", "dtstart": "2026-01-01T04:00:00+01:00"}, 0.01, now=Clock(start))
    threads.append(thread)
    assert thread.last_execution == start.astimezone(thread.last_execution.tzinfo) or thread.last_execution > start
    thread.start()
    assert called.wait(PATIENCE_S)


def test_it_stops_at_once_although_the_next_occurrence_is_far(threads: list[RruleThread]) -> None:
    thread = RruleThread(lambda: None, {"freq": "YEARLY"})
    threads.append(thread)
    thread.start()
    assert thread.is_alive()
    thread.stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_its_own(threads: list[RruleThread]) -> None:
    thread = RruleThread(lambda: None, {"freq": "YEARLY"})
    threads.append(thread)
    thread.start()
    child = os.fork()
    if child == 0:
        os._exit(0 if thread.is_alive() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert thread.is_alive()
