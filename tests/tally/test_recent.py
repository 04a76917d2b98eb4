"""What is said of versions that fail: of what happened within the last minute, and of enough requests."""

from triglot.tally.recent import EACH_S, WINDOW_S, Recent, Trouble

IRIS = ("iris", 3)


def noted(*counts: tuple[float, int, int]) -> Recent:
    """Return what knows these counts: when, how many good answers by then, how many failures."""
    recent = Recent()
    for at_s, answered, failed in counts:
        recent.note(at_s, {IRIS: answered}, {(IRIS, "estimator-failed"): failed})
    return recent


def sick(recent: Recent) -> set[tuple[str, int]]:
    return {version for version, trouble in recent.lately().items() if trouble.is_sick}


def test_a_version_that_fails_half_of_its_requests_is_told_with_their_codes() -> None:
    recent = noted((0, 1_000, 7))
    recent.note(5, {IRIS: 1_010}, {(IRIS, "estimator-failed"): 15, (IRIS, "deadline-exceeded"): 2})
    trouble = recent.lately()[IRIS]
    assert trouble.is_sick
    assert (trouble.requests, trouble.failed, trouble.share) == (20, 10, 0.5)
    assert trouble.codes == {"estimator-failed": 8, "deadline-exceeded": 2}


def test_one_that_fails_less_or_was_hardly_asked_is_not() -> None:
    assert noted((0, 0, 0), (5, 11, 9)).lately()[IRIS].share == 0.45
    assert sick(noted((0, 0, 0), (5, 11, 9))) == set()
    assert sick(noted((0, 0, 0), (5, 0, 4))) == set()
    assert sick(noted((0, 0, 0), (5, 0, 5))) == {IRIS}


def test_one_that_ends_workers_is_told_however_few_requests_there_were() -> None:
    recent = Recent()
    recent.note(0, {}, {}, {IRIS: 3})
    recent.note(5, {}, {(IRIS, "poison-request"): 1}, {IRIS: 5})
    trouble = recent.lately()[IRIS]
    assert trouble.is_sick
    assert (trouble.requests, trouble.codes, trouble.deaths) == (1, {"poison-request": 1}, 2)


def test_one_that_is_well_is_told_with_its_requests_and_one_that_nobody_asks_is_not() -> None:
    recent = noted((0, 10, 0), (5, 30, 0))
    assert recent.lately()[IRIS] == Trouble(20, {})
    assert not recent.lately()[IRIS].is_sick
    assert noted((0, 10, 4), (5, 10, 4)).lately() == {}


def test_nothing_is_said_at_first() -> None:
    assert Recent().lately() == {}
    assert noted((0, 0, 900)).lately() == {}


def test_what_is_over_for_a_minute_is_forgotten() -> None:
    counts = [(float(at), 0, 50) for at in range(5, 200, 5)]
    recent = noted((0, 0, 0), *counts[:11])
    assert sick(recent) == {IRIS}
    for count in counts[11:14]:
        recent.note(count[0], {IRIS: 0}, {(IRIS, "estimator-failed"): 50})
    assert recent.lately() == {}


def test_a_note_is_due_now_and_then() -> None:
    recent = Recent()
    assert recent.is_due(0)
    recent.note(0, {}, {})
    assert not recent.is_due(EACH_S - 0.1)
    assert recent.is_due(EACH_S)
    assert WINDOW_S > 2 * EACH_S
