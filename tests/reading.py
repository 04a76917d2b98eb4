"""Somebody who follows a document to the letter: its files are written, its commands run, its answers compared."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.warm import warm
from triglot.languages.julia import julia_executable

ROOT = Path(__file__).parent.parent
COMMAND_TIMEOUT_S = 120
READY_TIMEOUT_S = 120
STOP_TIMEOUT_S = 40
# How long an answer may take to become what the document shows: another process follows, a job ends.
FOLLOW_S = 90
# What is true of one run only.
VARIABLE = {"request_id"}
PORTS = (8000, 9000)
# What goes on in the background once it has been started, and the path that answers when it is up.
SERVERS = {"triglot serve": "/ready", "flask --app issuer run": "/jwks"}
# A command of ours, with words that a shell would not look into.
_OURS = re.compile(r"triglot( [\w./:=-]+)+")
_BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block, and the file that it is, if the line above it is just a file's name."""

    kind: str
    text: str
    file: str | None


def blocks(document: str) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    text = (ROOT / document).read_text("utf-8")
    return [Block(match["kind"], match["text"], match["file"]) for match in _BLOCK.finditer(text)]


class Reader:
    """Somebody in a folder of their own, with ports of their own in place of the document's."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None, *, shell_alone: bool = False) -> None:
        self.folder = folder
        self.shell_alone = shell_alone
        self.ports = {documented: _free_port() for documented in PORTS}
        bin_folder = ROOT / ".venv" / "bin"
        home = {"TRIGLOT_HOME": str(folder / "home")} | _julia()
        path = [str(bin_folder), os.environ["PATH"], *(str(Path(julia).parent) for julia in _julia().values())]
        self.environ = {**os.environ, **home, **(environ or {}), "PATH": os.pathsep.join(path)}
        self.servers: list[subprocess.Popen[bytes]] = []
        self.command = ""
        self.said = ""
        self.warned = ""
        shutil.copy(ROOT / "examples" / "data" / "iris.data", folder)

    def url(self, path: str, port: int = PORTS[0]) -> str:
        """Return where a documented server is really reached."""
        return f"http://127.0.0.1:{self.ports[port]}{path}"

    def follow(self, document: str) -> int:
        """Do what the document says; return how many commands there were."""
        commands = 0
        for block in blocks(document):
            if block.file is not None:
                (self.folder / block.file).write_text(self._here(block.text), "utf-8")
            elif block.kind == "sh":
                for line in _commands(block.text):
                    self.run(line)
                    commands += 1
            elif block.kind == "json" and commands:
                self._compare(json.loads(block.text))
            elif block.kind == "text" and commands:
                assert_lines(block.text, self.said + self.warned)
        return commands

    def run(self, line: str) -> None:
        """Run one command as a shell would; what serves goes on in the background."""
        self.command = line
        line = self._here(line)
        for server, path in SERVERS.items():
            if line.startswith(server):
                port = self.ports[int(next(iter(re.findall(r"--port (\d+)", self.command)), PORTS[0]))]
                return self._serve(line if "--port" in line else f"{line} --port {port}", port, path)
        done = self._by_shell(line) if self.shell_alone or not _OURS.fullmatch(line) else self._warm(line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        self.said, self.warned = done.stdout, done.stderr
        return None

    def _by_shell(self, line: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-c", line.replace("curl ", "curl --silent --show-error ")],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    def _warm(self, line: str) -> "subprocess.CompletedProcess[str]":
        return warm(*shlex.split(line), cwd=self.folder, environ=self.environ, timeout_s=COMMAND_TIMEOUT_S)

    def close(self) -> None:
        """Stop the servers; a service that does not stop by itself is a failure."""
        for server in reversed(self.servers):
            server.terminate()
            try:
                assert server.wait(STOP_TIMEOUT_S) in (0, -signal.SIGTERM)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGKILL)
                server.wait()

    def _here(self, text: str) -> str:
        """Return the text with this reader's ports."""
        for documented, mine in self.ports.items():
            text = text.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{mine}")
            text = text.replace(f"--port {documented}", f"--port {mine}")
        return text

    def _serve(self, line: str, port: int, path: str) -> None:
        """Start a server and wait until it answers."""
        log = self.folder / f"{port}.log"
        with log.open("wb") as out:
            server = subprocess.Popen(
                line.split(),
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.servers.append(server)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                return
            time.sleep(0.1)
        pytest.fail(log.read_text("utf-8", "replace"))

    def _compare(self, expected: Any) -> None:
        """Fail unless the answer shows this; what only asks may be asked again for a while."""
        deadline = time.monotonic() + FOLLOW_S
        while True:
            try:
                return assert_part(expected, json.loads(self.said))
            except AssertionError as error:
                if re.search(r" -[dX] ", self.command) or time.monotonic() > deadline:
                    raise AssertionError(f"{self.command}\n{self.said}\n{error}") from error
            time.sleep(0.3)
            self.run(self.command)


def assert_part(expected: Any, found: Any) -> None:
    """Fail unless everything that the document shows is in the answer."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), f"{found!r} is no object"
        assert expected.keys() - VARIABLE <= found.keys(), f"{expected.keys() - found.keys()} are missing"
        for key, value in expected.items():
            if key not in VARIABLE:
                assert_part(value, found[key])
    else:
        assert found == expected, f"{found!r} is not {expected!r}"


def assert_lines(expected: str, found: str) -> None:
    """Fail unless the lines that the document shows were written, in this order; `...` stands for anything."""
    lines = iter(found.splitlines())
    for line in expected.splitlines():
        pattern = re.compile(".*".join(map(re.escape, line.split("..."))))
        assert any(pattern.fullmatch(said.rstrip()) for said in lines), f"{line!r} is not, or not here, in\n{found}"


def _commands(text: str) -> list[str]:
    """Return the commands of a block: its lines, or one with curl as a whole."""
    return [text] if "curl" in text else text.replace("\\\n", " ").strip().splitlines()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _julia() -> dict[str, str]:
    """Return where Julia is, for a reader whose home is elsewhere."""
    found = julia_executable(os.environ)
    return {} if found is None else {"JULIA_EXE": str(found)}
