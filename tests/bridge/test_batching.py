from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import floats
from triglot.batching import Limits, halves, plan, spans
from triglot.message import OPS, Request
from triglot.table import Column, Table


@dataclass(frozen=True)
class Item:
    """A request that waits, told apart by its number."""

    number: int
    request: Request


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
    assert Counter(item.number for call in plan(waiting, bounds) for item in call) == Counter(range(len(waiting)))


@given(queues, limits)
def test_only_predictions_that_agree_in_everything_are_merged(waiting: list[Item], bounds: Limits) -> None:
    for call in plan(waiting, bounds):
        if len(call) > 1:
            assert len({what_must_agree(item) for item in call}) == 1
            assert all(item.request.op in ("predict", "predict_proba") for item in call)
            assert all(len(item.request.tables) == 1 and not item.request.alone for item in call)
            Table.concat([item.request.tables[0] for item in call])


@given(queues, limits)
def test_a_call_holds_no_more_than_the_limits_unless_it_is_one_request(waiting: list[Item], bounds: Limits) -> None:
    for call in plan(waiting, bounds):
        assert call
        if len(call) > 1:
            assert len(call) <= bounds.requests
            assert sum(item.request.tables[0].rows for item in call) <= bounds.rows


@given(queues, limits)
def test_nobody_is_overtaken_within_a_call_nor_by_a_call_that_began_later(waiting: list[Item], bounds: Limits) -> None:
    calls = plan(waiting, bounds)
    assert [call[0].number for call in calls] == sorted(call[0].number for call in calls)
    assert all([item.number for item in call] == sorted(item.number for item in call) for call in calls)


def test_all_that_waits_for_one_version_is_one_call() -> None:
    waiting = [Item(i, Request("predict", str(i), "m", 1, tables=(floats((i, i)),))) for i in range(100)]
    assert [len(call) for call in plan(waiting, Limits())] == [100]
    assert [len(call) for call in plan(waiting, Limits(rows=30))] == [30, 30, 30, 10]
    assert [len(call) for call in plan(waiting, Limits(requests=64))] == [64, 36]


def test_nothing_waiting_is_no_call() -> None:
    assert plan([], Limits()) == []


def test_a_request_beyond_the_row_limit_is_answered_alone() -> None:
    big, small = (Request("predict", "", "m", 1, tables=(floats(*[(0, 0)] * rows),)) for rows in (10, 1))
    waiting = [Item(0, small), Item(1, big), Item(2, small)]
    assert [[item.number for item in call] for call in plan(waiting, Limits(rows=5))] == [[0], [1], [2]]


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
