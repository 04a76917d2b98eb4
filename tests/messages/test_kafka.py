"""Requests by Kafka: the supervised service, and librdkafka's own mock of a cluster, as no broker is to be had."""

import json
import os
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer

from tests.functional.running import Running
from tests.helpers import until
from tests.messages.callers import ROW, mood


class KafkaCaller:
    """Somebody who writes to one topic and reads answers and dead letters from two."""

    def __init__(self, port: int, **further: Any) -> None:
        server = {"bootstrap.servers": f"127.0.0.1:{port}"}
        self._producer = Producer({**server, **further})
        self._consumer = Consumer({**server, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
        self._consumer.subscribe(["answers", "triglot.dead"])
        self._came: dict[tuple[str, str], tuple[dict[str, str], bytes]] = {}

    def close(self) -> None:
        """Leave."""
        self._consumer.close()

    def ask(self, body: Any, model: str, topic: str = "triglot.predict", **headers: str) -> str:
        """Send a request; return its correlation id."""
        correlation = uuid.uuid4().hex
        said = {"model": model, "reply-topic": "answers", "correlation-id": correlation, **headers}
        value = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._producer.produce(topic, value, headers={name.replace("_", "-"): text for name, text in said.items()})
        assert self._producer.flush(30) == 0
        return correlation

    def came(self, topic: str, correlation: str) -> tuple[dict[str, str], bytes]:
        """Return headers and body of what came for a request."""
        until(lambda: self._has((topic, correlation)))
        return self._came[topic, correlation]

    def _has(self, wanted: tuple[str, str]) -> bool:
        for record in self._consumer.consume(100, 0.1):
            assert record.error() is None, record.error()
            headers = {name: bytes(value or b"").decode() for name, value in record.headers() or ()}
            self._came[str(record.topic()), headers["correlation-id"]] = headers, record.value() or b""
        return wanted in self._came


@pytest.fixture(scope="module")
def kafka(service: Running, cluster: int) -> Iterator[KafkaCaller]:
    """Give somebody who asks by Kafka."""
    made = KafkaCaller(cluster)
    yield made
    made.close()


def test_a_request_is_answered_to_the_topic_that_it_names(kafka: KafkaCaller) -> None:
    headers, body = kafka.came("answers", kafka.ask([ROW], "iris", message_id="monday"))
    assert json.loads(body)["result"] == ["Iris-setosa"]
    assert json.loads(body)["metadata"]["request_id"] == "monday"
    assert headers.items() >= {"content-type": "application/json", "status": "200", "version": "1"}.items()


def test_what_nobody_can_answer_is_told_and_put_aside_with_the_reason(kafka: KafkaCaller) -> None:
    sent = kafka.ask(b"nonsense", "iris")
    headers, body = kafka.came("answers", sent)
    dead, same = kafka.came("triglot.dead", sent)
    assert (headers["status"], headers["code"], same) == ("400", "bad-request", b"nonsense")
    assert dead["dead-reason"] == json.loads(body)["message"]
    assert dead["dead-from"].startswith("kafka:log/triglot.predict/")


def test_a_run_is_known_by_its_place_in_the_topic(kafka: KafkaCaller) -> None:
    headers, body = kafka.came("answers", kafka.ask({"rows": [{"amount": 1.0}]}, "", "triglot.run", pipeline="marked"))
    assert json.loads(body) == {"amount": 2.0}
    assert (headers["content-type"], headers["status"]) == ("application/x-ndjson", "200")


def test_no_answer_is_lost_where_the_program_is_killed_midway(service: Running, kafka: KafkaCaller) -> None:
    sent = [kafka.ask([mood(0.3)], "moody") for _ in range(4)]
    until(lambda: bool(service.busy()))
    os.kill(service.pid("messages"), signal.SIGKILL)
    assert [json.loads(kafka.came("answers", each)[1])["result"] for each in sent] == [[1.0]] * 4
