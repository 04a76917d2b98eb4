"""A real nginx before back ends of this host."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import PATIENCE_S
from triglot.deploy.upgrade import program


def nginx() -> str:
    """Return the program; skip where there is none, and fail where everything has to be tested."""
    found = shutil.which(program())
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is not installed: run make setup-test")
        pytest.skip("nginx is not installed: run make setup-test")
    return found


def tested(config: Path) -> str:
    """Return what nginx says against a configuration; nothing, if it would take it."""
    done = subprocess.run([nginx(), "-t", "-q", "-c", str(config)], capture_output=True, text=True)
    return done.stderr if done.returncode else ""


@contextlib.contextmanager
def running(config: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Hold an nginx in the foreground until the block ends; it is up when this returns."""
    process = subprocess.Popen([nginx(), "-c", str(config), "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
