"""AMQP 0.9.1: requests from a queue, answers to `reply_to`, and acknowledged once the broker has taken the answer."""

import asyncio
import contextlib
import logging
import ssl
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import kombu as _kombu
from amqp import basic_message, spec
from amqp.exceptions import FrameSyntaxError, NotFound

from triglot.config.brokers import Broker
from triglot.messages.amqp_wire import UNREADABLE, Wire, lenient
from triglot.messages.link import FAREWELL_S, Desks, LinkLost, Tasks
from triglot.messages.message import Message, Outcome, name_of, rest_of, texts
from triglot.messages.sequence import Sequence

logger = logging.getLogger("triglot.messages")

# What types they have are wrong in places, and few names are exported.
kombu: Any = _kombu
Content: Any = basic_message.Message

CONNECT_S = 10.0
HEARTBEAT_S = 30
FLUSH_S = 0.01  # acknowledgements of what was done within it go together
_PROPERTIES = ("content_type", "content_encoding", "correlation_id", "reply_to", "message_id", "type", "app_id")
_REPLY = ("reply_to", "correlation_id", "delivery_mode")
_PERSISTENT: Final = 2
_FRAME: Final = 64  # bytes of a frame beside the properties in it
_TROUBLE: Final = (
    "the properties of the message are not to be read: bytes that are not UTF-8, or a time out of all years"
)


async def serve(broker: Broker, desks: Desks, over: asyncio.Event) -> None:
    """Take requests until that is set; raises `LinkLost` where the broker cannot be reached or goes away."""
    async with contextlib.aclosing(Session(broker, desks)) as session:
        await session.tasks.until(over)
        await session.finish()


def reach(broker: Broker) -> None:
    """Return if the broker can be reached and lets us in; raises `LinkLost`."""
    _connected(broker).release()


class Session:
    """One connection, its channel and what is under way there."""

    def __init__(self, broker: Broker, desks: Desks) -> None:
        self._broker = broker
        self._desks = desks
        self._link = _connected(broker)
        self.tasks = Tasks()
        self._taken = Sequence()
        self._owed: Counter[int] = Counter()  # of each request, how much of what it caused the broker has not yet taken
        self._sent = Sequence()
        self._for: dict[int, Callable[[], None]] = {}  # what was sent -> what to do once the broker has taken it
        self._number = 0
        self._acknowledging = False
        self._loop = asyncio.get_running_loop()
        try:
            with _told_as_lost(broker):
                self._channel = self._consuming()
        except LinkLost:
            self._link.connection.collect()
            raise
        self._wire = Wire(self._link.connection, self.tasks.fail)
        self._loop.call_later(HEARTBEAT_S / 4, self._beat)
        self.tasks.watch(desks.runs, self._tell)
        logger.info("%s: requests are taken", broker)

    def _consuming(self) -> Any:
        _declare(self._link, self._broker, self._desks.answers)
        channel = self._link.channel()
        channel.auto_decode = False
        channel.basic_qos(0, self._broker.prefetch, False)
        channel.confirm_select()
        channel.events["basic_ack"].add(self._confirmed)
        channel.events["basic_nack"].add(lambda *_: self.tasks.fail("the broker could not take an answer"))
        for what in self._desks.answers:
            channel.basic_consume(
                f"{self._broker.prefix}.{what}",
                what,
                callback=partial(self._came, what),
                on_cancel=lambda *_: self.tasks.fail("the queue of requests is gone"),
            )
        return channel

    async def finish(self) -> None:
        """Take no more, and answer what was taken."""
        for what in self._desks.answers:
            self._channel.basic_cancel(what, nowait=True)
        await self.tasks.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                while self._for and not self.tasks.lost.done():
                    await asyncio.sleep(FLUSH_S)
        self._acknowledge()

    async def aclose(self) -> None:
        """Close the connection: what is not acknowledged comes again."""
        self.tasks.fail("closed")
        await self.tasks.drop()
        self._wire.close()

    def _beat(self) -> None:
        if self.tasks.lost.done():
            return
        try:
            self._link.connection.heartbeat_tick(rate=2)
        except Exception as error:
            self.tasks.fail(f"{type(error).__name__}: {error}")
        self._loop.call_later(HEARTBEAT_S / 4, self._beat)

    def _came(self, what: str, content: Any) -> None:
        self._taken.take(content.delivery_info["delivery_tag"])
        self.tasks.start(self._handle(what, content))

    async def _handle(self, what: str, content: Any) -> None:
        tag = content.delivery_info["delivery_tag"]
        message = _message(what, content, self._broker)
        outcome = await self._desks.answers[what](message)
        sent = [] if outcome is None else self._due(message, content, outcome)
        self._owed[tag] = len(sent)
        for exchange, key, each in sent:
            self._send(exchange, key, each, partial(self._paid, tag))
        if not sent:
            self._done(tag)

    def _due(self, message: Message, content: Any, outcome: Outcome) -> list[tuple[str, str, Any]]:
        """Return what is to be sent for a request: to which exchange, by which key, and what."""
        found = []
        if outcome.reason:
            dead = _dead(content, outcome, message.path, self._link.connection.frame_max)
            found.append((f"{self._broker.prefix}.dead", "", dead))
        if message.reply:
            found.append(("", message.reply["reply_to"], _reply(message.reply, outcome)))
        return found

    async def _tell(self, reply: Mapping[str, Any], outcome: Outcome) -> None:
        taken = self._loop.create_future()
        self._send("", reply["reply_to"], _reply(reply, outcome), partial(_settle, taken))
        await taken

    def _send(self, exchange: str, key: str, content: Any, then: Callable[[], None]) -> None:
        """Publish, not by the library's own method, which looks for what has come before it writes."""
        self._number += 1
        self._sent.take(self._number)
        self._for[self._number] = then
        self._channel.send_method(spec.Basic.Publish, "Bssbb", (0, exchange, key, False, False), content)

    def _confirmed(self, number: int, multiple: bool) -> None:
        for each in self._sent.up_to(number) if multiple else self._sent.only(number):
            self._for.pop(each)()

    def _paid(self, tag: int) -> None:
        self._owed[tag] -= 1
        if not self._owed[tag]:
            self._done(tag)

    def _done(self, tag: int) -> None:
        del self._owed[tag]
        self._taken.done(tag)
        if not self._acknowledging:
            self._acknowledging = True
            self._loop.call_later(FLUSH_S, self._acknowledge)

    def _acknowledge(self) -> None:
        self._acknowledging = False
        if self.tasks.lost.done():
            return
        last = self._taken.finished()
        if last is not None:
            self._channel.basic_ack(last, multiple=True)
        for tag in self._taken.strays():
            self._channel.basic_ack(tag)


def _connected(broker: Broker) -> Any:
    """Return an open connection; raises `LinkLost`."""
    ((host, port),) = broker.hosts
    link = kombu.Connection(
        hostname=host,
        port=port,
        userid=broker.user or "guest",
        password=broker.password or "guest",
        virtual_host=broker.path or "/",
        ssl=_tls(broker),
        transport="pyamqp",
        connect_timeout=CONNECT_S,
        heartbeat=HEARTBEAT_S,
    )
    with _told_as_lost(broker):
        link.connect()
    link.connection.on_inbound_frame = lenient(link.connection.on_inbound_frame)
    return link


def _declare(link: Any, broker: Broker, asked: Iterable[str]) -> None:
    """Make exchange, queues and bindings; a queue that is there stays as it is, whoever made it."""
    requests = kombu.Exchange(broker.prefix, "topic")
    dead = kombu.Exchange(f"{broker.prefix}.dead", "fanout")
    _queue(link, kombu.Queue(dead.name, dead))
    for what in asked:
        _queue(link, kombu.Queue(f"{broker.prefix}.{what}", requests, routing_key=f"{what}.#"))


def _queue(link: Any, queue: Any) -> None:
    with link.channel() as channel:
        try:
            channel.queue_declare(queue.name, passive=True)
        except NotFound:  # which has closed the channel
            with link.channel() as other:
                queue(other).declare()
            return
        queue(channel).exchange.declare()
        queue(channel).bind_to(queue.exchange, queue.routing_key)


def _tls(broker: Broker) -> dict[str, Any] | bool:
    if not broker.tls:
        return False
    found = {"ca_certs": broker.ca_file, "certfile": broker.cert_file, "keyfile": broker.key_file}
    texts = {name: str(path) for name, path in found.items() if path is not None}
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": broker.hosts[0][0], **texts}


@contextlib.contextmanager
def _told_as_lost(broker: Broker) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # kombu and py-amqp have many
        raise LinkLost(f"{type(error).__name__}: {error}") from error


def _message(what: str, content: Any, broker: Broker) -> Message:
    properties, came = content.properties, content.delivery_info
    headers = texts(properties.get("application_headers", {}))
    rest = rest_of(came["routing_key"], f"{what}.")
    body = content.body if isinstance(content.body, bytes) else content.body.encode()
    return Message(
        body,
        properties.get("content_type", ""),
        name_of(what, rest, headers, broker.model),
        headers,
        properties.get("message_id", ""),
        f"amqp:{broker.name}/{broker.prefix}.{what}",
        bool(came["redelivered"]),
        properties.get("content_encoding", ""),
        {key: properties[key] for key in _REPLY if key in properties} if properties.get("reply_to") else {},
        "" if _is_readable(properties, headers) else _TROUBLE,
    )


def _is_readable(properties: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """Whether all that stands beside a body is text; the library lets half of a pair of UTF-16 pass for one."""
    if properties.get("type") == UNREADABLE:
        return False
    said = (each for each in properties.values() if isinstance(each, str))
    try:
        "".join([*headers, *headers.values(), *said]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _reply(reply: Mapping[str, Any], outcome: Outcome) -> Any:
    properties = {key: value for key, value in reply.items() if key != "reply_to"}
    return Content(outcome.body, content_type=outcome.content_type, application_headers=outcome.headers, **properties)


def _dead(content: Any, outcome: Outcome, path: str, most_bytes: int) -> Any:
    """Return a request as a dead letter: as it came, and beside it why nobody could answer it.

    Its own headers are left out where they cannot be written again, or not within the bytes of one frame.
    """
    asked, why = content.properties, outcome.dead(path)
    properties = {key: asked[key] for key in _PROPERTIES if key in asked}
    headers = {**asked.get("application_headers", {}), **why}
    dead = Content(content.body, application_headers=headers, delivery_mode=_PERSISTENT, **properties)
    if not _can_be_written(dead, most_bytes):
        dead.properties["application_headers"] = why
    return dead


def _can_be_written(content: Any, most_bytes: int) -> bool:
    try:
        return len(content._serialize_properties()) + _FRAME <= most_bytes
    except (FrameSyntaxError, ValueError, TypeError, OverflowError, struct.error):
        return False


def _settle(taken: "asyncio.Future[None]") -> None:
    if not taken.done():
        taken.set_result(None)
