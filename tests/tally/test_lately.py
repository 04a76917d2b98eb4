"""How fast it went lately: by what has come since a note that is about a minute old."""

import pytest

from triglot.tally.files import Tallies
from triglot.tally.lately import Lately, Paces
from triglot.tally.recent import WINDOW_S
from triglot.tally.sums import DURATIONS_NS, Pace

IRIS = ("iris", 3)


def pace(answered: int, ns: int = 0, rows: int = 0, calls: int = 0, slots: tuple[int, ...] = ()) -> Pace:
    """Return what was counted; `slots` are the first counts of durations."""
    durations = (*slots, *[0] * (len(DURATIONS_NS) + 1 - len(slots)))
    return Pace(answered, ns, rows, calls, durations)


def test_what_came_since_the_oldest_note_is_lately() -> None:
    paces = Paces()
    paces.note(100, {IRIS: pace(10, 1_000, 20, 10)}, {(IRIS, "overloaded"): 4})

    found = paces.lately(110, {IRIS: pace(40, 5_000, 90, 20)}, {(IRIS, "overloaded"): 6, (IRIS, "estimator-failed"): 1})

    assert found == {IRIS: Lately(10, pace(30, 4_000, 70, 10), {"overloaded": 2, "estimator-failed": 1})}
    assert (found[IRIS].requests, found[IRIS].failed) == (33, 3)


def test_a_version_that_nobody_asked_lately_is_left_out_and_a_new_one_is_not() -> None:
    paces = Paces()
    assert paces.lately(0, {IRIS: pace(10)}, {}) == {}
    paces.note(0, {IRIS: pace(10)}, {})

    assert paces.lately(5, {IRIS: pace(10), ("new", 1): pace(1)}, {}).keys() == {("new", 1)}


def test_the_oldest_note_is_about_a_minute_old() -> None:
    paces = Paces()
    for number in range(40):
        paces.note(5.0 * number, {IRIS: pace(number)}, {})

    lately = paces.lately(5.0 * 39, {IRIS: pace(39)}, {})[IRIS]

    assert WINDOW_S <= lately.seconds <= WINDOW_S + 5
    assert lately.requests == lately.seconds / 5


def test_quantiles_lie_within_the_bounds_that_answers_were_counted_by() -> None:
    assert Lately(60).quantile_ms(0.5) is None
    even = Lately(60, pace(100, slots=(0, 100)))  # all between 1 and 2.5 ms
    assert even.quantile_ms(0.5) == pytest.approx(1.75)
    assert Lately(60, pace(4, slots=(3, 0, 0, 1))).quantile_ms(0.95) == pytest.approx(5 + 0.8 * 5)
    slow = Pace(1, durations=(*[0] * len(DURATIONS_NS), 1))
    assert Lately(60, slow).quantile_ms(0.5) == DURATIONS_NS[-1] / 1e6


def test_the_pace_of_a_tally_is_that_of_its_totals() -> None:
    tallies = Tallies(None)
    for rows in (1, 5):
        with tallies.asking(*IRIS) as asking:
            asking.answered(rows, None)

    (found,), (totals,) = tallies.paces().values(), tallies.totals().values()

    assert found == Pace(totals.success.count, totals.success.ns, totals.rows, totals.calls, totals.durations)
    assert found.answered == 2
    assert found.since(found) == Pace()
    assert found.plus(Pace()) == found
