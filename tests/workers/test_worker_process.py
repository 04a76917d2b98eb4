"""A worker as an operating system's process: how it refuses to start, how it ends, and who may talk to it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
import zmq.auth

from tests.helpers import KEY, PATIENCE_S, Hive, author_module, context, fit_request, floats, raw, until
from triglot.dispatch.blocking import Client
from triglot.errors import WorkerUnavailable
from triglot.languages.launch import worker_command
from triglot.protocol import wire
from triglot.transport.curve import CurveKeys
from triglot.transport.discovery import Endpoint, listed, scan

MODELS = Path(__file__).parent.parent / "models"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refused(run_dir: Path, *arguments: str, language: str = "python", **environment: str) -> tuple[int, str]:
    """Return code and words of a worker that does not come up."""
    done = subprocess.run(
        [*worker_command(language, "w", run_dir), *arguments],
        env={**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def test_a_run_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    code, said = refused(tmp_path)
    assert code == 2
    assert f"chmod 700 {tmp_path}" in said
    assert list(tmp_path.iterdir()) == []


def test_a_key_too_short_and_a_name_too_free_are_refused(hive: Hive) -> None:
    code, said = refused(hive.run_dir, TRIGLOT_SIGNING_KEY="short")
    assert code == 2
    assert "TRIGLOT_SIGNING_KEY has 5 bytes" in said
    code, said = refused(hive.run_dir, "--name", "../w")
    assert code == 2
    assert "is no worker name" in said


def test_a_language_that_is_not_there_is_told_with_its_reason(hive: Hive, tmp_path: Path) -> None:
    code, said = refused(hive.run_dir, language="r", TRIGLOT_R_HOME=str(tmp_path))
    assert code == 69
    assert "r is off:" in said
    assert scan(hive.run_dir) == {}


def test_tcp_without_keys_is_refused(hive: Hive) -> None:
    code, said = refused(hive.run_dir, "--bind", f"tcp://127.0.0.1:{free_port()}")
    assert code == 2
    assert "tcp goes by CURVE only" in said


def test_a_worker_ends_when_whoever_started_it_is_killed(hive: Hive) -> None:
    starter = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"
    command = worker_command("python", "orphan", hive.run_dir)
    parent = subprocess.Popen([sys.executable, "-c", starter, *command], stdout=subprocess.DEVNULL)
    try:
        until(lambda: "orphan" in scan(hive.run_dir))
        pid = hive.state("orphan")["pid"]
    finally:
        parent.kill()
        parent.wait()
    until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes())
    assert scan(hive.run_dir) == {}


def test_a_drain_may_be_asked_for_by_the_control_socket_and_by_signals_on_top(hive: Hive) -> None:
    worker = hive.start()
    with raw(scan(hive.run_dir)[worker.name].control) as control:
        control.send(wire.pack_control({"op": "drain"}))
        assert wire.unpack_control(control.recv())["draining"] is True
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGTERM):
        worker.process.send_signal(number)
    assert worker.process.wait(PATIENCE_S) == 0
    assert scan(hive.run_dir) == {}
    assert "drained" in worker.said()


class Remote:
    """One worker that is reached by tcp, its keys, and the folder of the keys that may connect."""

    def __init__(self, hive: Hive, folder: Path) -> None:
        self.folder = folder
        self.allowed = folder / "clients"
        self.allowed.mkdir()
        self.client_key = self.key("client", allow=True)
        server_key = self.key("worker")
        self.address, self.control = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
        self.arguments = [
            *("--bind", self.address, "--control", self.control),
            *("--curve-key", str(server_key), "--curve-clients", str(self.allowed)),
        ]
        self.worker = hive.start("python", "far", *self.arguments)
        self.server = CurveKeys.read(server_key).public

    def key(self, name: str, *, allow: bool = False) -> Path:
        public, secret = zmq.auth.create_certificates(self.folder, name)
        if allow:
            Path(public).rename(self.allowed / Path(public).name)
        return Path(secret)

    def listed(self) -> dict[str, Endpoint]:
        entry = {"name": "far", "language": "python", "address": self.address, "control": self.control}
        return listed([{**entry, "server_key": self.server.decode()}])


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    hive = Hive()
    try:
        yield Remote(hive, tmp_path_factory.mktemp("curve"))
    finally:
        hive.close()


def test_a_client_with_a_known_key_is_served_from_another_host(remote: Remote) -> None:
    client = Client(None, remote.listed(), CurveKeys.read(remote.client_key))
    try:
        client.wait_for({"python": 1}, PATIENCE_S)
        estimator = author_module(MODELS, "echo").Echo()
        request = fit_request(estimator, floats((3.0, 0.0)), [3.0], None, python_path=[str(MODELS)])
        assert client.call(request, "python", PATIENCE_S).reply.artefact is not None
    finally:
        client.close()


def test_a_client_with_an_unknown_key_reaches_nobody(remote: Remote) -> None:
    client = Client(None, remote.listed(), CurveKeys.read(remote.key("stranger")))
    try:
        with pytest.raises(WorkerUnavailable):
            client.wait_for({"python": 1}, 1.0)
    finally:
        client.close()


def test_a_client_without_keys_reaches_nobody(remote: Remote) -> None:
    client = Client(None, remote.listed())
    try:
        with pytest.raises(WorkerUnavailable):
            client.wait_for({"python": 1}, 0.5)
    finally:
        client.close()


def test_frames_that_come_without_curve_are_never_answered(remote: Remote) -> None:
    for address in (remote.address, remote.control):
        with context() as made:
            plain = made.socket(zmq.DEALER)
            plain.connect(address)
            plain.send(wire.pack_control({"op": "drain"}))
            assert not plain.poll(500)
    assert remote.worker.process.poll() is None


def test_a_port_that_is_taken_is_told(remote: Remote, hive: Hive) -> None:
    code, said = refused(hive.run_dir, *remote.arguments)
    assert code == 2
    assert "cannot bind tcp://127.0.0.1" in said


def test_a_folder_of_client_keys_that_is_missing_is_refused(remote: Remote, hive: Hive, tmp_path: Path) -> None:
    arguments = [*remote.arguments[:-1], str(tmp_path / "none")]
    code, said = refused(hive.run_dir, *arguments)
    assert code == 2
    assert "is not a folder of public keys" in said


# starts a worker, says its id, and is gone before that can have looked around
HASTY = """
import os, subprocess, sys
worker = subprocess.Popen(sys.argv[1:], env={**os.environ, "TRIGLOT_PARENT": str(os.getpid())})
print(worker.pid, flush=True)
os._exit(1)
"""


def test_a_worker_whose_starter_ended_at_once_does_not_outlive_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HASTY, *worker_command("python", "w", tmp_path)]
    started = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=PATIENCE_S)
    pid = int(started.stdout)
    until(lambda: not Path(f"/proc/{pid}").exists() or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z")
    assert scan(tmp_path) == {}


def test_a_worker_says_why_it_ends_where_its_starter_is_another(tmp_path: Path) -> None:
    code, said = refused(tmp_path, TRIGLOT_PARENT="1")
    assert (code, "whoever started this process has ended" in said) == (1, True)
