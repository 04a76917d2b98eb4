"""What is decided without a broker: what is tried again, and what may be acknowledged."""

import pytest

from triglot.errors import BadRequest, DeadlineExceeded, ModelNotFound, Overloaded, WorkerUnavailable
from triglot.messages.message import Message, name_of, rest_of, texts
from triglot.messages.patience import DEATHS, Patience
from triglot.messages.sequence import Sequence


def test_what_passes_by_itself_is_tried_again_ever_more_slowly_until_its_time_is_over() -> None:
    patience = Patience(10.0)
    waits = [patience.wait_s(Overloaded("full"), elapsed, troubled=False) for elapsed in (0.0, 0.1, 0.3, 9.9)]
    assert waits == [0.1, 0.2, 0.4, None]


@pytest.mark.parametrize("error", [BadRequest("no"), ModelNotFound("no"), ValueError("no")])
def test_nobody_s_fault_but_the_request_s_is_not_tried_again(error: Exception) -> None:
    assert Patience(10.0).wait_s(error, 0.0, troubled=False) is None


def test_a_model_that_is_not_known_may_be_there_while_the_store_cannot_be_read() -> None:
    assert Patience(10.0).wait_s(ModelNotFound("not yet"), 0.0, troubled=True) == 0.1


def test_a_call_that_takes_too_long_is_tried_three_times_and_one_that_ends_workers_four() -> None:
    late, deadly = Patience(100.0), Patience(100.0)
    waits = [late.wait_s(DeadlineExceeded("late"), 0.0, troubled=False) for _ in range(3)]
    assert [wait is None for wait in waits] == [False, False, True]
    waits = [deadly.wait_s(WorkerUnavailable("gone", deaths=2), 0.0, troubled=False) for _ in range(DEATHS // 2)]
    assert [wait is None for wait in waits] == [False, True]
    assert deadly.is_deadly


def test_up_to_where_all_is_done_is_known_whatever_the_order() -> None:
    sequence = Sequence()
    for number in (3, 4, 5, 9):
        sequence.take(number)
    sequence.done(5)
    assert sequence.finished() is None
    sequence.done(3)
    sequence.done(77)  # nobody's
    assert sequence.finished() == 3
    assert sequence.strays() == [5]
    assert sequence.only(4) == [4]
    assert sequence.only(4) == []
    assert (sequence.up_to(20), len(sequence)) == ([9], 0)


def test_a_request_says_what_it_asks_by_a_header_before_its_address_and_the_configuration_before_both() -> None:
    rest = rest_of("predict.a.b", "predict.")
    assert (name_of("predict", rest, {}), name_of("predict", rest, {"model": "m"})) == ("a.b", "m")
    assert name_of("predict", rest, {"model": "m"}, "fixed") == "fixed"
    assert name_of("run", "nightly", {"model": "m"}, "fixed") == "nightly"
    assert rest_of("orders.new", "predict.") == ""
    assert texts({"Proba": True, "x": b"\xc3\xa4"}) == {"proba": "true", "x": "ä"}


def test_requests_of_one_id_are_told_apart_by_all_that_they_ask() -> None:
    first = Message(b"[1]", name="m", id="7")
    assert first.digest == Message(b"[1]", name="m", id="7", path="elsewhere").digest
    others = [
        Message(b"[2]", name="m"),
        Message(b"[1]", name="n"),
        Message(b"[1]", name="m", headers={"proba": "true"}),
    ]
    assert first.digest not in {other.digest for other in others}
    assert Message(b"", 'Text/CSV; delimiter=";"').kind == ("text/csv", {"delimiter": ";"})
    assert first.request_id == "7"
    assert Message(b"", id="not sane").request_id != "not sane"
