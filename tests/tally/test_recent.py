"""What is said of versions that fail: of what happened within the last minute, and of enough requests."""

from triglot.tally.recent import EACH_S, WINDOW_S, Recent

IRIS = ("iris", 3)


def noted(*counts: tuple[float, int, int]) -> Recent:
    """Return what knows these counts: when, how many good answers by then, how many failures."""
    recent = Recent()
    for at_s, answered, failed in counts:
        recent.note(at_s, {IRIS: answered}, {(IRIS, "estimator-failed"): failed})
    return recent


def test_a_version_that_fails_half_of_its_requests_is_told_with_their_codes() -> None:
    recent = noted((0, 1_000, 7))
    recent.note(5, {IRIS: 1_010}, {(IRIS, "estimator-failed"): 15, (IRIS, "deadline-exceeded"): 2})
    trouble = recent.sick()[IRIS]
    assert (trouble.requests, trouble.failed) == (20, 10)
    assert trouble.codes == {"estimator-failed": 8, "deadline-exceeded": 2}


def test_one_that_fails_less_or_was_hardly_asked_is_not() -> None:
    assert noted((0, 0, 0), (5, 11, 9)).sick() == {}
    assert noted((0, 0, 0), (5, 0, 4)).sick() == {}
    assert IRIS in noted((0, 0, 0), (5, 0, 5)).sick()


def test_nothing_is_said_at_first() -> None:
    assert Recent().sick() == {}
    assert noted((0, 0, 900)).sick() == {}


def test_what_is_over_for_a_minute_is_forgotten() -> None:
    counts = [(float(at), 0, 50) for at in range(5, 200, 5)]
    recent = noted((0, 0, 0), *counts[:11])
    assert IRIS in recent.sick()
    for count in counts[11:14]:
        recent.note(count[0], {IRIS: 0}, {(IRIS, "estimator-failed"): 50})
    assert recent.sick() == {}


def test_a_note_is_due_now_and_then() -> None:
    recent = Recent()
    assert recent.is_due(0)
    recent.note(0, {}, {})
    assert not recent.is_due(EACH_S - 0.1)
    assert recent.is_due(EACH_S)
    assert WINDOW_S > 2 * EACH_S
