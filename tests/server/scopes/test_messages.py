"""Models of scopes for requests by message: the same rows name the same scopes, and a header does."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from triglot.errors import BadRequest, ModelNotFound
from triglot.messages.answering import Answering
from triglot.messages.message import Message, Outcome
from triglot.messages.telling import Terms
from triglot.serving.service import Service

ROWS = [{"store": 4, "product": "tea", "price": 1.0}, {"scope": "3/tea", "price": 5.0}]


def answered(service: Service, body: Any, name: str = "sales", kind: str = "", **headers: str) -> Outcome:
    """Return what a request comes to; raises whatever stands in its way."""

    async def answer() -> Outcome:
        with ThreadPoolExecutor(2) as pool:
            lane = service.lane(pool)
            try:
                answering = Answering(service, Terms(), lane, pool, None, 2**20)
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                made = await answering.answered(Message(content, kind, name, headers, "monday"))
            finally:
                lane.close()
        assert made.outcome is not None
        return made.outcome

    return asyncio.run(answer())


def test_a_header_or_the_rows_say_which_models_are_asked(service: Service) -> None:
    one = answered(service, [{"price": 1.0}, {"price": 2.0}], scope="4/tea")
    assert json.loads(one.body)["result"] == pytest.approx([10, 20])
    assert (one.model, one.version) == ("sales/4/tea", 1)
    assert json.loads(answered(service, {"price": 2.0}, scope="4/tea").body)["result"] == pytest.approx(20)
    assert json.loads(answered(service, {"scope": "4/tea", "price": 2.0}).body)["result"] == pytest.approx(20)
    several = answered(service, ROWS)
    told = json.loads(several.body)
    assert told["result"] == pytest.approx([10, 5])
    assert told["metadata"]["models"] == {"sales/4/tea": 1, "sales/3/tea": 1}
    assert (told["metadata"]["request_id"], several.model, several.headers) == (
        "monday",
        "sales",
        {"status": "200", "model": "sales"},
    )
    mood = json.loads(answered(service, [{"person": "b", "price": 1.0}], "mood", proba="true").body)
    assert (mood["result"], mood["metadata"]["classes"]) == (["so"], ["so", "wow"])
    rest = answered(service, [{"person": "x", "price": 1.0}], "mood")
    assert (rest.model, json.loads(rest.body)["result"]) == ("rest", pytest.approx([100]))


def test_a_table_of_another_type_names_its_scopes_too(service: Service) -> None:
    csv = b"scope,price\n4/tea,1\n3/tea,5\n4/tea,3\n"
    assert json.loads(answered(service, csv, kind="text/csv").body)["result"] == pytest.approx([10, 5, 30])
    assert json.loads(answered(service, b"price\n1\n", kind="text/csv", scope="4/tea").body)["result"] == [10.0]
    assert json.loads(answered(service, b"price\n", kind="text/csv", scope="4/tea").body)["result"] == []
    assert json.loads(answered(service, [], scope="4/tea").body)["result"] == []


@pytest.mark.parametrize(
    ("body", "kind", "headers", "error", "why"),
    [
        ([{"price": 1.0}], "", {}, BadRequest, "field 'scope': is missing"),
        ([], "", {}, BadRequest, "there is no row"),
        (b"price\n1\n", "text/csv", {}, BadRequest, "has a model for each scope; say which"),
        ([{"price": 1.0}], "", {"scope": "9/tea"}, ModelNotFound, "has no scope '9/tea'; it has 3"),
        (ROWS, "", {"scope": "4/tea"}, BadRequest, "is '3/tea' here, and '4/tea' beside the rows"),
        (b"scope,price\n3/tea,1\n", "text/csv", {"scope": "4/tea"}, BadRequest, "beside the rows"),
        (b"nonsense", "", {}, BadRequest, "the body is not JSON"),
    ],
)
def test_what_says_no_scope_or_another_one_is_refused(
    service: Service, body: Any, kind: str, headers: dict[str, str], error: type[Exception], why: str
) -> None:
    with pytest.raises(error) as caught:
        answered(service, body, kind=kind, **headers)
    assert why in str(caught.value)


def test_two_requests_of_one_id_are_told_apart_by_their_scopes() -> None:
    plain, scoped = Message(b"[1]", name="m", id="7"), Message(b"[1]", name="m", id="7", headers={"scope": "a"})
    assert plain.digest != scoped.digest
