"""Requests by message: real RabbitMQ and Mosquitto, a supervised service, and clients as others write them."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.functional.running import Running
from tests.helpers import until
from tests.messages.brokers import Mosquitto, RabbitMQ
from tests.messages.callers import COLUMNS, ROW, AmqpCaller, Letter, MqttCaller, mood
from triglot.store import ModelStore

OTHER = {"sepal length": 7.0, "sepal width": 3.2, "petal length": 4.7, "petal width": 1.4}
MANY = 300


def without_id(body: Any) -> Any:
    """Return an answer without what differs each time."""
    body["metadata"].pop("request_id")
    return body


@pytest.fixture(params=["amqp", "mqtt"])
def caller(request: pytest.FixtureRequest) -> AmqpCaller | MqttCaller:
    """Give somebody who asks by either protocol."""
    found: AmqpCaller | MqttCaller = request.getfixturevalue(request.param)
    return found


def to(caller: AmqpCaller | MqttCaller, what: str) -> str:
    """Return the address of a request."""
    return what if isinstance(caller, AmqpCaller) else f"triglot/{what.replace('.', '/')}"


def test_rows_and_batches_are_answered_in_the_body_that_http_gives(
    service: Running, caller: AmqpCaller | MqttCaller
) -> None:
    by_http = service.post("/models/iris/predict", [ROW, OTHER])
    letter = caller.answer([ROW, OTHER])
    assert without_id(letter.content) == without_id(by_http.body)
    assert letter.content_type == "application/json"
    assert letter.headers == {"status": "200", "model": "iris", "version": "1"}
    single = caller.answer(ROW)
    assert without_id(single.content) == without_id(service.get("/models/iris/predict", **ROW).body)
    columns = caller.answer({name: [ROW[name], OTHER[name]] for name in COLUMNS})
    assert columns.result == by_http.result
    assert caller.answer([]).result == []


def test_a_header_names_the_model_and_asks_for_probabilities_and_the_request_keeps_its_id(
    service: Running, amqp: AmqpCaller, mqtt: MqttCaller
) -> None:
    by_http = service.post("/models/iris/predict?proba=true", [ROW])
    headers = {"model": "iris", "proba": "true"}
    by_amqp = amqp.answer([ROW], "triglot.predict", "", headers=headers, message_id="monday:1")
    by_mqtt = mqtt.answer([ROW], "triglot/predict/", proba="true", model="iris", message_id="monday:1")
    assert by_amqp.content == by_mqtt.content
    assert by_amqp.content["metadata"]["request_id"] == "monday:1"
    assert without_id(by_amqp.content) == without_id(by_http.body)


def test_csv_and_arrow_are_read_as_by_http(caller: AmqpCaller | MqttCaller) -> None:
    text = f"{';'.join(COLUMNS)}\n5,1;3,5;1,4;0,2\n7,0;3,2;4,7;1,4\n".encode()
    csv = caller.answer(text, content_type='text/csv; delimiter="%3B"; decimal="%2C"')
    sink = pa.BufferOutputStream()
    table = pa.table({name: [ROW[name], OTHER[name]] for name in COLUMNS})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    arrow = caller.answer(sink.getvalue().to_pybytes(), content_type="application/vnd.apache.arrow.stream")
    assert csv.result == arrow.result == caller.answer([ROW, OTHER]).result


@pytest.mark.parametrize(
    ("what", "body", "status", "code", "reason"),
    [
        ("predict.iris", b"nonsense", "400", "bad-request", "the body is not JSON"),
        ("predict.iris", [{"sepal length": 5.1}], "400", "bad-request", "field 'petal width': is missing"),
        ("predict.tulip", [ROW], "404", "model-not-found", "no model 'tulip' is active; active are 'iris', 'moody'"),
        ("predict.moody", [mood(mood=1.0)], "500", "estimator-failed", "the model failed (ValueError)"),
        ("predict.moody", [mood(mood=2.0)], "422", "poison-request", ""),
        ("run.yearly", {}, "400", "bad-request", "give the message an id"),
    ],
)
def test_what_nobody_can_answer_is_told_and_put_aside_with_the_reason_and_never_comes_again(
    caller: AmqpCaller | MqttCaller, what: str, body: Any, status: str, code: str, reason: str
) -> None:
    told = caller.answer(body, to(caller, what))
    assert (told.headers["status"], told.headers["code"]) == (status, code)
    assert told.content["metadata"]["code"] == code
    assert reason in told.content["message"]
    dead = caller.dead()
    assert dead.body == (body if isinstance(body, bytes) else json.dumps(body).encode())
    assert (dead.headers["dead-status"], dead.headers["dead-code"]) == (status, code)
    assert dead.headers["dead-reason"] == told.content["message"]
    assert dead.headers["dead-from"].startswith(("amqp:orders/triglot.", "mqtt:things/triglot/"))
    assert caller.answer([ROW]).result == ["Iris-setosa"]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"content_type": "application/x-pickle"}, "send Content-Type: application/json"),
        ({"content_encoding": "gzip"}, "send the body as it is"),
        ({"headers": {"proba": "perhaps"}}, "'proba' must be true or false"),
    ],
)
def test_what_stands_beside_the_body_is_looked_at(amqp: AmqpCaller, properties: Any, reason: str) -> None:
    assert reason in amqp.answer([ROW], **properties).content["message"]
    assert reason in amqp.dead().headers["dead-reason"]


def test_many_are_under_way_at_once_and_each_answer_finds_its_question(caller: AmqpCaller | MqttCaller) -> None:
    sent = {caller.ask(ROW if number % 2 else OTHER): number % 2 for number in range(MANY)}
    found = {letter.correlation: letter.result for letter in caller.letters(MANY)}
    kinds = {1: "Iris-setosa", 0: "Iris-versicolor"}
    assert found == {correlation: kinds[kind] for correlation, kind in sent.items()}


def answered_after(caller: AmqpCaller | MqttCaller, service: Running, blow: Callable[[], None]) -> None:
    """Send requests that take their time, strike, and have every one answered."""
    where = to(caller, "predict.moody")
    caller.answer([mood()], where)
    sent = {caller.ask([mood(0.3)], where) for _ in range(6)} | {caller.ask([mood()], where) for _ in range(20)}
    until(lambda: bool(service.busy()))
    blow()
    found: dict[str, Letter] = {}
    while not found.keys() >= sent:
        for letter in caller.letters(1):
            assert letter.result == [1.0]
            found[letter.correlation] = letter  # some come twice: nobody had said that they were taken


def test_no_answer_is_lost_where_the_program_is_killed_midway(
    service: Running, caller: AmqpCaller | MqttCaller
) -> None:
    answered_after(caller, service, lambda: os.kill(service.pid("messages"), signal.SIGKILL))


def test_no_answer_is_lost_where_the_worker_is_killed_midway(service: Running, amqp: AmqpCaller) -> None:
    answered_after(amqp, service, lambda: os.kill(service.pid("workers-python:python-0"), signal.SIGKILL))


def test_whoever_stops_the_program_has_what_it_took_answered_first(service: Running, amqp: AmqpCaller) -> None:
    def blow() -> None:
        assert service.ctl("stop", "messages").returncode == 0
        assert service.ctl("start", "messages").returncode == 0

    answered_after(amqp, service, blow)


def test_no_answer_is_lost_where_rabbitmq_is_killed_and_comes_back(
    service: Running, rabbitmq: RabbitMQ, amqp: AmqpCaller
) -> None:
    def blow() -> None:
        rabbitmq.kill()
        until(lambda: f"broker 'orders' (amqp://127.0.0.1:{rabbitmq.port}): " in service.said())
        assert service.get("/ready").status == 200
        rabbitmq.start()
        amqp.connect()

    answered_after(amqp, service, blow)


def test_a_broker_that_is_away_at_the_start_is_named_and_tried_again(
    service: Running, mosquitto: Mosquitto, mqtt: MqttCaller
) -> None:
    assert f"WARNING messages: broker 'things' (mqtt://127.0.0.1:{mosquitto.port}): " in service.said()
    assert mqtt.answer([ROW]).result == ["Iris-setosa"]


def test_with_once_a_request_that_comes_again_gets_the_answer_that_was_kept(service: Running, amqp: AmqpCaller) -> None:
    where = {"exchange": "receipts", "message_id": "order 17"}
    first = amqp.answer([ROW], **where)
    assert amqp.answer([ROW], **where).body == first.body
    os.kill(service.pid("messages"), signal.SIGKILL)
    assert amqp.answer([ROW], **where).body == first.body
    other = amqp.answer([OTHER], **where)
    assert "the message id 'order 17' was that of another request" in other.content["message"]
    assert amqp.dead("receipts").headers["dead-code"] == "bad-request"
    again = [amqp.answer([ROW], exchange="receipts").content["metadata"]["request_id"] for _ in range(2)]
    assert again[0] != again[1]


def runs(service: Running) -> int:
    """Return how often the pipeline was run."""
    marks = service.folder / "marks"
    return len(marks.read_text().splitlines()) if marks.exists() else 0


def test_a_run_is_entered_once_however_often_its_message_comes_and_its_end_is_told(
    service: Running, caller: AmqpCaller | MqttCaller
) -> None:
    before, asked = runs(service), {"rows": [{"amount": 1.5}, {"amount": 2.0}], "parameters": {"factor": 4.0}}
    where, name = to(caller, "run.marked"), type(caller).__name__
    told = caller.answer(asked, where, message_id=name)
    broker = "orders" if isinstance(caller, AmqpCaller) else "things"
    assert told.headers == {"status": "200", "job": f"{broker}:{name}"}
    assert told.content_type == "application/x-ndjson"
    assert [json.loads(line) for line in told.body.splitlines()] == [{"amount": 6.0}, {"amount": 8.0}]
    letters = ModelStore(f"sqlite:///{service.folder / 'triglot.db'}").letters
    until(lambda: not letters.known([f"{broker}:{name}"])[f"{broker}:{name}"].waits)
    assert caller.answer(asked, where, message_id=name).body == told.body
    assert runs(service) == before + 1


def test_a_run_that_fails_says_so_and_one_that_cannot_begin_is_a_dead_letter(
    service: Running, amqp: AmqpCaller
) -> None:
    failed = amqp.answer({"rows": [{"amount": -1.0}]}, "run.marked", message_id="bad-amount")
    assert (failed.headers["status"], failed.headers["job"]) == ("500", "orders:bad-amount")
    assert "Marked: failed (ValueError)" in failed.content["message"]
    wrong = amqp.answer({"rows": [{"amount": 1.0}], "parameters": {"fctor": 1}}, "run.marked", message_id="typo")
    assert "is no parameter of this pipeline" in wrong.content["message"]
    assert amqp.dead().headers["dead-code"] == "bad-request"
    unknown = amqp.answer({}, "run.monthly", message_id="unknown")
    assert unknown.headers["code"] == "pipeline-not-found"


def test_the_end_of_a_run_is_told_though_the_program_was_killed_meanwhile(
    service: Running, amqp: AmqpCaller, tmp_path: Path
) -> None:
    sent = amqp.ask({"rows": [{"amount": 1.0}]}, "run.marked", message_id="killed")
    until(lambda: "job orders:killed: pipeline" in service.said())
    os.kill(service.pid("messages"), signal.SIGKILL)
    (told,) = amqp.letters(1)
    assert (told.correlation, told.headers["status"]) == (sent, "200")
