"""Which crashes make a loop: decided by times alone."""

import pytest

from triglot.errors import ConfigError
from triglot.supervision.crash_loops import Crashes, CrashLoop

NAME = "workers-r:r-0"
OTHER = "workers-r:r-1"
HOW = "exit code 3"


@pytest.fixture
def crashes() -> Crashes:
    return Crashes(CrashLoop(crashes=3, within_s=60, longest_s=6))


def test_a_crash_now_and_then_waits_for_nothing_and_troubles_nobody(crashes: Crashes) -> None:
    assert [crashes.crashed(NAME, now, HOW) for now in (0, 10, 61, 100, 150, 170)] == [0] * 6
    assert crashes.troubles == {}


def test_crashes_of_one_process_do_not_count_for_another(crashes: Crashes) -> None:
    assert [crashes.crashed(name, 1, HOW) for name in (NAME, OTHER, NAME, OTHER)] == [0] * 4
    assert crashes.troubles == {}


def test_a_loop_waits_twice_as_long_each_time_up_to_its_longest(crashes: Crashes) -> None:
    assert [crashes.crashed(NAME, now, HOW) for now in range(7)] == [0, 0, 1, 2, 4, 6, 6]
    assert crashes.troubles == {NAME: "crashes again and again: 7 times in 60 s, last with exit code 3"}


def test_a_loop_goes_on_as_long_as_waits_keep_its_crashes_apart(crashes: Crashes) -> None:
    for now in (0, 1, 2):
        crashes.crashed(NAME, now, HOW)
    crashes.running(NAME, 100)
    crashes.settle(159)

    assert crashes.crashed(NAME, 159.5, HOW) == 2
    assert NAME in crashes.troubles


def test_a_loop_is_over_once_its_process_has_run_long_enough(crashes: Crashes) -> None:
    for now in (0, 1, 2):
        crashes.crashed(NAME, now, HOW)
    crashes.running(NAME, 10)
    crashes.settle(69)
    assert NAME in crashes.troubles

    crashes.settle(70)
    assert crashes.troubles == {}
    assert crashes.crashed(NAME, 71, HOW) == 0


def test_what_was_given_up_is_well_again_when_it_runs(crashes: Crashes) -> None:
    crashes.given_up(NAME, "it ended at every start")
    assert crashes.troubles == {NAME: "has been given up: it ended at every start"}

    crashes.running(NAME, 5)
    assert crashes.troubles == {}


def test_what_an_operator_stops_is_no_trouble(crashes: Crashes) -> None:
    for now in (0, 1, 2):
        crashes.crashed(NAME, now, HOW)
    crashes.stopped(NAME)

    assert crashes.troubles == {}


@pytest.mark.parametrize("wrong", [{"crashes": 0}, {"within_s": 0}, {"longest_s": -1}])
def test_a_loop_that_could_not_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"crash_loop: .* crashes is 1 or more"):
        CrashLoop(**wrong)
