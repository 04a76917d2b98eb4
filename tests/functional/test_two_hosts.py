"""The front end on one host and a worker on another: two network namespaces, a cable between them, CURVE on it."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import zmq.auth

from tests.functional.running import EXAMPLES, environment, folder, quick
from tests.helpers import PATIENCE_S
from triglot.transport.curve import CurveKeys

FRONT, FAR = "10.203.0.1", "10.203.0.2"
TIMEOUT_S = 4.0
PATH = "/predict?sl=6.3&sw=2.5&pl=4.9&pw=1.5"
CONFIG = """{{
    'model_name': 'iris',
    'dataset_loader_train': {{
        '!': 'triglot.dataset.CSV', 'path': {data!r}, 'names': ['sl', 'sw', 'pl', 'pw', 's'], 'target_column': 's',
    }},
    'model': {{'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000}},
    'server': {{'host': '127.0.0.1', 'port': 8000, 'processes': 1, 'timeout_s': {timeout}}},
    'workers': {{'python': 0}},
    'remote_workers': [{{
        'name': 'far', 'language': 'python', 'address': 'tcp://{far}:6000', 'control': 'tcp://{far}:6001',
        'server_key': {key!r},
    }}],
    'curve_key_file': 'front.key_secret',
}}"""


def ip(*arguments: str) -> None:
    """Run ip; fails with its own words."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


class Hosts:
    """Two hosts, and the processes on them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.front, self.far = (f"tg-{os.getpid()}-{name}" for name in ("front", "far"))
        self.processes: list[subprocess.Popen[bytes]] = []

    def connect(self) -> None:
        """Lay the cable."""
        for name in (self.front, self.far):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "cable", "netns", self.front, "type", "veth", "peer", "name", "cable", "netns", self.far)
        for name, address in ((self.front, FRONT), (self.far, FAR)):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")

    def cable(self, state: str) -> None:
        """Pull the cable out (`down`), or plug it in again (`up`)."""
        ip("-n", self.front, "link", "set", "cable", state)

    def start(self, host: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command of triglot on a host."""
        with (self.place / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", host, sys.executable, "-m", "triglot", *arguments],
                cwd=self.place / host,
                env=environment(TRIGLOT_CONFIG=str(self.place / "triglot-config.py")),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def ask(self, path: str) -> tuple[int, Any]:
        """Return status and answer of a request to the front end, from its own host."""
        command = ["curl", "--silent", "--max-time", str(PATIENCE_S), "--write-out", "\n%{http_code}"]
        command = ["ip", "netns", "exec", self.front, *command, f"http://127.0.0.1:8000{path}"]
        said = subprocess.run(command, capture_output=True, text=True).stdout
        body, _, status = said.rpartition("\n")
        return int(status), json.loads(body) if body else None

    def until(self, path: str, status: int) -> None:
        """Return once a request to the front end is answered so; each look is a process, so there are few."""
        deadline = time.monotonic() + PATIENCE_S
        while self.ask(path)[0] != status:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.25)

    def said(self) -> str:
        """Return what the processes wrote."""
        return "".join(each.read_text("utf-8", "replace") for each in self.place.glob("*.log"))

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(PATIENCE_S)
            finally:
                process.kill()
                process.wait()
        for name in (self.front, self.far):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def require_namespaces() -> None:
    """Skip where no network namespace may be made; fail where CI lacks the program."""
    if shutil.which("ip") is None:
        if os.environ.get("CI"):
            pytest.fail("there is no program ip: run make setup-test")
        pytest.skip("there is no program ip: run make setup-test")
    name = f"tg-{os.getpid()}-try"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no network namespace can be made here: {tried.stderr.strip()}")
    ip("netns", "del", name)


def keys(place: Path, name: str) -> CurveKeys:
    _, secret = zmq.auth.create_certificates(place, name)
    return CurveKeys.read(Path(secret))


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    """Hold a front end on one host and its only worker on the other."""
    require_namespaces()
    with folder() as place, contextlib.ExitStack() as stack:
        made = Hosts(place)
        for name in (made.front, made.far):
            (place / name).mkdir()
        far, _ = keys(place / made.far, "far"), keys(place / made.front, "front")
        clients = place / made.far / "clients"
        clients.mkdir()
        shutil.copy(place / made.front / "front.key", clients)
        told = {"data": str(EXAMPLES / "data" / "iris.data"), "timeout": TIMEOUT_S, "far": FAR}
        (place / "triglot-config.py").write_text(CONFIG.format(**told, key=far.public.decode()))
        fitted = quick("-c", str(place / "triglot-config.py"), "fit", "--no-proof", cwd=place / made.front)
        assert fitted.returncode == 0, fitted.stderr
        stack.callback(made.close)
        made.connect()
        start_worker(made)
        made.start(made.front, "serve")
        yield made


def start_worker(hosts: Hosts) -> "subprocess.Popen[bytes]":
    bound: Sequence[str] = ("--bind", f"tcp://{FAR}:6000", "--control", f"tcp://{FAR}:6001")
    curve = ("--curve-key", "far.key_secret", "--curve-clients", "clients")
    return hosts.start(hosts.far, "worker", "python", "--name", "far", *bound, *curve)


def test_a_worker_on_another_host_answers_is_missed_and_is_found_again(hosts: Hosts) -> None:
    hosts.until("/ready", 200)
    status, answer = hosts.ask(PATH)
    assert (status, answer and answer["result"]) == (200, "Iris-versicolor"), hosts.said()

    hosts.cable("down")
    status, answer = hosts.ask(PATH)
    # the request was on its way, or the silence had been noticed already
    assert status in (503, 504), answer
    hosts.until("/ready", 503)
    assert hosts.ask("/alive")[0] == 200  # the front end itself is well, and stays

    hosts.cable("up")
    hosts.until(PATH, 200)

    hosts.processes[0].kill()
    hosts.processes[0].wait()
    start_worker(hosts)
    hosts.until(PATH, 200)
