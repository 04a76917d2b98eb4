"""Kafka: requests from a topic, answers to the topic that a header names, offsets committed behind them.

The client's own threads speak with the brokers; one more waits for what has come, because that is how it is asked.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from triglot.config.brokers import Broker
from triglot.messages.link import FAREWELL_S, Desks, LinkLost, Tasks
from triglot.messages.message import (
    CONTENT_TYPE,
    CORRELATION_ID,
    ID,
    REPLY_TOPIC,
    Message,
    Outcome,
    name_of,
    rest_of,
    texts,
)
from triglot.messages.sequence import Sequence

logger = logging.getLogger("triglot.messages")

POLL_S = 0.1
CONNECT_S: Final = 10.0
_AT_A_TIME: Final = 500

_REFUSALS: Final = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._INVALID_ARG,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
    }
)

Place: TypeAlias = tuple[str, int]
Record: TypeAlias = Any  # one that is there has a topic, a partition and an offset, which its type does not say


async def serve(broker: Broker, desks: Desks, over: asyncio.Event) -> None:
    """Take requests until that is set; raises `LinkLost` where the client can go on no more.

    A cluster that goes away and comes back is the client's own business, which says so.
    """
    async with contextlib.aclosing(Session(broker, desks)) as session:
        await session.tasks.until(over)
        await session.finish()


def settings(broker: Broker) -> dict[str, Any]:
    """Return what both sides of the client are told of the cluster; `options` come last."""
    found: dict[str, Any] = {"bootstrap.servers": ",".join(f"{host}:{port}" for host, port in broker.hosts)}
    if broker.user:
        found |= {"sasl.mechanism": "PLAIN", "sasl.username": broker.user, "sasl.password": broker.password}
    found["security.protocol"] = f"{'SASL_' if broker.user else ''}{'SSL' if broker.tls else 'PLAINTEXT'}"
    files = {"ca": broker.ca_file, "certificate": broker.cert_file, "key": broker.key_file}
    found |= {f"ssl.{name}.location": str(path) for name, path in files.items() if path is not None}
    return found | dict(broker.options)


def reach(broker: Broker) -> None:
    """Return if the cluster can be reached and lets us in; raises `LinkLost`."""
    try:
        Producer(settings(broker) | {"logger": _quiet}).list_topics(timeout=CONNECT_S)
    except (KafkaException, ValueError, TypeError) as error:
        raise LinkLost(f"{type(error).__name__}: {error}") from error


class _Refused(LinkLost):
    """The cluster, or the client, does not take this one message, whoever sends it; the connection itself is well."""


class Session:
    """A consumer and a producer, and what is under way between them."""

    def __init__(self, broker: Broker, desks: Desks) -> None:
        self._broker = broker
        self._desks = desks
        self.tasks = Tasks()
        self._loop = asyncio.get_running_loop()
        self._under_way = 0
        self._out: dict[Place, Sequence] = {}
        self._done_to: dict[Place, int] = {}
        self._lock = threading.Lock()  # the polling thread hears of partitions, the loop of answers
        self._over = threading.Event()
        self._taking = True
        told = settings(broker) | {"error_cb": self._trouble, "logger": _quiet}
        own = {
            "group.id": broker.group,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
        }
        try:
            self._producer = Producer({"linger.ms": 2, "enable.idempotence": True, **told})
            self._consumer = Consumer({**own, **told})
            topics = [f"{broker.prefix}.{what}" for what in desks.answers]
            self._consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        except (KafkaException, ValueError, TypeError) as error:
            raise LinkLost(f"{type(error).__name__}: {error}") from error
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._poll, self._deliver)]
        for thread in self._threads:
            thread.start()
        self.tasks.watch(desks.runs, self._tell)

    async def finish(self) -> None:
        """Take no more, and answer what was taken."""
        self._taking = False
        await self.tasks.finish()

    async def aclose(self) -> None:
        """Leave the group; what is not committed comes again."""
        self.tasks.fail("closed")
        await self.tasks.drop()
        self._over.set()
        await self._loop.run_in_executor(None, self._leave)

    def _leave(self) -> None:
        for thread in self._threads:
            thread.join()
        self._store()
        self._producer.flush(FAREWELL_S)
        self._consumer.close()

    def _poll(self) -> None:
        paused: list[TopicPartition] = []
        while not self._over.is_set():
            self._store()
            room = self._broker.prefetch - self._under_way if self._taking else 0
            if room <= 0 and not paused:
                paused = self._consumer.assignment()
                self._consumer.pause(paused)
            elif room > 0 and paused:
                there = self._consumer.assignment()
                self._consumer.resume([each for each in paused if each in there])
                paused = []
            records = self._consumer.consume(max(1, min(room, _AT_A_TIME)), POLL_S)
            if records:
                self._under_way += len(records)
                self._loop.call_soon_threadsafe(self._came, records)

    def _deliver(self) -> None:
        while not self._over.is_set():
            self._producer.poll(POLL_S)

    def _trouble(self, error: KafkaError) -> None:
        if error.fatal():
            self._loop.call_soon_threadsafe(self.tasks.fail, error.str())
        else:
            logger.warning("%s: %s; the client tries again", self._broker, error.str())

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        with self._lock:
            self._out |= {(each.topic, each.partition): Sequence() for each in partitions}

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        with self._lock:
            for each in partitions:
                self._out.pop((each.topic, each.partition), None)
                self._done_to.pop((each.topic, each.partition), None)

    def _came(self, records: list[Record]) -> None:
        for record in records:
            if (error := record.error()) is not None:
                logger.warning("%s: %s", self._broker, error.str())
                self._under_way -= 1
                continue
            with self._lock:
                sequence = self._out.setdefault(_place(record), Sequence())
                sequence.take(record.offset())
            self.tasks.start(self._handle(record, sequence))

    async def _handle(self, record: Record, sequence: Sequence) -> None:
        try:
            what = rest_of(record.topic(), f"{self._broker.prefix}.")
            message = _message(what, record, self._broker)
            outcome = await self._desks.answers[what](message)
            if outcome is not None and message.reply:
                await self._tell(message.reply, outcome)
            if outcome is not None and outcome.reason:
                await self._put_aside(record, outcome, message)
        finally:
            self._under_way -= 1
        self._done(record, sequence)

    async def _tell(self, reply: Mapping[str, Any], outcome: Outcome) -> None:
        headers = {CONTENT_TYPE: outcome.content_type, **outcome.headers}
        if reply["correlation"]:
            headers[CORRELATION_ID] = reply["correlation"]
        key = None if reply["key"] is None else bytes.fromhex(reply["key"])
        try:
            await self._send(reply["topic"], key, outcome.body, _encoded(headers))
        except _Refused as error:  # a topic that is not there, say: whoever named it may name another
            logger.warning("%s: an answer cannot be sent to %r: %s", self._broker, reply["topic"], error)

    async def _put_aside(self, record: Record, outcome: Outcome, message: Message) -> None:
        """Send a dead letter; of one that is too long for the cluster the reason, which says where it lies."""
        topic, headers = (
            f"{self._broker.prefix}.dead",
            [*(record.headers() or ()), *_encoded(outcome.dead(message.path))],
        )
        try:
            await self._send(topic, record.key(), record.value(), headers)
        except _Refused as error:
            logger.warning("%s: %s is put aside without its body: %s", self._broker, message.path, error)
            await self._send(topic, record.key(), None, headers)

    async def _send(self, topic: str, key: Any, value: bytes | None, headers: Any) -> None:
        """Publish, and return when the cluster has taken it; raises `LinkLost`, `_Refused`."""
        sent: asyncio.Future[None] = self._loop.create_future()

        def told(error: KafkaError | None, _record: Record) -> None:
            self._loop.call_soon_threadsafe(_settle, sent, error)

        try:
            self._producer.produce(topic, value, key, on_delivery=told, headers=headers)
        except KafkaException as error:
            raise _lost(error.args[0]) from error
        except (BufferError, ValueError) as error:
            kind = LinkLost if isinstance(error, BufferError) else _Refused
            raise kind(f"{type(error).__name__}: {error}") from error
        await sent

    def _done(self, record: Record, sequence: Sequence) -> None:
        with self._lock:
            sequence.done(record.offset())
            last = sequence.finished()
            if last is not None and self._out.get(_place(record)) is sequence:
                self._done_to[_place(record)] = last + 1

    def _store(self) -> None:
        """Let what is done be committed; by the thread that polls, for which this would have to wait in any other."""
        with self._lock:
            found, self._done_to = self._done_to, {}
        for (topic, partition), offset in found.items():
            try:
                self._consumer.store_offsets(offsets=[TopicPartition(topic, partition, offset)])
            except KafkaException:  # another member has the partition by now, and what is not committed comes to it
                logger.debug("%s: partition %s is another's", self._broker, partition)


def _settle(sent: "asyncio.Future[None]", error: KafkaError | None) -> None:
    if sent.done():
        return
    if error is None:
        sent.set_result(None)
    else:
        sent.set_exception(_lost(error))


def _lost(error: KafkaError) -> LinkLost:
    return (_Refused if error.code() in _REFUSALS else LinkLost)(error.str())


def _place(record: Record) -> Place:
    return record.topic(), record.partition()


def _encoded(headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    return [(name, value.encode()) for name, value in headers.items()]


def _message(what: str, record: Record, broker: Broker) -> Message:
    headers, key = texts(dict(record.headers() or ())), record.key()
    topic = headers.get(REPLY_TOPIC, "")
    reply = {"topic": topic, "correlation": headers.get(CORRELATION_ID, ""), "key": None if key is None else key.hex()}
    place = f"{record.topic()}/{record.partition()}/{record.offset()}"
    return Message(
        record.value() or b"",
        headers.get(CONTENT_TYPE, ""),
        name_of(what, "", headers, broker.model),
        headers,
        headers.get(ID, "") or place,
        f"kafka:{broker.name}/{place}",
        encoding=headers.get("content-encoding", ""),
        reply=reply if topic else {},
    )


_quiet = logging.getLogger("triglot.messages.kafka")
_quiet.setLevel(logging.ERROR)
