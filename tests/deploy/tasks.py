"""What an agent of Mesos does with one task: starts it with its ports and variables, looks at it, stops it."""

import contextlib
import http.client
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.functional.running import free_port


class Running(Protocol):
    """A task that was started."""

    def status(self, path: str, timeout_s: float) -> int:
        """Return the status that its port answers to a GET; raises `OSError` or `HTTPException` where it does not."""
        ...

    def ended(self) -> int | None:
        """Return its exit code, or None while it runs."""
        ...

    def stop(self, grace_s: float) -> None:
        """Send SIGTERM, and SIGKILL after the grace; does not wait for it."""
        ...


class Agent(Protocol):
    """Starts tasks."""

    def start(self, app: Mapping[str, Any], variables: Mapping[str, str]) -> Running:
        """Start one instance of an app."""
        ...


@dataclass
class ProcessTask:
    """An instance that is a process."""

    process: "subprocess.Popen[bytes]"
    port: int
    signals: list[str] = field(default_factory=list)

    def status(self, path: str, timeout_s: float) -> int:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        with contextlib.closing(asked):
            asked.request("GET", path)
            return asked.getresponse().status

    def ended(self) -> int | None:
        return self.process.poll()

    def stop(self, grace_s: float) -> None:
        if self.signals:
            return
        self.signals.append("SIGTERM")
        self.process.terminate()
        threading.Thread(target=self._reap, args=(grace_s,), daemon=True).start()

    def _reap(self, grace_s: float) -> None:
        try:
            self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.signals.append("SIGKILL")
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Processes:
    """Runs a command for each image instead of a container; it gets its port as Mesos gives it, in `PORT0`."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self.commands = commands
        self.started: list[ProcessTask] = []

    def start(self, app: Mapping[str, Any], variables: Mapping[str, str]) -> ProcessTask:
        port = free_port()
        command = self.commands[app["container"]["docker"]["image"]]
        task = ProcessTask(
            subprocess.Popen(
                [*command, str(port)],
                env={**os.environ, **variables, "PORT0": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ),
            port,
        )
        self.started.append(task)
        return task

    def close(self) -> None:
        """End what is still there."""
        for task in self.started:
            task.process.kill()
            task.process.wait()
