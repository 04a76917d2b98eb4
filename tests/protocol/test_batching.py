from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import floats
from triglot.errors import ConfigError
from triglot.protocol.batching import Limits, Pace, halves, plan
from triglot.protocol.bundles import spans
from triglot.protocol.messages import OPS, Request
from triglot.tables.table import Column, Table


@dataclass(frozen=True)
class Item:
    """A request that waits, told apart by its number."""

    number: int
    request: Request
    bytes: int = 100


def table(kind: str, rows: int) -> Table:
    if kind == "text":
        return Table("a", columns=[Column.strings(["x"] * rows)])
    if kind == "other names":
        return Table("b", matrix=np.zeros((rows, 1)))
    return Table("a", matrix=np.zeros((rows, 1), dtype=kind))


requests = st.builds(
    lambda op, model, version, params, alone, tables: Request(
        op, "id", model, version, params=params, alone=alone, tables=tuple(tables)
    ),
    st.sampled_from(OPS),
    st.sampled_from("mn"),
    st.integers(1, 2),
    st.sampled_from([{}, {"k": 1}, {"k": 1.0}, {"k": True}, {"k": "1"}, {"k": [1, {"deep": None}]}]),
    st.sampled_from([False, False, False, True]),
    st.lists(
        st.builds(table, st.sampled_from(["float64", "float32", "text", "other names"]), st.integers(0, 4)),
        min_size=1,
        max_size=2,
    )
    | st.builds(table, st.just("float64"), st.integers(0, 4)).map(lambda made: [made]),
)
queues = st.lists(requests, max_size=30).map(lambda found: [Item(i, request) for i, request in enumerate(found)])
limits = st.builds(Limits, rows=st.integers(1, 12), requests=st.integers(1, 6))


def what_must_agree(item: Item) -> Any:
    request = item.request
    params = {key: (type(value), value) for key, value in request.params.items()}
    return request.op, request.model, request.version, repr(params), request.tables[0].signature()


@given(queues, limits)
def test_every_request_is_in_exactly_one_call(waiting: list[Item], bounds: Limits) -> None:
    assert Counter(item.number for call in plan(waiting, lambda _: bounds) for item in call) == Counter(
        range(len(waiting))
    )


@given(queues, limits)
def test_only_predictions_that_agree_in_everything_are_merged(waiting: list[Item], bounds: Limits) -> None:
    for call in plan(waiting, lambda _: bounds):
        if len(call) > 1:
            assert len({what_must_agree(item) for item in call}) == 1
            assert all(item.request.op in ("predict", "predict_proba") for item in call)
            assert all(len(item.request.tables) == 1 and not item.request.alone for item in call)
            Table.concat([item.request.tables[0] for item in call])


@given(queues, limits)
def test_a_call_holds_no_more_than_the_limits_unless_it_is_one_request(waiting: list[Item], bounds: Limits) -> None:
    for call in plan(waiting, lambda _: bounds):
        assert call
        if len(call) > 1:
            assert len(call) <= bounds.requests
            assert sum(item.request.tables[0].rows for item in call) <= bounds.rows


@given(queues, limits)
def test_nobody_is_overtaken_within_a_call_nor_by_a_call_that_began_later(waiting: list[Item], bounds: Limits) -> None:
    calls = plan(waiting, lambda _: bounds)
    assert [call[0].number for call in calls] == sorted(call[0].number for call in calls)
    assert all([item.number for item in call] == sorted(item.number for item in call) for call in calls)


def test_all_that_waits_for_one_version_is_one_call() -> None:
    waiting = [Item(i, Request("predict", str(i), "m", 1, tables=(floats((i, i)),))) for i in range(100)]
    assert [len(call) for call in plan(waiting, lambda _: Limits())] == [100]
    assert [len(call) for call in plan(waiting, lambda _: Limits(rows=30))] == [30, 30, 30, 10]
    assert [len(call) for call in plan(waiting, lambda _: Limits(requests=64))] == [64, 36]
    assert [len(call) for call in plan(waiting, lambda _: Limits(bytes=5_000))] == [50, 50]


def test_each_version_has_its_own_limits() -> None:
    waiting = [Item(i, Request("predict", str(i), "mn"[i % 2], 1, tables=(floats((i, i)),))) for i in range(20)]
    calls = plan(waiting, lambda request: Limits(requests=1) if request.model == "n" else Limits())
    assert sorted(map(len, calls)) == [1] * 10 + [10]


def test_nothing_waiting_is_no_call() -> None:
    assert plan([], lambda _: Limits()) == []


def test_a_request_beyond_the_row_limit_is_answered_alone() -> None:
    big, small = (Request("predict", "", "m", 1, tables=(floats(*[(0, 0)] * rows),)) for rows in (10, 1))
    waiting = [Item(0, small), Item(1, big), Item(2, small)]
    assert [[item.number for item in call] for call in plan(waiting, lambda _: Limits(rows=5))] == [[0], [1], [2]]


@given(st.lists(st.integers(0, 5), max_size=12))
def test_spans_cut_the_answers_of_a_call_without_gap_or_overlap(rows: list[int]) -> None:
    answers = list(range(sum(rows)))
    parts = [answers[start:stop] for start, stop in spans(rows)]
    assert [len(part) for part in parts] == rows
    assert [answer for part in parts for answer in part] == answers


@given(st.integers(2, 40))
def test_halving_a_failed_call_ends_at_each_request_alone(count: int) -> None:
    open_calls = [[Item(i, Request("predict", str(i), "m")) for i in range(count)]]
    singles = []
    for _ in range(2 * count):
        if not open_calls:
            break
        call = open_calls.pop(0)
        if len(call) == 1:
            singles.append(call[0].number)
        else:
            open_calls += halves(call)
    assert sorted(singles) == list(range(count))


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        (True, Limits()),
        (False, Limits(requests=1)),
        ({}, Limits()),
        ({"rows": 10, "requests": 2, "megabytes": 0.5, "goal_ms": 20}, Limits(10, 2, 2**19, 0.02)),
    ],
)
def test_limits_are_what_an_author_declares(said: Any, limits: Limits) -> None:
    assert Limits.of(said) == limits
    assert Limits.of(said).alone == (said is False)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("yes", "batch is 'yes'; write True, False or a dictionary of limits"),
        ({"row": 1}, "batch: 'row' is no limit; use rows, requests, megabytes, goal_ms"),
        ({"rows": 0}, "batch: rows is 0; write a whole number above 0"),
        ({"rows": 1.5}, "batch: rows is 1.5; write a whole number above 0"),
        ({"rows": True}, "batch: rows is True; write a whole number above 0"),
        ({"goal_ms": float("nan")}, "batch: goal_ms is nan; write a number above 0"),
    ],
)
def test_what_is_no_limit_is_refused_with_its_name(said: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        Limits.of(said)
    assert str(error.value) == message


def learned(fixed_s: float, each_s: float, limits: Limits = Limits(), calls: int = 60) -> int:  # noqa: B008
    """Return the rows that a call may have once a model of this cost has answered calls of many sizes."""
    pace = Pace(limits)
    for number in range(calls):
        rows = min(1 + 97 * number % 200, pace.limits.rows)
        pace.took(rows, fixed_s + each_s * rows)
    return pace.limits.rows


def test_a_model_whose_rows_cost_much_gets_no_more_of_them_than_the_goal_has_room_for() -> None:
    assert learned(0.001, 0.001, Limits(goal_s=0.05)) == pytest.approx(49, abs=2)
    assert learned(0.0, 0.5) == 1


def test_a_model_whose_calls_cost_the_same_whatever_their_rows_gets_all() -> None:
    assert learned(0.004, 0.0) >= 200
    assert learned(2.0, 0.0) >= 200


def test_a_call_that_costs_more_than_the_goal_by_itself_is_shared_by_rows_that_cost_as_much() -> None:
    assert learned(0.4, 0.002) == pytest.approx(200, rel=0.1)


def test_what_was_declared_is_not_exceeded() -> None:
    assert learned(0.001, 0.0, Limits(rows=10)) == 10


def test_calls_that_are_slow_and_all_of_one_size_are_tried_smaller_and_then_judged() -> None:
    def after_calls_of_64_rows(fixed_s: float, each_s: float) -> int:
        pace = Pace(Limits())
        for _ in range(60):
            rows = min(64, pace.limits.rows)
            pace.took(rows, fixed_s + each_s * rows)
        return pace.limits.rows

    assert after_calls_of_64_rows(1.0, 0.0) >= 64
    assert after_calls_of_64_rows(0.0, 0.01) == pytest.approx(10, abs=1)


def test_one_slow_call_among_quick_ones_is_forgotten() -> None:
    pace = Pace(Limits())
    for number in range(200):
        rows = 1 + 97 * number % 200
        pace.took(rows, 3.0 if number == 100 else 0.001)
    assert pace.limits.rows >= 200


@given(st.lists(st.tuples(st.integers(1, 65_536), st.floats(0, 100)), max_size=50))
def test_a_call_may_always_have_a_row(calls: list[tuple[int, float]]) -> None:
    pace = Pace(Limits())
    for rows, seconds in calls:
        pace.took(rows, seconds)
        assert 1 <= pace.limits.rows <= Limits().rows
