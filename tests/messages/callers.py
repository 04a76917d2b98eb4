"""Callers as others write them: with pika, and with paho."""

import contextlib
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import pika
import pika.exceptions
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.helpers import PATIENCE_S, until

ROW = {"sepal length": 5.1, "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2}
COLUMNS = list(ROW)


class Letter(NamedTuple):
    """What came: an answer, or a dead letter."""

    body: bytes
    headers: Mapping[str, str]
    correlation: str
    content_type: str

    @property
    def content(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)

    @property
    def result(self) -> Any:
        """The result of a good answer."""
        assert self.headers["status"] == "200", self.body
        return self.content["result"]


def mood(seconds: float = 0.0, mood: float = 0.0) -> dict[str, float]:
    """Return a row for the model that takes its time: 2 ends the worker."""
    return {"mood": mood, "seconds": seconds}


def encoded(body: Any) -> bytes:
    """Return a body as it is, or as JSON."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


class AmqpCaller:
    """Somebody with pika: a queue for answers that outlives the broker, and messages that do."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: Any = None
        self.answers = f"answers-{uuid.uuid4().hex[:8]}"

    def __enter__(self) -> "AmqpCaller":
        self.connect()
        self.channel.queue_declare(self.answers, durable=True)
        for queue in ("triglot.dead", "receipts.dead"):
            self.channel.queue_purge(queue)
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.queue_delete(self.answers)
        self._connection.close()

    def connect(self) -> None:
        """Connect, again where the broker has been away."""
        if self._connection is not None:
            with contextlib.suppress(pika.exceptions.AMQPError):  # it knows by now, and lets go of its sockets
                self._connection.close()
        self._connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self._port))
        self.channel = self._connection.channel()
        self.channel.confirm_delivery()  # or what was sent may be lost with the broker

    def ask(self, body: Any, key: str = "predict.iris", exchange: str = "triglot", **properties: Any) -> str:
        """Send a request; return its correlation id."""
        correlation = properties.pop("correlation_id", uuid.uuid4().hex)
        told = pika.BasicProperties(reply_to=self.answers, correlation_id=correlation, delivery_mode=2, **properties)
        self.channel.basic_publish(exchange, key, encoded(body), told)
        return correlation

    def letters(self, count: int, queue: str = "") -> list[Letter]:
        """Return so many letters once they are there."""
        found: list[Letter] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < count:
            method, properties, body = self.channel.basic_get(queue or self.answers, auto_ack=True)
            if method is None:
                assert time.monotonic() < deadline, f"{len(found)} of {count} came"
                self._connection.sleep(0.02)
                continue
            headers = {name: str(value) for name, value in (properties.headers or {}).items()}
            found.append(Letter(body, headers, properties.correlation_id or "", properties.content_type or ""))
        return found

    def answer(self, body: Any, key: str = "predict.iris", exchange: str = "triglot", **properties: Any) -> Letter:
        """Return the answer to a request; one to an earlier request may come again, where a kill hid that it went."""
        correlation = self.ask(body, key, exchange, **properties)
        while True:
            (letter,) = self.letters(1)
            if letter.correlation == correlation:
                return letter

    def dead(self, prefix: str = "triglot") -> Letter:
        """Return the dead letter."""
        (letter,) = self.letters(1, f"{prefix}.dead")
        return letter

    def waiting(self, queue: str) -> int:
        """Return how many messages nobody has taken."""
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)


class MqttCaller:
    """Somebody with paho: one subscription for answers, one for dead letters."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._name = uuid.uuid4().hex[:8]
        self._came: dict[str, list[Letter]] = {f"answers/{self._name}": [], "triglot/dead": []}
        self._granted = 0
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=self._name, protocol=MQTTv5)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: [client.subscribe(topic, 1) for topic in self._came]
        self._client.on_subscribe = self._count

    def __enter__(self) -> "MqttCaller":
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        until(lambda: self._granted >= 2)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def ask(self, body: Any, topic: str = "triglot/predict/iris", content_type: str = "", **user: str) -> str:
        """Send a request; return its correlation id."""
        properties, correlation = Properties(PacketTypes.PUBLISH), uuid.uuid4().hex
        properties.ResponseTopic = f"answers/{self._name}"
        properties.CorrelationData = correlation.encode()
        if content_type:
            properties.ContentType = content_type
        properties.UserProperty = [(name.replace("_", "-"), value) for name, value in user.items()]
        self._client.publish(topic, encoded(body), qos=1, properties=properties).wait_for_publish(PATIENCE_S)
        return correlation

    def letters(self, count: int, topic: str = "") -> list[Letter]:
        """Return all letters once there are so many."""
        came = self._came[topic or f"answers/{self._name}"]
        until(lambda: len(came) >= count)
        found = came[:]
        came.clear()
        return found

    def answer(self, body: Any, topic: str = "triglot/predict/iris", content_type: str = "", **user: str) -> Letter:
        """Return the answer to a request."""
        correlation = self.ask(body, topic, content_type, **user)
        (letter,) = self.letters(1)
        assert letter.correlation == correlation
        return letter

    def dead(self) -> Letter:
        """Return the dead letter."""
        (letter,) = self.letters(1, "triglot/dead")
        return letter

    def clear(self) -> None:
        """Forget what has come."""
        for came in self._came.values():
            came.clear()

    def _take(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        told: Any = message.properties
        headers = dict(getattr(told, "UserProperty", ()))
        correlation = getattr(told, "CorrelationData", b"").decode()
        letter = Letter(bytes(message.payload), headers, correlation, getattr(told, "ContentType", ""))
        self._came[message.topic].append(letter)

    def _count(self, *_: Any) -> None:
        self._granted += 1
