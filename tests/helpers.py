"""What many tests share: real worker processes, small tables, and a raw socket beside the client."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
import zmq

from triglot.artefact import Artefact, seal
from triglot.languages.known import missing
from triglot.languages.launch import worker_command, worker_environment
from triglot.protocol import wire
from triglot.protocol.messages import Request
from triglot.tables.table import Table
from triglot.transport.discovery import scan

KEY = b"a signing key that only tests know"
RUBY = Path(__file__).parent / "conformance" / "ruby" / "worker.rb"
PATIENCE_S = 120.0  # the bound of every wait for what will come: it guards against hanging, and judges no speed


def require(language: str) -> None:
    """Skip where a language is missing; fail where the run promised to have it."""
    known = {"ruby": missing_ruby, "dask": missing_dask}
    reason = known[language]() if language in known else missing(language, os.environ)
    if reason is None:
        return
    if language in os.environ.get("TRIGLOT_REQUIRE", "").split():
        pytest.fail(f"{language} is required here: {reason}")
    pytest.skip(reason)


def require_r_package(package: str) -> None:
    """Skip where R lacks a package; fail where R is required and this release of Debian has the package."""
    debian = f"r-cran-{package.lower()}"
    if not _in_release(debian):
        pytest.skip(f"R has no package {package}, and this release has no {debian}")
    if "r" in os.environ.get("TRIGLOT_REQUIRE", "").split():
        pytest.fail(f"R's package {package} is required here: install {debian}, or run make setup-test")
    pytest.skip(f"R has no package {package}: run make setup-test")


def _in_release(debian: str) -> bool:
    if shutil.which("apt-cache") is None:
        return False
    command = ["apt-cache", "policy", debian]
    said = subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=True)
    return "Candidate:" in said.stdout and "Candidate: (none)" not in said.stdout


def missing_ruby() -> str | None:
    """Return why the worker in Ruby cannot run here, or None."""
    if shutil.which("ruby") is None:
        return "Ruby is not installed: run make setup-test"
    tried = subprocess.run(["ruby", "-r", "ffi-rzmq", "-r", "msgpack", "-e", ""], capture_output=True, text=True)
    return tried.stderr.strip().splitlines()[0] if tried.returncode else None


def missing_dask() -> str | None:
    """Return why nothing can run on Dask here, or None."""
    found = importlib.util.find_spec("distributed")
    return "Dask is not installed: run make setup-test" if found is None else None


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """One real worker process and what it wrote."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def terminate(self) -> int:
        """Have it drain; return its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def said(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text("utf-8", "replace")


class Hive:
    """Starts workers in one run directory of mode 0700 and ends all of them."""

    def __init__(self) -> None:
        # not pytest's own folder: a socket's path may have 107 bytes
        self.run_dir = Path(tempfile.mkdtemp(prefix="tg-"))
        self.workers: list[WorkerProcess] = []

    def start(
        self, language: str = "python", name: str = "", *arguments: str, wait: bool = True, program: str = ""
    ) -> WorkerProcess:
        """Return a new worker process, or a `program` that gets its arguments; with `wait`, once it is ready."""
        require(language)
        name = name or f"{language}-{len(self.workers)}"
        log = self.run_dir / f"{name}.{len(self.workers)}.log"
        if language == "ruby":  # which no package has made known here
            command, needed = ["ruby", str(RUBY), "--name", name, "--run-dir", str(self.run_dir)], {}
        else:
            command, needed = worker_command(language, name, self.run_dir), worker_environment(language, os.environ)
        if program:
            command[1 : command.index("triglot.workers") + 1] = ["-c", program]
        environment = {**os.environ, **needed, "TRIGLOT_SIGNING_KEY": KEY.decode()}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*command, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        worker = WorkerProcess(name, process, log)
        self.workers.append(worker)
        if wait:
            self.wait_for(worker)
        return worker

    def wait_for(self, worker: WorkerProcess) -> None:
        """Return once the worker's own announcement is there, and its successor's is not mistaken for it."""
        until(lambda: worker.process.poll() is not None or "ready:" in worker.said())
        assert worker.process.poll() is None, worker.said()
        assert worker.name in scan(self.run_dir)

    def state(self, name: str) -> dict[str, Any]:
        """Return what a worker's control socket says; fails with the words of a worker that has ended."""
        state = control_state(self.run_dir, name, lambda: self._is_over(name))
        assert state is not None, [worker.said() for worker in self.workers if worker.name == name]
        return state

    def _is_over(self, name: str) -> bool:
        started = [worker.process for worker in self.workers if worker.name == name]
        return bool(started) and all(process.poll() is not None for process in started)

    def busy(self, name: str) -> bool:
        """Whether the worker's interpreter is in a call at this moment."""
        return bool(self.state(name)["busy_s"] > 0)

    def close(self) -> None:
        """End every worker and remove the run directory."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.wait(PATIENCE_S)
        shutil.rmtree(self.run_dir, ignore_errors=True)


def until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Return once the condition holds; fails after the timeout."""
    deadline = time.monotonic() + timeout_s
    pause = 0.01
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(pause)
        pause = min(1.1 * pause, 0.05)  # each look has its price, for those who are waited for, too


def control_state(run_dir: Path, name: str, is_over: Callable[[], bool] = lambda: False) -> dict[str, Any] | None:
    """Return what a worker's control socket says, or nothing once `is_over` holds."""
    with raw(scan(run_dir)[name].control) as socket:
        socket.send(wire.pack_control({"op": "state"}))
        until(lambda: bool(socket.poll(10)) or is_over())
        return wire.unpack_control(socket.recv()) if socket.poll(0) else None


@contextlib.contextmanager
def context() -> Iterator["zmq.Context[zmq.Socket[bytes]]"]:
    """Hold a ZeroMQ context whose end waits for nothing."""
    made: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        yield made
    finally:
        made.destroy(linger=0)


@contextlib.contextmanager
def raw(address: str) -> Iterator["zmq.Socket[bytes]"]:
    """Hold a DEALER to a worker, for frames that no client would send; nothing waits for ever."""
    with context() as made:
        socket = made.socket(zmq.DEALER)
        socket.rcvtimeo = socket.sndtimeo = int(PATIENCE_S * 1000)
        socket.connect(address)
        yield socket


def ask(socket: "zmq.Socket[bytes]", *frames: bytes) -> Any:
    """Send frames and return the decoded answer."""
    socket.send_multipart(frames)
    return wire.decode_reply(socket.recv_multipart())


def floats(*rows: tuple[float, ...], names: str = "ab") -> Table:
    """Return a table of float64 columns with one-letter names."""
    return Table(list(names), matrix=np.asfortranarray(np.array(rows, dtype=np.float64).reshape(-1, len(names))))


def author_module(folder: Path, name: str) -> Any:
    """Return an author's module of a folder that is on nobody's path, under the name that workers know it by."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def unfitted(estimator: Any, task: str = "classification") -> Artefact:
    """Return a Python estimator as it travels to a worker that shall fit it."""
    card = {"language": "python", "task": task, "spec": {}, "sources": {}, "runtime": {}, "created": "2026-01-01"}
    return seal(card, cloudpickle.dumps(estimator), KEY)


def fit_request(estimator: Any, X: Table, y: Any, classes: list[Any] | None, **spec: Any) -> Request:
    """Return the request that fits a Python estimator: to codes where there are classes, else to numbers."""
    codes = np.asarray(y, dtype=np.float64 if classes is None else np.int32)
    task = "regression" if classes is None else "classification"
    return Request(
        op="fit",
        id=f"fit-{id(X)}",
        model="m",
        tables=(X, Table(["y"], matrix=codes.reshape(-1, 1))),
        artefact=unfitted(estimator, task),
        spec={"task": task, "classes": classes, "spec": spec, "sources": {}},
    )
