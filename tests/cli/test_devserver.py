"""`triglot devserver`: Flask's own server with workers of its own, which ends with all that it started."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.functional.running import EXAMPLES, environment, folder, free_port, quick
from tests.helpers import PATIENCE_S, until

IRIS = EXAMPLES / "iris-python" / "triglot-config.py"
QUERY = "sepal+length=5.1&sepal+width=3.5&petal+length=1.4&petal+width=0.2"


def answer(port: int) -> bytes:
    """Return the body of one prediction, or nothing while there is no server."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/predict?{QUERY}", timeout=PATIENCE_S) as response:
            return bytes(response.read())
    except OSError:
        return b""


def descendants(pid: int) -> set[int]:
    """Return the ids of all processes that a process started, and of theirs."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | descendants(child)
    return found


def test_it_answers_with_a_reloader_and_ends_with_all_that_it_started() -> None:
    with folder() as place:
        store = f"sqlite:///{place}/triglot.db"
        fitted = quick("-c", str(IRIS), "fit", "--no-proof", cwd=place, TRIGLOT_STORE=store)
        assert fitted.returncode == 0, fitted.stderr
        port = free_port()
        log = place / "log"
        with log.open("wb") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", "triglot", "-c", str(IRIS), "devserver", f"--port={port}", "--debug=1"],
                cwd=place,
                env=environment(TRIGLOT_STORE=store),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            until(lambda: b"Iris-setosa" in answer(port) or server.poll() is not None)
            assert server.poll() is None, log.read_text()
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/nowhere", timeout=PATIENCE_S)
            started = descendants(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(PATIENCE_S)
        assert len(started) == 3, "a worker, Flask's server and its reloader"
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))
        said = log.read_text()
        assert '"GET /nowhere HTTP/1.1" 404' in said
        assert "Press CTRL+C to quit" in said
        assert "\x1b" not in said, "colours, where nobody sees any"


@pytest.mark.parametrize(
    ("on_terminal", "no_color", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_the_log_has_colours_on_a_terminal_alone_and_not_where_nobody_wants_them(
    on_terminal: bool, no_color: str, coloured: bool
) -> None:
    reading, writing = os.openpty() if on_terminal else os.pipe()
    code = (
        "import logging, triglot.server.development\n"
        "logging.basicConfig()\n"
        "logging.getLogger('werkzeug').warning('%s %d', '\\x1b[33mGET /nowhere\\x1b[0m', 404)\n"
    )
    environ = {**environment(), "NO_COLOR": no_color}
    subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=writing, env=environ, check=True)
    os.close(writing)
    said = os.read(reading, 4_096).decode()
    os.close(reading)
    expected = "\x1b[33mGET /nowhere\x1b[0m 404" if coloured else "GET /nowhere 404"
    assert said.strip() == f"WARNING:werkzeug:{expected}"
