"""Real brokers in folders of their own, at free ports; whatever they start ends with them."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from confluent_kafka import Producer

from tests.helpers import PATIENCE_S, until

Made = TypeVar("Made", bound="Broker")
_RABBITMQ = Path("/usr/lib/rabbitmq/lib")


def require_brokers(*programs: str) -> None:
    """Skip where a broker is not installed; fail where the run promised to have it."""
    absent = [program for program in programs if _found(program) is None]
    if not absent:
        return
    reason = f"{' and '.join(absent)}: not installed: run make setup-test"
    if "brokers" in os.environ.get("TRIGLOT_REQUIRE", "").split():
        pytest.fail(reason)
    pytest.skip(reason)


def _found(program: str) -> str | None:
    if program == "rabbitmq-server":  # not Debian's command, which becomes another user
        return next((str(path) for path in sorted(_RABBITMQ.glob("rabbitmq_server-*/sbin/rabbitmq-server"))), None)
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Broker(ABC):
    """One broker: it can be killed and started again at the same port, with what it has kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Start it, and return once it listens."""

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # a script may have started it
            self._process.wait(PATIENCE_S)
            until(lambda: not self._listens())
            self._process = None

    def close(self) -> None:
        """End it for good."""
        self.kill()

    def said(self) -> str:
        """Return what it has written."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def _run(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = process = subprocess.Popen(
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(lambda: process.poll() is not None or self._listens())
        assert process.poll() is None, self.said()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class RabbitMQ(Broker):
    """RabbitMQ, with an epmd of its own, which would otherwise outlive it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, self._distribution, self._names = free_ports(3)
        self._epmd = subprocess.Popen(
            ["epmd", "-port", str(self._names), "-address", "127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        program = _found("rabbitmq-server")
        assert program is not None
        (self.folder / "plugins").write_text("[].\n", "utf-8")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndisk_free_limit.absolute = 1MB\nlog.console = true\n", "utf-8"
        )
        environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith("RABBITMQ_")},
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"t{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "ERL_EPMD_PORT": str(self._names),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._run([program], environ)

    def close(self) -> None:
        """End it, and its epmd."""
        super().close()
        self._epmd.kill()
        self._epmd.wait(PATIENCE_S)


class Mosquitto(Broker):
    """Mosquitto, which keeps sessions and what waits for them in a file.

    `lines` stand in its configuration beside what every one has; whoever comes is let in, unless a user is named.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        super().__init__(folder)
        (self.port,) = free_ports(1)
        self._lines = lines

    def allow(self, user: str, password: str) -> None:
        """Let this user in from the next start on, and no one without the password of the name."""
        file = self.folder / "users"
        file.touch(0o600)
        subprocess.run(["mosquitto_passwd", "-b", str(file), user, password], check=True)
        self._lines = (*self._lines, f"password_file {file}")

    def start(self) -> None:
        program = _found("mosquitto")
        assert program is not None
        conf = self.folder / "mosquitto.conf"
        user = "user root\n" if os.getuid() == 0 else ""
        further = "".join(f"{line}\n" for line in self._lines)
        conf.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {self.folder}/\nautosave_on_changes true\nautosave_interval 1\n{user}{further}",
            "utf-8",
        )
        self._run([program, "-c", str(conf)])


@contextlib.contextmanager
def mock_cluster(topics: Sequence[str]) -> Iterator[int]:
    """Hold the port of librdkafka's mock of a cluster of one broker, which speaks the protocol and keeps nothing."""
    host = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    for topic in topics:
        host.list_topics(topic, timeout=PATIENCE_S)  # by which it is made
    (broker,) = host.list_topics(timeout=PATIENCE_S).brokers.values()
    yield int(broker.port)
    host.flush(1)


@contextlib.contextmanager
def running(make: Callable[[Path], Made]) -> Iterator[Made]:
    """Hold a broker in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tg-broker-"))
    broker = make(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.close()
        shutil.rmtree(folder, ignore_errors=True)
