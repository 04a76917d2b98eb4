"""Palladium's commands as real processes, in folders that hold a configuration of Palladium's kind."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.running import EXAMPLES, environment, folder

HERE = Path(__file__).parent


def pld(name: str, *arguments: str, cwd: Path, said: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
    """Return a finished `pld-...`; its program is what the installed script holds."""
    program = f"import sys; from triglot.cli.pld import {name.replace('-', '_')} as main; sys.exit(main())"
    kept = {key: value for key, value in environment(**more).items() if key != "PALLADIUM_CONFIG" or key in more}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd,
        env=kept,
        input=said,
        capture_output=True,
        text=True,
        timeout=100,
    )


def lines(text: str) -> list[str]:
    """Return log lines without what the logging put in front."""
    return [line.removeprefix("INFO:triglot:") for line in text.splitlines()]


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
        shutil.copy(HERE / "iris" / "palladium-config.py", made)
        yield made
