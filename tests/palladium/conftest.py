"""Palladium's commands as real processes, in folders that hold a configuration of Palladium's kind."""

import contextlib
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.running import EXAMPLES, environment, folder, free_port
from tests.helpers import PATIENCE_S, until
from tests.warm import warm

HERE = Path(__file__).parent


def command(name: str) -> list[str]:
    """Return the command line of a `pld-...`; its program is what the installed script holds."""
    program = f"import sys; from triglot.cli.pld import {name.replace('-', '_')} as main; sys.exit(main())"
    return [sys.executable, "-c", program]


def surroundings(**more: str) -> dict[str, str]:
    """Return the environment of a command, with no configuration but that of `more` or of its folder."""
    return {key: value for key, value in environment(**more).items() if key != "PALLADIUM_CONFIG" or key in more}


def pld(name: str, *arguments: str, cwd: Path, said: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
    """Return a finished `pld-...`."""
    return warm(name, *arguments, cwd=cwd, environ=surroundings(**more), timeout_s=PATIENCE_S, said=said)


@contextlib.contextmanager
def devserver(cwd: Path, first: str = "ready", **more: str) -> Iterator[str]:
    """Run `pld-devserver` and give its address once it answers for its model, or to what is asked `first`."""
    port = free_port()
    log = cwd / "devserver.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command("pld-devserver"), f"--port={port}"],
            cwd=cwd,
            env=surroundings(**more),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: _is_good(f"{url}/{first}") or server.poll() is not None)
        assert server.poll() is None, log.read_text("utf-8", "replace")
        yield url
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def _is_good(url: str) -> bool:
    try:
        return ask(url)[0] == 200
    except OSError:
        return False


def ask(url: str, rows: Any = None) -> tuple[int, dict[str, Any]]:
    """Return status and body of a GET, or of a POST of rows."""
    data = None if rows is None else json.dumps(rows).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def lines(text: str) -> list[str]:
    """Return log lines without what the logging put in front."""
    return [line.removeprefix("INFO:palladium:") for line in text.splitlines()]


@pytest.fixture
def place() -> Iterator[Path]:
    """Hold a working directory with the iris data."""
    with folder() as made:
        shutil.copy(EXAMPLES / "data" / "iris.data", made)
        yield made


@pytest.fixture(scope="module")
def iris() -> Iterator[Path]:
    """Hold the iris project, in which nothing is fitted yet."""
    with folder() as made:
        shutil.copy(EXAMPLES / "data" / "iris.data", made)
        shutil.copy(HERE / "examples" / "iris" / "palladium-config.py", made)
        yield made
