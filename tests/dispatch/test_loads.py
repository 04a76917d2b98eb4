"""What is remembered of loads that failed: whom it holds for, for how long, and what may be told."""

import pytest

from triglot.dispatch.loads import (
    FIRST_OF_COSTLY_S,
    FIRST_S,
    LONGEST_CAUSE,
    LONGEST_S,
    Loading,
    Loads,
    Refusal,
    told,
)
from triglot.errors import (
    ArtefactRefused,
    DeadlineExceeded,
    EstimatorFailed,
    Overloaded,
    StoreError,
    TriglotError,
    VersionNotFound,
    WorkerLost,
    WorkerUnavailable,
)

HELD = ("m", 2, "ab")
ONE, OTHER = ("one", "1"), ("other", "1")
LACKS = EstimatorFailed("there is no package")


def pauses(error: TriglotError, tries: int, took_s: float = 0.0) -> list[float]:
    """Return how long each of these tries in a row is followed by none."""
    loads = Loads()
    found = [loads.failed(ONE, HELD, error, 100.0, took_s) for _ in range(tries)]
    return [refusal.due - 100.0 for refusal in found if refusal is not None]


def test_a_worker_that_refuses_is_asked_ever_more_slowly_up_to_a_bound() -> None:
    assert pauses(LACKS, 12) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert pauses(LACKS, 2_000)[-1] == LONGEST_S


def test_a_try_that_takes_long_is_followed_by_a_longer_pause() -> None:
    assert pauses(LACKS, 2, took_s=20.0) == [40.0, 40.0]
    assert pauses(LACKS, 1, took_s=1_000.0) == [LONGEST_S]


def test_what_costs_a_worker_its_time_or_its_life_is_tried_less_often() -> None:
    assert pauses(DeadlineExceeded("late", started=True), 3) == [90, 180, 300]
    assert pauses(WorkerLost("gone", started=True), 3) == [90, 180]  # the first may have been meant for the worker


def test_a_refusal_is_of_one_worker_and_not_of_its_successor() -> None:
    loads = Loads()
    loads.failed(ONE, HELD, LACKS, 0.0)

    assert loads.refusal(ONE, HELD) == Refusal("there is no package", 1, FIRST_S)
    assert loads.refusal(("one", "2"), HELD) is None
    assert loads.refusal(OTHER, HELD) is None
    assert loads.refusal(ONE, ("m", 3, "cd")) is None
    assert list(loads.refused_by(HELD)) == [ONE]


@pytest.mark.parametrize(
    ("worker", "error", "pause"),
    [
        (ONE, DeadlineExceeded("late", started=True), FIRST_OF_COSTLY_S),
        (None, ArtefactRefused("damaged"), FIRST_S),
        (None, VersionNotFound("deleted"), FIRST_S),
    ],
)
def test_what_is_no_single_worker_s_affair_holds_for_all_of_them(
    worker: tuple[str, str] | None, error: TriglotError, pause: float
) -> None:
    loads = Loads()
    loads.failed(worker, HELD, error, 0.0)

    for any_worker in (ONE, OTHER, ("one", "2")):
        refusal = loads.refusal(any_worker, HELD)
        assert refusal is not None
        assert refusal.due == pause


@pytest.mark.parametrize(
    "error",
    [
        Overloaded("full"),
        WorkerUnavailable("no keys"),
        StoreError("the database is away"),
        DeadlineExceeded("it waited behind others"),
        WorkerLost("it was killed before it began"),
    ],
)
def test_what_is_not_the_version_s_fault_is_not_held_against_it(error: TriglotError) -> None:
    loads = Loads()

    assert all(loads.failed(ONE, HELD, error, 0.0) is None for _ in range(5))
    assert loads.refusal(ONE, HELD) is None
    assert not loads.refused_by(HELD)


def test_a_load_that_succeeds_ends_the_refusal_of_its_worker_and_what_holds_for_all() -> None:
    loads = Loads()
    for _ in range(2):
        loads.failed(ONE, HELD, WorkerLost("gone", started=True), 0.0)
    loads.failed(ONE, HELD, LACKS, 0.0)
    loads.failed(OTHER, HELD, LACKS, 0.0)

    loads.loaded(ONE, HELD)

    assert list(loads.taken_by(HELD)) == [ONE]
    assert list(loads.refused_by(HELD)) == [OTHER]
    assert loads.failed(ONE, HELD, WorkerLost("gone", started=True), 0.0) is None


def test_what_ended_workers_did_is_forgotten_but_not_what_a_version_did_to_them() -> None:
    loads = Loads()
    loads.loaded(ONE, HELD)
    loads.loaded(OTHER, HELD)
    loads.failed(ONE, ("m", 3, ""), LACKS, 0.0)
    loads.failed(ONE, ("m", 4, ""), DeadlineExceeded("late", started=True), 0.0)

    loads.keep({OTHER})

    assert list(loads.taken_by(HELD)) == [OTHER]
    assert loads.refusal(ONE, ("m", 3, "")) is None
    assert loads.refusal(OTHER, ("m", 4, "")) is not None


def test_a_loading_tells_all_of_some_and_none_apart() -> None:
    assert Loading(2, 2).whole
    assert not Loading(2, 1, 1).whole
    assert not Loading(2, 1, 1).nowhere
    assert Loading(2, 0, 2).nowhere
    assert not Loading(0, 0).whole
    assert not Loading(0, 0).nowhere


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("cannot open '/home/a b/rates.csv': no such file", "cannot open 'rates.csv': no such file"),
        ("see https://example.org/a/b for /usr/lib/R/x.so.", "see https://example.org/a/b for x.so"),
        ("dlopen(~/libs/libx.so, 6)\n  at line 3", "dlopen(libx.so, 6) at line 3"),
        ("it has 1/2 of a/b", "it has 1/2 of a/b"),
    ],
)
def test_a_cause_is_one_line_without_folders(said: str, cause: str) -> None:
    assert told(ArtefactRefused(said)) == cause


def test_a_cause_names_python_s_class_and_ends_at_some_length() -> None:
    lacking = EstimatorFailed("No module named 'x'", native_class="ModuleNotFoundError", traceback="Traceback ...")

    assert told(lacking) == "ModuleNotFoundError: No module named 'x'"
    secret = EstimatorFailed("cannot log in with hunter2", native_class="OSError")
    assert told(secret) == "the model's own code fails (OSError); the log says more"
    assert told(WorkerLost("gone", started=True, reason="more than 2G")) == "its load ends the worker (more than 2G)"
    assert len(told(ArtefactRefused("x" * 1_000))) == LONGEST_CAUSE


def test_a_caller_is_told_model_version_cause_what_to_do_and_when_to_come_back() -> None:
    error = Refusal("there is no package", 3, due=110.0).error(HELD, now=103.5)

    assert str(error) == (
        "version 2 of model 'm' does not load: there is no package; it is tried again by itself. "
        "Mend the cause where the workers run, or activate another version"
    )
    assert error.retry_after_s == 6.5
    assert Refusal("late", 3, due=1.0).error(HELD, now=2.0).retry_after_s == 0.0
