"""MQTT 5: requests from topics, answers to the Response Topic with the Correlation Data, acknowledged behind them."""

import asyncio
import contextlib
import logging
import socket
import struct
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from paho.mqtt import MQTTException
from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from triglot.config.brokers import Broker
from triglot.messages.link import FAREWELL_S, Desks, LinkLost, Tasks
from triglot.messages.message import ID, Message, Outcome, name_of, rest_of, texts

CONNECT_S = 10.0
KEEP_ALIVE_S = 30
SESSION_S: Final = 7 * 24 * 3600  # so long the broker keeps what comes for whoever comes back by its name
PASSING_S: Final = 60  # the same for a name that is the host's, which may be another one the next time
MISC_S = 1.0
_BESIDE: Final = 16  # bytes of a packet beside topic, properties and body
_NOBODY: Final = 16  # the reason code of a broker that knows no subscriber
_READ = ("ContentType", "ResponseTopic", "CorrelationData", "UserProperty")

logger = logging.getLogger("triglot.messages")


async def serve(broker: Broker, desks: Desks, over: asyncio.Event) -> None:
    """Take requests until that is set; raises `LinkLost` where the broker cannot be reached or goes away."""
    async with contextlib.aclosing(Session(broker, desks)) as session:
        await session.open()
        await session.tasks.until(over)
        await session.finish()


def reach(broker: Broker) -> None:
    """Return if the broker can be reached and lets us in; raises `LinkLost`."""
    asyncio.run(_reached(broker))


async def _reached(broker: Broker) -> None:
    own = replace(broker, client_id=f"triglot-{uuid.uuid4().hex}")
    async with contextlib.aclosing(Session(own, Desks({}))) as session:
        await session.open()


class Session:
    """One connection to a broker, which knows the session by its client's id and keeps it while nobody is here."""

    def __init__(self, broker: Broker, desks: Desks) -> None:
        self._broker = broker
        self._desks = desks
        self.tasks = Tasks()
        self._loop = asyncio.get_running_loop()
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self._left: asyncio.Future[None] = self._loop.create_future()
        self._takes = True
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._most_bytes = 0  # of a packet, as the broker says; 0 for any
        self._client = self._made()

    def _made(self) -> Client:
        name = self._broker.client_id or f"triglot-{self._broker.name}-{socket.gethostname()}"
        client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5, manual_ack=True)
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(self._broker.prefetch)
        if self._broker.user:
            client.username_pw_set(self._broker.user, self._broker.password or None)
        if self._broker.tls:
            self._secure(client)
        client.on_socket_open = self._opened
        client.on_socket_close = self._closed
        client.on_socket_register_write = self._wants_to_write
        client.on_socket_unregister_write = self._has_written
        client.on_connect = self._connected
        client.on_subscribe = self._granted
        client.on_unsubscribe = self._released
        client.on_disconnect = lambda _c, _u, _flags, reason, _p: self.tasks.fail(f"disconnected: {reason}")
        client.on_message = self._came
        client.on_publish = self._taken
        return client

    def _secure(self, client: Client) -> None:
        files = (self._broker.ca_file, self._broker.cert_file, self._broker.key_file)
        ca, certificate, key = (None if path is None else str(path) for path in files)
        try:
            client.tls_set(ca, certificate, key)
        except (OSError, ValueError) as error:  # whose words do not always name the file
            raise LinkLost(f"{type(error).__name__}: {error}; look at the files of certificates and keys") from error

    async def open(self) -> None:
        """Connect and subscribe; raises `LinkLost`."""
        ((host, port),) = self._broker.hosts
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_S if self._broker.client_id else PASSING_S
        properties.ReceiveMaximum = self._broker.prefetch
        try:
            self._client.connect(host, port, KEEP_ALIVE_S, clean_start=False, properties=properties)
        except (OSError, ValueError) as error:
            raise LinkLost(f"{type(error).__name__}: {error}") from error
        self._loop.call_later(MISC_S, self._beat)
        await asyncio.wait({self._subscribed, self.tasks.lost}, timeout=CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
        if self.tasks.lost.done():
            self.tasks.lost.result()
        if not self._subscribed.done():
            raise LinkLost(f"no answer within {CONNECT_S:g} s")
        self.tasks.watch(self._desks.runs, self._tell)
        logger.info("%s: requests are taken", self._broker)

    async def finish(self) -> None:
        """Take no more, and answer what was taken; what comes now waits for whoever comes next.

        A session without a name of its own leaves its group first: nobody may come back to it, and a broker goes on
        giving a member its share though it is away.
        """
        if self._broker.client_id:
            self._takes = False  # what is not acknowledged comes again
        elif self._desks.answers:
            self._client.unsubscribe(self._topics())
            await asyncio.wait({self._left, self.tasks.lost}, timeout=FAREWELL_S, return_when=asyncio.FIRST_COMPLETED)
        await self.tasks.finish()
        if self._waiting:
            await asyncio.wait(list(self._waiting.values()), timeout=FAREWELL_S)

    async def aclose(self) -> None:
        """Close the connection: what is not acknowledged comes again."""
        self.tasks.fail("closed")
        await self.tasks.drop()
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
            self._client.loop_write()

    def _opened(self, client: Client, _userdata: Any, sock: Any) -> None:
        self._loop.add_reader(sock.fileno(), self._read, client, sock)

    def _closed(self, _client: Client, _userdata: Any, sock: Any) -> None:
        self._loop.remove_reader(sock.fileno())

    def _wants_to_write(self, client: Client, _userdata: Any, sock: Any) -> None:
        self._loop.add_writer(sock.fileno(), self._step, client.loop_write)

    def _has_written(self, _client: Client, _userdata: Any, sock: Any) -> None:
        self._loop.remove_writer(sock.fileno())

    def _read(self, client: Client, sock: Any) -> None:
        """Take what has come, all that TLS has read with it, too: of that the loop does not hear again."""
        self._step(client.loop_read)
        while not self.tasks.lost.done() and _is_pending(sock):
            self._step(client.loop_read)

    def _beat(self) -> None:
        if not self.tasks.lost.done():
            self._step(self._client.loop_misc)
            self._loop.call_later(MISC_S, self._beat)

    def _step(self, step: Any) -> None:
        if (code := step()) != MQTT_ERR_SUCCESS:
            self.tasks.fail(f"the connection has broken: {code.name}")

    def _connected(self, client: Client, _userdata: Any, _flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self.tasks.fail(f"the broker refuses: {reason}")
            return
        self._most_bytes = getattr(properties, "MaximumPacketSize", 0)
        if not self._desks.answers:
            self._subscribed.set_result(None)
            return
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._topics()])

    def _topics(self) -> list[str]:
        """Return what is subscribed to, together with the others of the group."""
        shared = f"$share/{self._broker.group}/{self._broker.prefix}"
        return [f"{shared}/{what}/#" for what in self._desks.answers]

    def _granted(self, _client: Client, _userdata: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self.tasks.fail(f"the broker refuses the subscription: {', '.join(map(str, reasons))}")
        elif not self._subscribed.done():
            self._subscribed.set_result(None)

    def _released(self, *_: Any) -> None:
        if not self._left.done():
            self._left.set_result(None)

    def _came(self, _client: Client, _userdata: Any, came: MQTTMessage) -> None:
        if self._takes:
            self.tasks.start(self._handle(came))

    async def _handle(self, came: MQTTMessage) -> None:
        asked = _properties(came)
        what, message = _message(came, asked, self._broker)
        outcome = await self._desks.answers[what](message)
        if outcome is not None and message.reply:
            await self._tell(message.reply, outcome)
        if outcome is not None and outcome.reason and await self._put_aside(came, asked, outcome, message) == _NOBODY:
            logger.warning("[%s] nobody takes this dead letter: %s", message.request_id, outcome.reason)
        self._client.ack(came.mid, came.qos)

    async def _put_aside(self, came: MQTTMessage, asked: Mapping[str, Any], outcome: Outcome, message: Message) -> int:
        """Send a dead letter, without what stood beside the request where that leaves no room.

        Return the broker's word.
        """
        topic, body = f"{self._broker.prefix}/dead", bytes(came.payload)
        for beside in (asked, {}):
            with contextlib.suppress(ValueError):
                return await self._send(topic, body, 1, _dead(beside, outcome, message))
        logger.error("[%s] this dead letter cannot be sent: %s", message.request_id, outcome.reason)
        return 0

    async def _tell(self, reply: Mapping[str, Any], outcome: Outcome) -> None:
        try:
            await self._send(reply["topic"], outcome.body, reply["qos"], _reply(reply, outcome))
        except ValueError as error:  # such a topic cannot be published to, whoever tries
            logger.warning("%s: an answer cannot be sent to %r: %s", self._broker, reply["topic"], error)

    def _send(self, topic: str, body: bytes, qos: int, properties: Properties) -> "asyncio.Future[int]":
        """Publish; the future has the broker's reason code when it has taken it.

        Raises `ValueError` for what the broker does not take: it would end the connection, and the request come again.
        """
        size = len(topic.encode()) + len(body) + len(_packed(properties)) + _BESIDE
        if self._most_bytes and size > self._most_bytes:
            raise ValueError(f"the message has {size:,} bytes, and the broker takes {self._most_bytes:,}")
        future: asyncio.Future[int] = self._loop.create_future()
        self._waiting[self._client.publish(topic, body, qos, properties=properties).mid] = future
        return future

    def _taken(self, _client: Client, _userdata: Any, mid: int, reason: Any, _properties: Any) -> None:
        future = self._waiting.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(reason.value)


def _packed(properties: Properties) -> bytes:
    """Return properties as they are sent; raises `ValueError` where one of them is too long."""
    try:
        packed: bytes = properties.pack()
    except (struct.error, TypeError, MQTTException) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return packed


def _is_pending(sock: Any) -> bool:
    pending = getattr(sock, "pending", None)
    return pending is not None and pending() > 0


def _properties(came: MQTTMessage) -> dict[str, Any]:
    """Return the properties of a message by their names."""
    found = came.properties
    return {} if found is None else {name: getattr(found, name) for name in _READ if hasattr(found, name)}


def _message(came: MQTTMessage, asked: Mapping[str, Any], broker: Broker) -> tuple[str, Message]:
    """Return a request, and what is asked."""
    headers = texts(dict(asked.get("UserProperty", ())))
    what, _, rest = rest_of(came.topic, f"{broker.prefix}/").partition("/")
    topic = asked.get("ResponseTopic")
    reply = {"topic": topic, "qos": came.qos, "correlation": asked.get("CorrelationData", b"").hex()}
    return what, Message(
        bytes(came.payload),
        asked.get("ContentType", ""),
        name_of(what, rest, headers, broker.model),
        headers,
        headers.get(ID, ""),
        f"mqtt:{broker.name}/{came.topic}",
        bool(came.dup),
        headers.get("content-encoding", ""),
        reply if topic else {},
    )


def _reply(reply: Mapping[str, Any], outcome: Outcome) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = outcome.content_type
    if reply["correlation"]:
        properties.CorrelationData = bytes.fromhex(reply["correlation"])
    properties.UserProperty = list(outcome.headers.items())
    return properties


def _dead(asked: Mapping[str, Any], outcome: Outcome, message: Message) -> Properties:
    """Return what stands beside a dead letter: what stood there, and why nobody could answer it."""
    properties = Properties(PacketTypes.PUBLISH)
    for name in ("ContentType", "ResponseTopic", "CorrelationData"):
        if name in asked:
            setattr(properties, name, asked[name])
    properties.UserProperty = [*asked.get("UserProperty", ()), *outcome.dead(message.path).items()]
    return properties
