"""A real service as users start it: `triglot serve` in a folder of its own, on a free port; all it starts ends."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supervisor.options import make_namespec
from supervisor.xmlrpc import SupervisorTransport

from tests.helpers import KEY, PATIENCE_S, control_state, until
from tests.warm import warm
from triglot.transport.discovery import scan

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
AUTHORS = Path(__file__).parent / "authors"
COMMAND_S = 2 * PATIENCE_S
DEMO_LANGUAGES = {"iris-python": "python", "iris-r": "r", "iris-julia": "julia", "tooth-r": "r"}


def environment(**more: str | None) -> dict[str, str]:
    """Return the environment of a command: the tests' own key, and no configuration of whoever runs them.

    What is None is not there.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TRIGLOT_CONFIG", "TRIGLOT_RUN"))}
    said = {**kept, "TRIGLOT_SIGNING_KEY": KEY.decode(), "PYTHONPATH": _search_path(), **more}
    return {key: value for key, value in said.items() if value is not None}


def _search_path() -> str:
    # Commands run in folders of their own; a path that the caller gave relative to the checkout must still hold.
    given = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(os.path.abspath(part) for part in given.split(os.pathsep) if part)


def triglot(
    *arguments: str, cwd: Path, timeout_s: float = COMMAND_S, **more: str
) -> "subprocess.CompletedProcess[str]":
    """Return a finished `python -m triglot ...`."""
    return subprocess.run(
        [sys.executable, "-m", "triglot", *arguments],
        cwd=cwd,
        env=environment(**{**_store_of(arguments, cwd), **more}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def _store_of(arguments: Sequence[str], cwd: Path) -> dict[str, str]:
    """Return the variable that keeps what a configuration of another folder stores in the working directory."""
    elsewhere = list(arguments[:1]) == ["-c"] and Path(arguments[1]).parent not in (cwd, Path())
    return {"TRIGLOT_STORE": f"sqlite:///{cwd}/triglot.db"} if elsewhere else {}


def quick(
    *arguments: str, cwd: Path, timeout_s: float = COMMAND_S, said: str = "", **more: str
) -> "subprocess.CompletedProcess[str]":
    """Return a finished `triglot ...`, whose process had the libraries when it began."""
    environ = environment(**{**_store_of(arguments, cwd), **more})
    return warm("triglot", *arguments, cwd=cwd, environ=environ, timeout_s=timeout_s, said=said)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: Any
    seconds: float

    @property
    def result(self) -> Any:
        """The result of a good answer."""
        assert self.status == 200, self.body
        return self.body["result"]

    @property
    def message(self) -> str:
        """The text of an error."""
        assert self.status >= 400, self.body
        return str(self.body["metadata"]["error_message"])


class Running:
    """A service in a folder: its supervisord, its log and its HTTP address."""

    def __init__(self, folder: Path, config: Path, *arguments: str, **environ: str | None) -> None:
        self.folder = folder
        self.config = config
        self.port = free_port()
        self.log = folder / "serve.log"
        # services of one configuration have a store each
        self._store = {} if config.parent == folder else {"TRIGLOT_STORE": f"sqlite:///{folder}/triglot.db"}
        command = [sys.executable, "-m", "triglot", "-c", str(config), "serve", "--port", str(self.port), *arguments]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(**(self._store | environ)),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Return once every model can be answered, and every process that was asked for runs."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._is_ready():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            ready = self.get("/ready").status == 200
            return ready and all(info["statename"] == "RUNNING" for info in self.processes().values())
        return False

    @property
    def is_up(self) -> bool:
        """Whether supervisord runs."""
        return self.process.poll() is None

    def said(self) -> str:
        """Return what all processes have written so far."""
        return self.log.read_text("utf-8", "replace")

    def get(self, path: str, headers: Mapping[str, str] | None = None, **row: Any) -> Answer:
        """Return the answer to a GET; `row` is its query string."""
        query = f"?{urllib.parse.urlencode(row)}" if row else ""
        return self.ask("GET", path + query, None, headers)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a POST of JSON, or of bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, data, {"Content-Type": "application/json", **(headers or {})})

    def ask(self, method: str, path: str, data: bytes | None, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to one request on a connection of its own."""
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, data, dict(headers or {}))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        lower = {key.lower(): value for key, value in response.getheaders()}
        body = json.loads(text) if text and lower.get("content-type", "").startswith("application/json") else text
        return Answer(response.status, lower, body, time.monotonic() - started)

    def ctl(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Return a finished supervisorctl."""
        conf = self.folder / "run" / "supervisord.conf"
        return subprocess.run(
            [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(conf), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return what supervisord knows of its processes, under the names that supervisorctl gives them."""
        transport = SupervisorTransport(None, None, f"unix://{self.folder}/run/supervisor.sock")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            found: Any = proxy.supervisor.getAllProcessInfo()
        return {make_namespec(info["group"], info["name"]): info for info in found}

    def pid(self, process: str) -> int:
        """Return the process id of a supervised process; 0 while it has none."""
        return int(self.processes()[process]["pid"])

    def busy(self) -> set[str]:
        """Return the languages of which a worker is in a call at this moment."""
        run_dir = self.folder / "run"
        states = [control_state(run_dir, name) for name in scan(run_dir)]
        return {state["language"] for state in states if state is not None and state["busy_s"] > 0}

    def triglot(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Return a finished command of the same project."""
        return quick("-c", str(self.config), *arguments, cwd=self.folder, **self._store)

    def stop(self) -> int:
        """Stop it as an operator would; return supervisord's exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """End supervisord and all that it started, however it is."""
        below = descendants(self.process.pid)
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            for pid in [self.process.pid, *below]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait(PATIENCE_S)


def descendants(pid: int) -> list[int]:
    """Return the ids of a process's children, their children and so on."""
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        below = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    for child in below:
        found += [child, *descendants(child)]
    return found


@dataclass(slots=True)
class Load:
    """Requests that go on in threads of their own, and every answer that came."""

    service: Running
    paths: Sequence[str]
    body: Any
    threads: int = 2
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._running = [
            threading.Thread(target=self._run, args=(path,)) for path in self.paths for _ in range(self.threads)
        ]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()
        for thread in self._running:
            thread.join(2 * PATIENCE_S)

    def after(self, more: int) -> None:
        """Return once so many more answers have come."""
        there = len(self.answers) + len(self.broken)
        until(lambda: len(self.answers) + len(self.broken) >= there + more)

    def finish(self) -> None:
        """Send no further request; those in flight are waited for when the block ends."""
        self._over.set()

    def failures(self) -> list[str]:
        """Return what was not answered with 200."""
        bad = [f"{path}: {answer.status} {answer.body}" for path, answer in self.answers if answer.status != 200]
        return [*bad, *self.broken]

    def _run(self, path: str) -> None:
        while not self._over.is_set():
            try:
                self.answers.append((path, self.service.post(path, self.body)))
            except (OSError, http.client.HTTPException) as error:
                self.broken.append(f"{path}: {type(error).__name__}: {error}")


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Hold a folder with a short path: a socket's may have 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="tg-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
