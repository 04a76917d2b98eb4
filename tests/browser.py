"""A real browser that tests look through: chromium without a screen, by its own protocol over a pair of pipes."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers import PATIENCE_S

# As root, and without a word to anybody: names are not looked up at all.
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync")
FLAGS += ("--disable-background-networking", "--disable-component-update", "--disable-quic", "--mute-audio")
FLAGS += ("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-pipe")


class Tab:
    """One page. `asked` are the addresses that it has loaded, `complaints` what its console says is wrong."""

    def __init__(self, commands: Any, answers: Any) -> None:
        self._commands, self._answers = commands, answers
        self._number, self._session = 0, ""
        self.asked: list[str] = []
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Return what the browser answers to a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while (told := self._read()).get("id") != self._number:
            self._note(told)
        assert "error" not in told, told
        return told["result"]

    def open(self, address: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """Return the value of an expression; a promise is waited for."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, condition: str) -> Any:
        """Return the value of an expression once it is something."""
        until = time.monotonic() + PATIENCE_S
        while not (found := self.run(f"(() => {{ try {{ return {condition} }} catch {{ return null }} }})()")):
            assert time.monotonic() < until, (condition, self.complaints)
            time.sleep(0.02)
        return found

    def type(self, selector: str, text: str) -> None:
        """Put the focus on a field and type over what it holds."""
        self.run(
            f"(() => {{ const field = document.querySelector({json.dumps(selector)}); field.focus(); "
            "field.select() })()"
        )
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            said = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **said)

    def _read(self) -> Any:
        data = b""
        while not data.endswith(b"\0"):
            piece = self._answers.read(1)
            assert piece, "the browser has ended"
            data += piece
        return json.loads(data[:-1])

    def _note(self, told: Any) -> None:
        about = told.get("params", {})
        if told.get("method") == "Network.requestWillBeSent":
            self.asked.append(about["request"]["url"])
        if told.get("method") == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.complaints.append(about["entry"]["text"])
        if told.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(about["exceptionDetails"]))


@contextlib.contextmanager
def tab() -> Iterator[Tab]:
    """Hold a page of a browser of its own; skips where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # it wants its pipes at these two numbers
        line = ["bash", "-c", f'exec "$@" 3<&{read_commands} 4>&{write_answers}', "bash", program, *FLAGS]
        process = subprocess.Popen(
            [*line, f"--user-data-dir={profile}"],
            pass_fds=(read_commands, write_answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_commands)
        os.close(write_answers)
        with open(write_commands, "wb") as commands, open(read_answers, "rb") as answers:
            try:
                opened = Tab(commands, answers)
                yield opened
                opened._session = ""
                opened.call("Browser.close")
            finally:
                process.terminate()
                process.wait()
