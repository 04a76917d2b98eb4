"""The job runner: takes jobs from the store one at a time and carries each out in a process of its own.

A job is a command of the command line, so that what HTTP starts and what an operator types is the same. Its
process can be killed without harm: cancelling a job is ending it.
"""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from triglot.errors import BadRequest, TriglotError
from triglot.store.jobs import Job, JobStore, State

logger = logging.getLogger("triglot.jobs")

POLL_S = 0.5
BEAT_S = 2.0
STOP_S = 15.0
INFO_CHARACTERS = 20_000


def fit_arguments(job: Job) -> list[str]:
    """Return the command line of a fit job: Palladium's four parameters, and which models."""
    given = job.parameters
    arguments = ["fit", *given.get("models", ()), "--job", job.id]
    if not given.get("persist", True):
        arguments.append("--no-save")
    if not given.get("activate", True):
        arguments.append("--no-activate")
    if given.get("evaluate", False):
        arguments.append("--evaluate")
    if given.get("persist_if_better_than") is not None:
        arguments += ["--save-if-better-than", str(given["persist_if_better_than"])]
    return arguments


KINDS: Mapping[str, Callable[[Job], list[str]]] = {"fit": fit_arguments}


class Runner:
    """Carries out jobs until it is told to stop; several runners share the jobs of one store."""

    def __init__(self, jobs: JobStore, environ: Mapping[str, str]) -> None:
        self._jobs = jobs
        self._environ = dict(environ)
        self._name = f"{socket.gethostname()[:32]}:{os.getpid()}"
        self._over = threading.Event()

    def stop(self, *_: Any) -> None:
        """Take no further job, and give the one at hand back to be done again; may be called from a handler."""
        self._over.set()

    def run(self) -> None:
        """Work until `stop`."""
        logger.info("ready for jobs")
        while not self._over.is_set():
            try:
                job = self._jobs.claim(self._name)
            except TriglotError as error:
                logger.error("the jobs cannot be read: %s", error)
                job = None
            if job is None:
                self._over.wait(POLL_S)
            else:
                self._carry_out(job)

    def _carry_out(self, job: Job) -> None:
        try:
            command = [sys.executable, "-m", "triglot", *KINDS[job.kind](job)]
        except (KeyError, TypeError) as error:
            problem = BadRequest(f"a job of kind {job.kind!r} with these parameters is unknown: {error}")
            self._jobs.end(job.id, self._name, "error", str(problem))
            return
        logger.info("job %s: %s", job.id, job.kind)
        process = subprocess.Popen(
            command,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        said: list[str] = []
        reader = threading.Thread(target=self._read, args=(process, said), daemon=True)
        reader.start()
        state = self._watch(job, process)
        reader.join(STOP_S)
        if state is not None:
            self._jobs.end(job.id, self._name, state, "".join(said)[-INFO_CHARACTERS:])
            logger.info("job %s: %s", job.id, state)

    def _watch(self, job: Job, process: "subprocess.Popen[str]") -> State | None:
        """Return how the job ended; None where this runner stops and leaves it to the next one."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return "finished" if process.wait(BEAT_S) == 0 else "error"
            if self._over.is_set():
                self._end(process)
                return None
            try:
                wanted = self._jobs.beat(job.id, self._name)
            except TriglotError as error:
                logger.error("job %s: no sign of life can be given: %s", job.id, error)
                continue
            if not wanted:
                self._end(process)
                return "cancelled"

    @staticmethod
    def _end(process: "subprocess.Popen[str]") -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @staticmethod
    def _read(process: "subprocess.Popen[str]", said: list[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()
