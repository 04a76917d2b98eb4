"""A standalone cluster on loopback, one master and two workers, and a driver that does what tests ask of it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.helpers import KEY, until

_DRIVER = Path(__file__).with_name("driver.py")
_WORKERS = 2
# a Java that is there sooner, and in whose few seconds nothing pays to be compiled well
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"


class Cluster:
    """One release of Spark: its processes, and a driver's whose session they serve until they are stopped.

    `folder` is written to by all of them; executors have the tests' signing key and this checkout's Python.
    """

    def __init__(self, packages: Path, folder: Path) -> None:
        self.folder = folder
        self.packages = str(packages)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._turn = threading.Lock()
        self.environ = {
            **os.environ,
            "PYTHONPATH": self.packages,
            "SPARK_HOME": str(packages / "pyspark"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder / "local"),
            "SPARK_NO_DAEMONIZE": "1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": QUICK,
            "PYSPARK_PYTHON": sys.executable,
            "TRIGLOT_SIGNING_KEY": KEY.decode(),
        }
        port, page = _free_port(), _free_port()
        self.master = f"spark://127.0.0.1:{port}"
        self._page = f"http://127.0.0.1:{page}/json/"
        self._spark("master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page))
        until(self._is_up)
        for number in range(_WORKERS):
            work = str(folder / f"work-{number}")
            self._spark(
                "worker.Worker",
                "--host",
                "127.0.0.1",
                "--cores",
                "2",
                "--memory",
                "2g",
                "--work-dir",
                work,
                self.master,
            )
        self._driver = self._start("driver", sys.executable, str(_DRIVER), self.master, str(folder), asked=True)

    def ask(self, what: str, **arguments: Any) -> Any:
        """Return what a function of the driver answers; a failure there is the message of an error here."""
        with self._turn:
            assert self._driver.stdin is not None
            assert self._driver.stdout is not None
            self._driver.stdin.write(json.dumps([what, arguments]).encode() + b"\n")
            self._driver.stdin.flush()
            line = self._driver.stdout.readline()
        assert line, f"the driver has ended: {(self.folder / 'driver.log').read_text()[-3000:]}"
        answer = json.loads(line)
        if "failed" in answer:
            raise AskedInVain(answer["failed"])
        return answer["answer"]

    def processes(self, word: str) -> set[int]:
        """Return the processes of this cluster and what they have started whose command line has a word."""
        return {pid for pid in descendants({process.pid for process in self._processes}) if word in _command(pid)}

    def close(self) -> None:
        """End all of it: the driver in order, the others at once."""
        with contextlib.suppress(BrokenPipeError):
            self._driver.communicate()
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(self._page, timeout=5) as page:
            return bool(json.load(page)["status"] == "ALIVE")
        return False

    def _spark(self, program: str, *arguments: str) -> None:
        script = f"{self.environ['SPARK_HOME']}/bin/spark-class"
        self._start(program, "bash", script, f"org.apache.spark.deploy.{program}", *arguments)

    def _start(self, name: str, *command: str, asked: bool = False) -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE if asked else subprocess.DEVNULL
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environ,
                stdin=pipe,
                stdout=subprocess.PIPE if asked else log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process


class AskedInVain(Exception):
    """What went wrong in the driver, as whoever wrote its program would see it."""


def descendants(pids: set[int]) -> set[int]:
    """Return processes with all that they have started, and so on."""
    found, fresh = set[int](), pids
    while fresh:
        found |= fresh
        fresh = {child for pid in fresh for child in _children(pid)} - found
    return found


def parents(pid: int) -> Iterator[int]:
    """Yield the process that has started one, the one that has started that, and so on."""
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        yield pid


def _children(pid: int) -> set[int]:
    with contextlib.suppress(OSError):
        return {int(c) for task in Path(f"/proc/{pid}/task").iterdir() for c in (task / "children").read_text().split()}
    return set()


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
