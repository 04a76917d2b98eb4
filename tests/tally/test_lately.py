"""How fast it went lately, and what came of two versions together."""

import pytest

from triglot.tally.files import Tallies
from triglot.tally.lately import Lately
from triglot.tally.sums import DURATIONS_NS, Pace

IRIS = ("iris", 3)


def pace(answered: int, ns: int = 0, rows: int = 0, calls: int = 0, slots: tuple[int, ...] = ()) -> Pace:
    """Return what was counted; `slots` are the first counts of durations."""
    durations = (*slots, *[0] * (len(DURATIONS_NS) + 1 - len(slots)))
    return Pace(answered, ns, rows, calls, durations)


def test_what_became_of_two_is_the_sum_of_both() -> None:
    one = Lately(10, pace(30, 4_000, 70, 10), {"overloaded": 2}, 1)
    both = one.plus(Lately(20, pace(1, 5, 1, 1), {"overloaded": 1, "estimator-failed": 3}))
    assert both == Lately(20, pace(31, 4_005, 71, 11), {"overloaded": 3, "estimator-failed": 3}, 1)
    assert (both.requests, both.failed) == (37, 6)


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
