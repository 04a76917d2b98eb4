"""Recurrence rules: when they call, and that they can be stopped."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dateutil.rrule
import pytest

from tests.helpers import PATIENCE_S, until
from triglot.errors import ConfigError
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
        ("HOURLY", "must be a dict"),
    ],
)
def test_a_rule_that_is_none_says_what_is_wrong_when_it_is_made(rule: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        RruleThread(lambda: None, rule)


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
