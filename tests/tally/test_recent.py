"""What is said of versions that fail: of what happened within the last minute, and of enough requests."""

from collections.abc import Mapping

from triglot.tally.lately import Lately
from triglot.tally.recent import EACH_S, WINDOW_S, Counted, Recent
from triglot.tally.sums import Pace

IRIS = ("iris", 3)


def counted(answered: int, failed: int | Mapping[str, int] = 0, deaths: int = 0) -> Counted:
    codes = {"estimator-failed": failed} if isinstance(failed, int) else failed
    return Counted({IRIS: Pace(answered)}, {(IRIS, code): count for code, count in codes.items()}, {IRIS: deaths})


def lately(*counts: tuple[float, int, int]) -> dict[tuple[str, int], Lately]:
    """Return what is said at the last of these counts: when, how many good answers by then, how many failures."""
    recent = Recent()
    for at_s, answered, failed in counts:
        recent.note(at_s, counted(answered, failed))
    at_s, answered, failed = counts[-1]
    return recent.lately(at_s, counted(answered, failed))


def sick(*counts: tuple[float, int, int]) -> set[tuple[str, int]]:
    return {version for version, each in lately(*counts).items() if each.is_sick}


def test_a_version_that_fails_half_of_its_requests_is_told_with_their_codes() -> None:
    recent = Recent()
    recent.note(0, counted(1_000, 7))
    found = recent.lately(5, counted(1_010, {"estimator-failed": 15, "deadline-exceeded": 2}))[IRIS]
    assert found.is_sick
    assert (found.seconds, found.requests, found.failed, found.share) == (5, 20, 10, 0.5)
    assert found.codes == {"estimator-failed": 8, "deadline-exceeded": 2}


def test_one_that_fails_less_or_was_hardly_asked_is_not() -> None:
    assert lately((0, 0, 0), (5, 11, 9))[IRIS].share == 0.45
    assert sick((0, 0, 0), (5, 11, 9)) == set()
    assert sick((0, 0, 0), (5, 0, 4)) == set()
    assert sick((0, 0, 0), (5, 0, 5)) == {IRIS}


def test_one_that_ends_workers_is_told_however_few_requests_there_were() -> None:
    recent = Recent()
    recent.note(0, counted(0, deaths=3))
    found = recent.lately(5, counted(0, {"poison-request": 1}, deaths=5))[IRIS]
    assert found.is_sick
    assert (found.requests, found.codes, found.deaths) == (1, {"poison-request": 1}, 2)


def test_one_that_is_well_is_told_with_its_requests_and_one_that_nobody_asks_is_not() -> None:
    found = lately((0, 10, 0), (5, 30, 0))[IRIS]
    assert (found.requests, found.codes, found.is_sick) == (20, {}, False)
    assert lately((0, 10, 4), (5, 10, 4)) == {}


def test_nothing_is_said_at_first() -> None:
    assert Recent().lately(0, counted(10)) == {}
    assert lately((0, 0, 900)) == {}


def test_what_is_over_for_a_minute_is_forgotten() -> None:
    counts = [(0, 0, 0), *((float(at), 0, 50) for at in range(5, 200, 5))]
    assert sick(*counts[:12]) == {IRIS}
    assert lately(*counts[:15]) == {}


def test_the_oldest_note_is_about_a_minute_old() -> None:
    counts = [(5.0 * number, number, 0) for number in range(40)]
    found = lately(*counts)[IRIS]
    assert WINDOW_S <= found.seconds <= WINDOW_S + EACH_S
    assert found.requests == found.seconds / 5


def test_a_version_that_was_never_asked_before_is_told() -> None:
    recent = Recent()
    recent.note(0, counted(10))
    now = Counted({IRIS: Pace(10), ("new", 1): Pace(1)}, {}, {})
    assert recent.lately(5, now).keys() == {("new", 1)}


def test_a_note_is_due_now_and_then() -> None:
    recent = Recent()
    assert recent.is_due(0)
    recent.note(0, counted(0))
    assert not recent.is_due(EACH_S - 0.1)
    assert recent.is_due(EACH_S)
    assert WINDOW_S > 2 * EACH_S
