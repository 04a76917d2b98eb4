"""Back ends: services of this host that stand behind nginx, each with a port and a run directory of its own."""

import contextlib
import http.client
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from triglot.deploy.nginx import Address
from triglot.errors import TriglotError

ANSWER_S: Final = 60.0
LOOK_S: Final = 0.1
KILL_S: Final = 5.0
DIGITS: Final = 1e-6
LOG: Final = "service.log"
_SHOWN_LINES: Final = 15


class UpgradeFailed(TriglotError):
    """The new back end did not take the old one's place, and what was there goes on; the message says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """A prediction that a back end must answer before it gets requests; with a `body` it is posted."""

    path: str
    body: bytes | None = None

    def ask(self, url: str) -> Any:
        """Return the `result` that the service at a URL answers; raises `UpgradeFailed` where it answers none."""
        headers = {"Content-Type": "application/json"} if self.body is not None else {}
        request = urllib.request.Request(f"{url}{self.path}", self.body, headers)
        try:
            with _open(request) as answer:
                return json.loads(answer.read())["result"]
        except urllib.error.HTTPError as error:
            with error:
                raise UpgradeFailed(f"{url}{self.path} answers {error.code}: {_message(error.read())}") from None
        except (OSError, http.client.HTTPException) as error:
            raise UpgradeFailed(f"{url}{self.path} does not answer: {getattr(error, 'reason', error)}") from None
        except (ValueError, TypeError, KeyError):
            raise UpgradeFailed(f"{url}{self.path} answers no prediction; ask for /predict or the like") from None


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, apart from the last digits of their numbers."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=DIGITS)
    return bool(one == other)


class BackEnd:
    """One service of this host: where it listens, and the directory in which its supervisord can be found."""

    def __init__(self, address: Address, folder: Path) -> None:
        self.address = address
        self.run_dir = folder / str(address.port)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://{self.address}"

    @classmethod
    def start(cls, folder: Path, cwd: Path, command: Sequence[str], environ: Mapping[str, str]) -> "BackEnd":
        """Start what serves on a free port; it outlives this process. What it writes goes to one log for all."""
        made = cls(Address("127.0.0.1", _free_port()), folder)
        command = [*command, "--host", made.address.host, "--port", str(made.address.port)]
        with (folder / LOG).open("ab") as log:
            made._process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**environ, "TRIGLOT_RUN_DIR": str(made.run_dir)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return made

    def wait_until_ready(self, wait_s: float) -> None:
        """Return once every active model has a worker; raises `UpgradeFailed` where that does not come to pass."""
        deadline = time.monotonic() + wait_s
        while True:
            if self._process is not None and self._process.poll() is not None:
                raise UpgradeFailed(f"the new back end ended at once; its last words:\n{self._last_words()}")
            with contextlib.suppress(OSError, http.client.HTTPException), _open(f"{self.url}/ready"):
                return
            if time.monotonic() > deadline:
                raise UpgradeFailed(
                    f"the new back end is not ready after {wait_s:g} s; give it more by --load, or see what it says:\n"
                    f"{self._last_words()}"
                )
            time.sleep(LOOK_S)

    def pid(self) -> int | None:
        """Return the process id of its supervisord, or None where none of this run directory runs."""
        if self._process is not None:
            return self._process.pid if self._process.poll() is None else None
        try:
            pid = int((self.run_dir / "supervisord.pid").read_text("ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # the number may long belong to somebody else
        return pid if os.fsencode(self.run_dir / "supervisord.conf") in command else None

    def stop(self, wait_s: float) -> bool:
        """Have it drain, and end it if that takes too long; return whether it was this one's to stop."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        if not self._gone(wait_s):
            # its workers notice within seconds that nobody is there any more
            os.kill(pid, signal.SIGKILL)
            self._gone(KILL_S)
        return True

    def forget(self) -> None:
        """Remove its run directory where it has ended, unless jobs are kept there."""
        if self.pid() is None and not (self.run_dir / "jobs.db").exists():
            shutil.rmtree(self.run_dir, ignore_errors=True)

    def _gone(self, wait_s: float) -> bool:
        deadline = time.monotonic() + wait_s
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True

    def _last_words(self) -> str:
        lines = (self.run_dir.parent / LOG).read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-_SHOWN_LINES:])


def _open(request: str | urllib.request.Request) -> Any:
    """Return the answer of a service of this host, past any proxy of the environment's."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=ANSWER_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["metadata"]["error_message"])
    except (ValueError, TypeError, KeyError):
        return "no reason"
