"""This project's own service: fitted once by a configuration, then served as often as wanted."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import Request, ask
from benchmarks.processes import ROOT, START_TIMEOUT_S, free_port, served


def environment(folder: Path, config: Path) -> Mapping[str, str]:
    """Return the variables that name a configuration, and where it keeps its models and sockets."""
    return {
        "TRIGLOT_CONFIG": str(config),
        "TRIGLOT_DEMO_DB": str(folder / "models.db"),
        "TRIGLOT_DEMO_RUN": str(folder / "run"),
    }


def fit(folder: Path, config: Path) -> None:
    """Fit all models of a configuration; raises `RuntimeError` with the end of the log where one fails."""
    run = subprocess.run(
        [sys.executable, "-m", "triglot", "fit"],
        cwd=ROOT,
        env={**os.environ, **environment(folder, config)},
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(f"the models of {config.name} could not be fitted: {run.stderr[-500:]}")


def command(port: int) -> list[str]:
    """Return what serves all models."""
    return [sys.executable, "-m", "triglot", "serve", "--port", str(port)]


@contextmanager
def triglot(folder: Path, config: Path) -> Iterator[int]:
    """Hold the service of a configuration, fitted and with all of its languages up; give its port."""
    fit(folder, config)
    port = free_port()
    environ, alive = {**os.environ, **environment(folder, config)}, Request(port, "/alive")
    with served(command(port), environ, folder / "serve.log", lambda: ask(alive) is not None):
        wait_until_ready(port)
        yield port


def wait_until_ready(port: int) -> None:
    """Return once every model has a worker; raises `RuntimeError` where that takes too long."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            ask(Request(port, "/ready"))
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the service was not ready in {START_TIMEOUT_S:.0f} s")
