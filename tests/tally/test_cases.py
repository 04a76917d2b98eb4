"""Versions in quarantine, as several processes of a run directory see them: each has cases of its own here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from triglot.errors import DeadlineExceeded, EstimatorFailed, VersionQuarantined
from triglot.protocol.messages import Op
from triglot.tally.cases import LOOK_S, TRIAL_S, Cases, Key
from triglot.tally.counters import Counters
from triglot.tally.quarantine import Quarantine
from triglot.tally.slots import forget

IRIS: Key = ("iris", 7, "5af3")
OTHER: Key = ("iris", 8, "5af4")
TERMS = Quarantine(deaths=2, within_s=60, for_s=100)


class Clock:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Process = Callable[[], Cases]


@pytest.fixture
def process(tmp_path: Path, clock: Clock) -> Process:
    """Give what a further process of one run directory knows."""
    return lambda: Cases(tmp_path, TERMS, clock=clock)


def kill(cases: Cases, times: int = 1, op: Op = "predict", version: Key = IRIS) -> None:
    for _ in range(times):
        cases.died(version, "r", op, "")


def ask(cases: Cases, version: Key = IRIS, error: Exception | None = None) -> bool:
    """Ask a version once, which gives an error or an answer; return whether that was a trial."""
    with cases.admitted(version, 30) as is_trial:
        if error is not None:
            raise error
        return is_trial


def refused(cases: Cases, version: Key = IRIS) -> VersionQuarantined:
    with pytest.raises(VersionQuarantined) as told:
        ask(cases, version)
    return told.value


def test_all_processes_stop_asking_once_workers_of_several_were_ended(process: Process, clock: Clock) -> None:
    one, two, late = process(), process(), process()
    kill(one)
    assert not ask(one)
    kill(two)

    clock.now += LOOK_S
    for each in (one, two, late):
        error = refused(each)
        assert error.retry_after_s == pytest.approx(100 - LOOK_S)
        assert error.details() == {"model": "iris", "version": 7, "cause": "requests to it have ended 2 workers"}
        assert str(error).startswith(f"version 7 of model 'iris' is in quarantine: {error.cause}; ")
    assert not ask(one, OTHER)
    assert list(process().held()) == [IRIS]


def test_after_a_while_one_request_of_all_processes_tries_it_and_a_good_answer_ends_it(
    process: Process, clock: Clock
) -> None:
    one, two = process(), process()
    kill(one, 2)
    clock.now += 100
    with one.admitted(IRIS, 30) as is_trial:
        assert is_trial
        assert 0 < refused(two).retry_after_s <= 30 + TRIAL_S
        refused(one)
    clock.now += LOOK_S
    assert not ask(two)
    assert process().held() == {}
    kill(two)
    assert not ask(one)  # it begins anew


def test_a_trial_that_ends_a_worker_keeps_it_for_as_long_again(process: Process, clock: Clock) -> None:
    one = process()
    kill(one, 2)
    clock.now += 1_000
    with one.admitted(IRIS, 30):
        kill(one)
        with pytest.raises(VersionQuarantined) as told:
            one.check(IRIS)
    assert told.value.retry_after_s == 100
    assert told.value.cause == "requests to it have ended 3 workers"
    clock.now += 99
    refused(one)
    clock.now += 1
    assert ask(one)


def test_an_author_s_error_is_an_answer_and_what_says_nothing_lets_the_next_request_try(
    process: Process, clock: Clock
) -> None:
    one = process()
    kill(one, 2)
    clock.now += 100
    for _ in range(2):
        with pytest.raises(DeadlineExceeded):
            ask(one, error=DeadlineExceeded("late"))
    with pytest.raises(EstimatorFailed):
        ask(one, error=EstimatorFailed("no answer for this"))
    assert not ask(one)
    assert one.held() == {}


def test_a_process_that_ends_in_its_trial_keeps_nobody_else_from_one(process: Process, clock: Clock) -> None:
    one = process()
    kill(one, 2)
    clock.now += 100
    one.admitted(IRIS, 30)  # and nothing comes of it
    clock.now += 30 + TRIAL_S - 1
    refused(process())
    clock.now += 1
    assert ask(process())


def test_a_release_is_heard_by_all_and_forgets_what_was(process: Process, clock: Clock) -> None:
    one, two = process(), process()
    kill(one, 2)
    kill(one, 2, version=OTHER)
    kill(one, version=("moody", 1, ""))
    clock.now += LOOK_S
    refused(two, OTHER)

    assert process().release("iris", 8) == [OTHER]
    clock.now += LOOK_S
    assert not ask(two, OTHER)
    kill(two, version=OTHER)
    assert not ask(two, OTHER)
    assert process().release() == [IRIS]
    assert process().release("moody") == []
    clock.now += LOOK_S
    assert not ask(two)


def test_loads_are_counted_and_put_nothing_into_quarantine(process: Process, tmp_path: Path) -> None:
    counters = Counters(None)
    cases = Cases(tmp_path, TERMS, counters)
    kill(cases, 3, "load")
    kill(cases, 1, "predict_proba")
    assert not ask(cases)
    counted = {name: of.times for name, of in counters.totals().items()}
    assert counted == {("death", "iris", "7", "r", "load"): 3, ("death", "iris", "7", "r", "predict_proba"): 1}


def test_without_deaths_in_the_configuration_they_are_only_counted(tmp_path: Path) -> None:
    counters = Counters(None)
    cases = Cases(tmp_path, Quarantine(deaths=0), counters)
    kill(cases, 50)
    assert not ask(cases)
    assert [of.times for of in counters.totals().values()] == [50]


@pytest.mark.parametrize("where", [None, Path("/proc/self/nowhere")])
def test_a_process_that_can_write_nowhere_judges_for_itself(where: Path | None, clock: Clock) -> None:
    cases = Cases(where, TERMS, clock=clock)
    kill(cases, 2)
    refused(cases)
    clock.now += 100
    assert ask(cases)
    assert cases.held() == {}


def test_a_new_service_in_the_same_run_directory_begins_anew(process: Process, tmp_path: Path) -> None:
    kill(process(), 2)
    forget(tmp_path)
    assert not ask(process())


def test_a_file_that_nobody_can_read_is_no_reason_to_answer_nothing(process: Process, tmp_path: Path) -> None:
    one = process()
    kill(one, 2)
    (tmp_path / "tallies" / "quarantine.json").write_text('[["iris", 7')
    assert not ask(process())
    kill(one, 2)
    refused(one)
