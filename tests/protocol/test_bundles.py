from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import floats
from tests.strategies import same_tables, tables
from triglot.protocol import wire
from triglot.protocol.bundles import CELLS, apart, fits, join, likeness, replies
from triglot.protocol.messages import Part, Reply, Request, Spent
from triglot.tables.table import Table


def request(name: str, table: Table, **more: Any) -> Request:
    return Request(**{"op": "predict", "id": name, "model": "m", "version": 1, "tables": (table,)} | more)


@given(tables, st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_what_was_joined_comes_apart_as_it_was(table: Table, counts: list[int]) -> None:
    counts = [min(count, table.rows) for count in counts]
    asked = [request(str(i), table.slice(0, count), params={"k": 1}) for i, count in enumerate(counts)]
    joined = join(asked)
    assert joined.ids == tuple(map(str, range(len(counts))))
    again = apart(wire.decode_request([bytes(frame) for frame in wire.encode_request(joined)]))
    assert [(each.id, each.params, each.parts) for each in again] == [(each.id, {"k": 1}, ()) for each in asked]
    assert all(same_tables(one.tables[0], other.tables[0]) for one, other in zip(again, asked, strict=True))


def test_one_request_is_no_bundle() -> None:
    one = request("a", floats((1.0, 2.0)))
    assert join([one]) is one
    assert apart(one) == [one]


def test_an_answer_to_several_is_each_ones_own() -> None:
    answer = Table("0", matrix=np.array([[1.0], [2.0], [3.0]]))
    reply = Reply("a", (answer,), output="said", warnings=("beware",), parts=(Part("a", 1), Part("b", 0), Part("c", 2)))
    found = [(each.id, each.tables[0].matrix().ravel().tolist()) for each in replies(reply)]
    assert found == [("a", [1.0]), ("b", []), ("c", [2.0, 3.0])]
    assert {(each.output, each.warnings) for each in replies(reply)} == {("said", ("beware",))}


def test_of_the_answers_to_several_one_counts_the_call_and_each_has_its_times() -> None:
    parts = (Part("a", 0), Part("b", 1), Part("c", 2))
    reply = Reply("a", (Table("0", matrix=np.zeros((3, 1))),), parts=parts, spent=Spent(1, 2, 3, 4, 9))
    assert [each.spent for each in replies(reply)] == [Spent(1, 2, 3, 4, 9), *[Spent(1, 2, 3, 4, 0)] * 2]


@pytest.mark.parametrize(
    "change",
    [
        {"op": "predict_proba"},
        {"model": "n"},
        {"version": 2},
        {"sha256": "f"},
        {"params": {"k": 1}},
        {"tables": (Table("xy", matrix=np.zeros((1, 2))),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_requests_that_differ_in_more_than_their_rows_are_not_alike(change: dict[str, Any]) -> None:
    one, more = request("a", floats((1.0, 2.0))), request("b", floats((3.0, 4.0), (5.0, 6.0)))
    assert likeness(one) == likeness(more)
    assert likeness(one) != likeness(more._replace(**change))


def test_only_small_predictions_share_a_message() -> None:
    assert fits(request("a", floats(*[(0.0, 0.0)] * (CELLS // 2))))
    assert not fits(request("a", floats(*[(0.0, 0.0)] * (CELLS // 2 + 1))))
    assert not fits(request("a", floats((0.0, 0.0)), alone=True))
    assert not fits(request("a", floats((0.0, 0.0)), op="fit"))
