"""Messages that nobody can make sense of, or carry: each is put aside, and those behind it are answered."""

import uuid
from pathlib import Path
from typing import Any

import pika
import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.functional.running import Running
from tests.helpers import PATIENCE_S, until
from tests.messages.brokers import Mosquitto, RabbitMQ, require_brokers, running
from tests.messages.callers import ROW, AmqpCaller, MqttCaller
from tests.messages.certificates import made as certificates
from tests.messages.taking import taking
from tests.messages.test_kafka import KafkaCaller
from triglot.config.brokers import Broker, brokers_of
from triglot.messages.message import Message, Outcome

UNREADABLE = "the properties of the message are not to be read"
NOT_ALL_ROOM = 130_400  # bytes of headers: within the frames that RabbitMQ takes, but without room for more


def links_lost(service: Running) -> int:
    """Return how often the program has lost a link, as its log has it."""
    return service.said().count("it is tried again in")


@pytest.mark.parametrize(
    ("key", "properties", "body", "reason"),
    [
        ("predict.iris", {"correlation_id": b"\xff\xfe\x00"}, b"[]", UNREADABLE),
        ("predict.iris", {"content_type": b"\xff"}, b"", UNREADABLE),
        ("predict.iris", {"message_id": b"\xed\xa0\x80"}, b"[]", UNREADABLE),
        (b"predict.\xff\xfe", {}, b"[]", "no model '??' is active"),
        (b"predict.\xed\xa0\x80", {}, b"[]", "no model '???' is active"),
        ("predict.iris", {"headers": {"x": b"\xff", "y": [1, {"z": True}], "": None}}, b"no", "the body is not JSON"),
        ("predict.iris", {"headers": {"x": "y" * NOT_ALL_ROOM}}, b"no", "the body is not JSON"),
        ("predict.iris", {"content_type": "text/csv; delimiter*=utf-8''%3B"}, b"a;b\n1;2\n", "the columns do not fit"),
        ("predict.iris", {"content_type": "text/csv;;;=\0"}, b"a", ""),
    ],
)
def test_what_makes_no_sense_by_amqp_is_put_aside_once_and_those_behind_it_are_answered(
    service: Running, amqp: AmqpCaller, key: Any, properties: Any, body: bytes, reason: str
) -> None:
    before = links_lost(service)
    amqp.channel.basic_publish("triglot", key, body, pika.BasicProperties(**properties))
    dead = amqp.dead()
    assert (dead.body, reason in dead.headers["dead-reason"]) == (body, True), dead.headers
    assert dead.headers["dead-status"].startswith("4")
    assert amqp.answer([ROW]).result == ["Iris-setosa"]
    assert (amqp.waiting("triglot.dead"), links_lost(service)) == (0, before)


def test_what_is_unreadable_when_the_program_begins_keeps_it_from_nothing(service: Running, amqp: AmqpCaller) -> None:
    assert service.ctl("stop", "messages").returncode == 0
    for _ in range(3):
        amqp.channel.basic_publish("triglot", "predict.iris", b"[]", pika.BasicProperties(correlation_id=b"\xff"))
    sent = amqp.ask([ROW])
    assert service.ctl("start", "messages").returncode == 0
    (letter,) = amqp.letters(1)
    assert (letter.correlation, letter.result) == (sent, ["Iris-setosa"])
    assert [UNREADABLE in each.headers["dead-reason"] for each in amqp.letters(3, "triglot.dead")] == [True] * 3


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        (f"triglot/predict/{'x' * 65_000}", b"[]", "no model 'xxx"),
        ("triglot/predict/\U0001f98b/\u0430", b"[]", "no model '\U0001f98b/\u0430' is active"),
        ("triglot/predict/iris", b"\xff\xfe", "the body is not JSON"),
        ("triglot/predict/iris", b"[" * 100_000, "the body is not JSON"),
    ],
)
def test_what_makes_no_sense_by_mqtt_is_put_aside_once_and_those_behind_it_are_answered(
    service: Running, mqtt: MqttCaller, topic: str, body: bytes, reason: str
) -> None:
    before = links_lost(service)
    assert reason in mqtt.answer(body, topic).content["message"]
    dead = mqtt.dead()
    assert (dead.body, reason in dead.headers["dead-reason"]) == (body, True)
    assert mqtt.answer([ROW]).result == ["Iris-setosa"]
    assert links_lost(service) == before


def test_a_dead_letter_that_is_too_long_for_kafka_is_its_reason_alone(
    service: Running, kafka_long: KafkaCaller
) -> None:
    before = links_lost(service)
    body = b"x" * 1_100_000  # which its sender may send, and the service not
    sent = kafka_long.ask(body, "iris")
    headers, _ = kafka_long.came("answers", sent)
    dead, left = kafka_long.came("triglot.dead", sent)
    assert (headers["status"], dead["dead-status"], left) == ("400", "400", b"")
    assert dead["dead-from"].startswith("kafka:log/triglot.predict/")
    assert links_lost(service) == before


@pytest.fixture
def kafka_long(cluster: int) -> Any:
    made = KafkaCaller(cluster, **{"message.max.bytes": 2_000_000})
    yield made
    made.close()


# --- sessions without a service


def rejecting(message: Message) -> Outcome:
    return Outcome(b"no", 400, "bad-request", "no " * 600)


def answering(message: Message) -> Outcome:
    return Outcome(message.body)


def broker(url: str, **more: Any) -> Broker:
    (found,) = brokers_of({"b": {"url": url, **more}}, Path.cwd(), {})
    return found


def test_what_a_mosquitto_takes_of_one_message_is_kept_to() -> None:
    require_brokers("mosquitto")
    with (
        running(lambda folder: Mosquitto(folder, "max_packet_size 4000")) as mosquitto,
        taking(broker(f"mqtt://127.0.0.1:{mosquitto.port}"), rejecting) as took,
        MqttCaller(mosquitto.port) as mqtt,
    ):
        until(lambda: bool(mqtt.ask(b"first") and took.took))
        until(took.is_quiet)
        mqtt.clear()
        first = len(took.took)
        user = {f"header-{number}": "x" * 100 for number in range(20)}
        assert mqtt.answer(b"y" * 500, **user).body == b"no"
        dead = mqtt.dead()  # without the headers, for which there is no room beside the reason
        assert (dead.body, dead.headers.keys() & user.keys()) == (b"y" * 500, set())
        assert mqtt.answer(b"y" * 3_000).body == b"no"  # of which nothing can be put aside
        assert mqtt.answer(b"short").body == b"no"
        assert mqtt.dead().body == b"short"
    assert (took.lost, len(took.took)) == ([], first + 3)


def test_a_burst_of_messages_through_tls_is_taken_at_once(tmp_path: Path) -> None:
    """What one record of TLS has brought is read to its end, though the socket says nothing more."""
    require_brokers("mosquitto")
    files = certificates(tmp_path)
    lines = (f"cafile {files.authority}", f"certfile {files.certificate}", f"keyfile {files.key}")
    with running(lambda folder: Mosquitto(folder, *lines)) as mosquitto:
        service = broker(f"mqtts://127.0.0.1:{mosquitto.port}", ca_file=str(files.authority), prefetch=500)
        client = Client(CallbackAPIVersion.VERSION2, client_id=uuid.uuid4().hex, protocol=MQTTv5)
        client.tls_set(str(files.authority))
        with taking(service, answering) as took:
            client.connect("127.0.0.1", mosquitto.port)
            client.loop_start()
            until(lambda: bool(client.publish("triglot/predict/first", b"[]", qos=1) and took.took))
            until(took.is_quiet)
            first = len(took.took)
            sent = [client.publish(f"triglot/predict/m{number}", b"[]", qos=1) for number in range(400)]
            for each in sent:
                each.wait_for_publish(PATIENCE_S)
            until(lambda: len(took.took) == first + 400, 10)  # the next sign of life is 15 s away
            client.disconnect()
            client.loop_stop()
    assert took.lost == []


def test_links_that_fail_at_their_beginning_leave_no_connection_behind(rabbitmq: RabbitMQ) -> None:
    with AmqpConnection(rabbitmq.port) as channel:
        channel.exchange_declare("odd", "fanout")  # where the service wants one of another type
        with taking(broker(f"amqp://127.0.0.1:{rabbitmq.port}", prefix="odd"), answering) as took:
            until(lambda: len(took.lost) >= 5)
            assert "inequivalent arg 'type' for exchange 'odd'" in took.lost[-1]
            opened = rabbitmq.said().count("accepting AMQP connection")
            until(lambda: rabbitmq.said().count("closing AMQP connection") >= opened - 3)
        channel.exchange_delete("odd")


class AmqpConnection:
    """A channel of pika's, for what is prepared at a broker."""

    def __init__(self, port: int) -> None:
        self._connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))

    def __enter__(self) -> Any:
        return self._connection.channel()

    def __exit__(self, *_: object) -> None:
        self._connection.close()
