"""Rates: what they are written as, and who may ask when, by a clock that the test sets."""

import pytest

from triglot.access.rates import Buckets, Rate, rate_of, rates_of
from triglot.errors import ConfigError


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("text", "rate"),
    [("100/s", Rate(100, 1)), ("30/min", Rate(30, 60)), ("1/h", Rate(1, 3600)), ("5/day", Rate(5, 86400))],
)
def test_a_rate_is_a_number_of_requests_in_a_time_and_is_told_as_it_was_written(text: str, rate: Rate) -> None:
    assert rate_of(text, "here") == rate
    assert str(rate) == text


@pytest.mark.parametrize(
    "said", ["", "0/s", "-1/s", "1.5/s", "10", "10/fortnight", "10 / s", "٣/s", 10, None, "1" * 10 + "/s"]
)
def test_what_is_no_rate_is_refused_with_an_example(said: object) -> None:
    with pytest.raises(ConfigError, match=r"^access: rates: predict: .*; write a rate such as '100/s'"):
        rates_of({"predict": said}, "access: rates")


def test_one_rate_alone_is_that_of_each_scope() -> None:
    assert rates_of("7/s", "here") == dict.fromkeys(("predict", "read", "run", "admin"), Rate(7, 1))


@pytest.mark.parametrize("said", [{"open": "1/s"}, ["1/s"], 7])
def test_rates_of_what_is_no_scope_are_refused(said: object) -> None:
    with pytest.raises(ConfigError, match=r"^access: rates: .*predict, read, run, admin"):
        rates_of(said, "access: rates")


def test_as_many_as_the_rate_says_may_come_at_once_and_then_one_as_each_is_earned(clock: Clock) -> None:
    buckets, rate = Buckets(clock), Rate(4, 2.0)
    assert [buckets.take("a", rate) for _ in range(4)] == [0.0] * 4
    assert buckets.take("a", rate) == pytest.approx(0.5)
    clock.now += 0.25
    assert buckets.take("a", rate) == pytest.approx(0.25)
    clock.now += 0.25
    assert buckets.take("a", rate) == 0.0
    assert buckets.take("a", rate) == pytest.approx(0.5)
    clock.now += 100
    assert [buckets.take("a", rate) for _ in range(4)] == [0.0] * 4
    assert buckets.take("a", rate)


def test_each_has_a_bucket_of_its_own(clock: Clock) -> None:
    buckets, rate = Buckets(clock), Rate(1, 1.0)
    assert [buckets.take(who, rate) for who in ("a", "b", "a")] == [0.0, 0.0, pytest.approx(1.0)]


def test_to_ask_whether_one_may_ask_counts_nothing(clock: Clock) -> None:
    buckets, rate = Buckets(clock), Rate(1, 1.0)
    assert [buckets.wait_s("a", rate) for _ in range(3)] == [0.0] * 3
    assert buckets.take("a", rate) == 0.0


def test_what_was_counted_beyond_the_rate_is_paid_for_later(clock: Clock) -> None:
    buckets, rate = Buckets(clock), Rate(2, 1.0)
    for _ in range(6):
        buckets.count("a", rate)
    assert buckets.wait_s("a", rate) == pytest.approx(2.5)


def test_over_a_long_time_the_rate_is_kept_to_the_request(clock: Clock) -> None:
    buckets, rate, taken = Buckets(clock), Rate(3, 1.0), 0
    for _ in range(10_000):
        taken += buckets.take("a", rate) == 0.0
        clock.now += 0.01
    assert 300 <= taken <= 303


def test_strangers_without_number_take_a_bounded_place_and_those_who_ask_most_stay_counted(clock: Clock) -> None:
    buckets, rate = Buckets(clock, most=10), Rate(5, 10.0)
    for _ in range(5):
        buckets.take("busy", rate)
    for number in range(1_000):
        buckets.take(f"stranger {number}", rate)
        assert len(buckets._full) <= 10
    assert buckets.take("busy", rate) > 0
