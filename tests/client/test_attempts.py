"""When a request is sent again, decided without a network."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from triglot.client import RequestRefused, ServiceFailed, Unreachable
from triglot.client.attempts import LONGEST_S, SPREAD, Broken, Got, Pause, Sent, Steps, Try, answered

GOOD = Got(200, {}, b"{}")


def begun(timeout_s: float = 60.0) -> Steps:
    """Return the steps of a request after its first: it has been sent."""
    steps = answered(Sent("POST", "/models/m/predict"), timeout_s, "of-this-test")
    assert isinstance(next(steps), Try)
    return steps


def early(**headers: str) -> Got:
    return Got(503, {name.replace("_", "-"): value for name, value in headers.items()}, b'{"code": "overloaded"}')


def pause_s(steps: Steps, told: Got | Broken) -> float:
    """Return how long is waited after what came, and that the next step is to send again."""
    step = steps.send(told)
    assert isinstance(step, Pause)
    assert isinstance(steps.send(step), Try)
    return step.seconds


def test_a_good_answer_is_returned_and_nothing_is_sent_again() -> None:
    with pytest.raises(StopIteration) as done:
        begun().send(GOOD)
    assert done.value.value is GOOD


def test_as_many_seconds_as_retry_after_says_are_waited_and_not_many_more() -> None:
    assert 7 <= pause_s(begun(), early(retry_after="7")) <= 7 * (1 + SPREAD)


def test_retry_after_may_be_a_date() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert 15 < pause_s(begun(), early(retry_after=then)) <= 20 * (1 + SPREAD)


@pytest.mark.parametrize("said", ["", "soon", "-5", "٣", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_retry_after_that_says_nothing_costs_a_short_pause(said: str) -> None:
    assert 0 < pause_s(begun(), early(retry_after=said)) < 1


@pytest.mark.parametrize("told", [early(), Got(429, {}, b""), Got(502, {}, b"<html>"), Broken("refused", again=True)])
def test_pauses_grow_up_to_a_bound(told: Got | Broken) -> None:
    steps = begun(timeout_s=3600.0)
    pauses = [pause_s(steps, told) for _ in range(12)]
    assert pauses[0] < 0.2
    assert LONGEST_S <= pauses[-1] <= LONGEST_S * (1 + SPREAD)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (Got(400, {}, b"{}"), RequestRefused),
        (Got(401, {}, b""), RequestRefused),
        (Got(422, {}, b"{}"), RequestRefused),
        (Got(500, {}, b"{}"), ServiceFailed),
        (Got(504, {}, b"{}"), ServiceFailed),
        (Broken("no such host", again=False), Unreachable),
        (early(retry_after="61"), ServiceFailed),
    ],
)
def test_what_another_try_does_not_mend_or_not_in_time_is_told_at_once(told: Got | Broken, kind: type) -> None:
    with pytest.raises(kind) as failed:
        begun().send(told)
    assert failed.value.request_id == "of-this-test"


def test_the_error_is_in_the_words_of_the_service_whoever_wrapped_them() -> None:
    body = b'{"metadata": {"error_message": "no", "code": "c", "problems": [{"field": "f", "message": "m", "row": 2}]}}'
    with pytest.raises(RequestRefused, match=r"^no$") as failed:
        begun().send(Got(400, {"x-request-id": "the-service-s"}, body))
    assert (failed.value.status, failed.value.code, failed.value.request_id) == (400, "c", "the-service-s")
    assert [str(problem) for problem in failed.value.problems] == ["row 2, field 'f': m"]


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"[]", b"", b"null", b'{"metadata": 5}', b"\xff"])
def test_an_answer_that_is_no_service_s_is_told_as_it_is(body: bytes) -> None:
    with pytest.raises(ServiceFailed, match="status 500") as failed:
        begun().send(Got(500, {}, body))
    assert failed.value.code == "http"
