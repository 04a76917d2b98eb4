"""When a version that ends workers is kept from being asked, and when one request may try it: on values alone."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.errors import ConfigError
from triglot.tally.quarantine import Case, Quarantine

TERMS = Quarantine(deaths=3, within_s=60, for_s=100)


def after(*times: float, terms: Quarantine = TERMS) -> Case:
    """Return what is known of a version that ended workers at these times."""
    case = Case()
    for at in times:
        case = case.after_death(at, "", terms)
    return case


def test_so_many_deaths_within_the_time_put_a_version_into_quarantine() -> None:
    assert not after(0, 1).is_held
    case = after(0, 1, 59)
    assert case.is_held
    assert (case.left_s(59), case.left_s(100), case.left_s(159)) == (100, 59, 0)
    assert case.cause == "requests to it have ended 3 workers"


def test_deaths_that_lie_apart_do_not() -> None:
    assert not after(*range(0, 1_000, 30)).is_held


def test_the_worker_s_own_reason_is_told() -> None:
    case = after(0, 1).after_death(2, "it took 3 GiB", TERMS)
    assert case.cause == "requests to it have ended 3 workers (the last one: it took 3 GiB)"
    assert Case().after_death(0, "", Quarantine(deaths=1)).cause == "requests to it have ended 1 worker"


def test_after_a_trial_one_death_is_enough_for_as_long_again() -> None:
    tried = after(0, 1, 2)._replace(trial=140.0)
    assert (tried.left_s(110), tried.left_s(141)) == (30, 0)
    again = tried.after_death(500, "", TERMS)
    assert (again.left_s(500), again.trial, again.ended) == (100, 0, 4)


def test_what_lies_long_behind_is_over_and_a_quarantine_never_is_by_itself() -> None:
    assert not after(0).is_over(59, TERMS)
    assert after(0).is_over(61, TERMS)
    assert not after(0, 1, 2).is_over(1e9, TERMS)
    assert after(5_000, 5_001, 5_002).is_over(10, TERMS)  # it was noted before the machine was started anew


@given(st.lists(st.floats(0, 1_000), max_size=20).map(sorted), st.integers(1, 5))
def test_a_version_is_held_from_the_first_time_that_enough_lie_within_the_window(times: list[float], most: int) -> None:
    terms = Quarantine(deaths=most, within_s=60, for_s=100)
    close = any(last - first < 60 for first, last in zip(times, times[most - 1 :], strict=False))
    assert after(*times, terms=terms).is_held == close


@pytest.mark.parametrize(
    "wrong",
    [{"deaths": -1}, {"deaths": 1.5}, {"within_s": 0}, {"for_s": -1}, {"for_s": math.inf}, {"within_s": math.nan}],
)
def test_what_is_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"quarantine: .* deaths is a whole number, 0 for no quarantine"):
        Quarantine(**wrong)  # type: ignore[arg-type]
