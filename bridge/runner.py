"""The job runner: takes jobs from the store one at a time and carries each out in a process of its own.

A job is a command of the command line, so that what HTTP starts and what an operator types is the same. Its
process can be killed without harm: cancelling a job is ending it.
"""

import contextlib
import logging
import math
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from triglot.errors import BadRequest, TriglotError
from triglot.logs import FORMAT_VARIABLE, Troubles, about
from triglot.store.jobs import LOST_AFTER_S, Job, JobStore, State

logger = logging.getLogger("triglot.jobs")

POLL_S = 0.5
LOOK_S = 0.1
BEAT_S = 2.0
# How long a command that is told to end may take to end in order.
ORDERLY_END_S = 15.0
LAST_WORDS_S = 5.0  # for what a process has said before its end to be read
DONE = 70  # what a command ends with that has done all of its work: code of an author's that calls exit says 0, too
INFO_CHARACTERS = 20_000
LAST_CHARACTERS = 2_000  # of what a job has said, while it runs
SCHEDULE = "schedule"  # the parameter of a job that a rule has entered
# An author's code has no business with the token of the views that change something.
_KEPT_BACK = frozenset({"TRIGLOT_ADMIN_TOKEN", "TRIGLOT_CALLERS"})
_COMMANDS = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:(.*)")

_FLAGS = {
    "persist": (False, "--no-save"),
    "activate": (False, "--no-activate"),
    "evaluate": (True, "--evaluate"),
    "proof": (False, "--no-proof"),
}


def fit_arguments(job: Job) -> list[str]:
    """Return the command line of a fit job: Palladium's four parameters, whether to prove, and which models.

    Raises `BadRequest` for a parameter that is not known or not of its type.
    """
    arguments = ["fit", "--job", job.id]
    names: list[str] = []
    for name, value in job.parameters.items():
        if name in _FLAGS and isinstance(value, bool):
            when, option = _FLAGS[name]
            arguments += [option] if value is when else []
        elif name == SCHEDULE:
            continue
        elif name == "persist_if_better_than" and is_number(value):
            arguments += ["--save-if-better-than", str(value)]
        elif name == "models" and isinstance(value, list) and all(isinstance(model, str) for model in value):
            names = value
        else:
            raise BadRequest(f"a fit takes no {name} = {value!r}")
    return [*arguments, "--", *names]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def run_arguments(job: Job) -> list[str]:
    """Return the command line of a pipeline's job, which takes parameters and rows from the job itself."""
    name = job.parameters.get("pipeline")
    if not isinstance(name, str):
        raise BadRequest("a pipeline's job says which one, as 'pipeline'")
    return ["run", "--job", job.id, "--", name]


def score_arguments(job: Job) -> list[str]:
    """Return the command line of a job that scores: which model, which rows, and where the answers go.

    Raises `BadRequest` for a parameter that is not known or not of its type.
    """
    said = {name: value for name, value in job.parameters.items() if name != SCHEDULE}
    places = [said.pop(name, None) for name in ("model", "rows", "answers")]
    if not all(isinstance(place, str) and place for place in places):
        raise BadRequest("a score needs 'model', 'rows' and 'answers', each a text")
    options: list[str] = []
    for name, value in said.items():
        if name not in SCORE_OPTIONS or not SCORE_OPTIONS[name](value):
            raise BadRequest(f"a score takes no {name} = {value!r}")
        option = f"--{name.replace('_', '-')}"
        texts = value if isinstance(value, list) else [value]
        options += ([option] if value else []) if isinstance(value, bool) else [f"{option}={text}" for text in texts]
    return ["score", *options, "--", *map(str, places)]


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


SCORE_OPTIONS: Mapping[str, Callable[[Any], bool]] = {
    "keep": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "proba": lambda value: isinstance(value, bool),
    "bad_rows": lambda value: isinstance(value, str),
    "partitions": _is_count,
    "workers": _is_count,
}
KINDS: Mapping[str, Callable[[Job], list[str]]] = {
    "fit": fit_arguments,
    "pipeline": run_arguments,
    "score": score_arguments,
}


def nothing_due() -> None:
    """Enter no job: there is no timetable."""


class Runner:
    """Carries out jobs until it is told to stop; several runners share the jobs of one store.

    enter_due: called before each look for a job, and while one is done; enters those that a timetable wants by now.
    """

    def __init__(self, jobs: JobStore, environ: Mapping[str, str], enter_due: Callable[[], None] = nothing_due) -> None:
        self._jobs = jobs
        self._enter_due = enter_due
        self._environ = {key: value for key, value in environ.items() if key not in {*_KEPT_BACK, FORMAT_VARIABLE}}
        # A container's successor may have the same host name and process id.
        self._name = f"{socket.gethostname()[:32]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._over = False
        self._troubles = Troubles(logger)

    def stop(self, *_: Any) -> None:
        """Take no further job, and give the one at hand back to be done again; made for signal handlers."""
        self._over = True

    def run(self) -> None:
        """Work until `stop`."""
        logger.info("ready for jobs")
        while not self._over:
            self._enter()
            try:
                job = self._jobs.claim(self._name)
                self._troubles.over("jobs", "the jobs can be read again")
            except TriglotError as error:
                self._troubles.tell("jobs", logging.ERROR, f"the jobs cannot be read: {error}")
                job = None
            if job is None:
                time.sleep(POLL_S)
            else:
                self._carry_out(job)

    def _enter(self) -> None:
        """Enter what is due; where that fails there are other jobs to be done all the same."""
        try:
            self._enter_due()
            self._troubles.over("due", "what is due can be entered again")
        except TriglotError as error:
            self._troubles.tell("due", logging.ERROR, f"what is due cannot be entered: {error}")

    def _carry_out(self, job: Job) -> None:
        logger.info("job %s: %s", job.id, job.kind)
        try:
            arguments = _arguments(job)
        except BadRequest as error:
            self._end(job, "error", str(error))
            return
        process = subprocess.Popen(
            [sys.executable, "-m", "triglot.cli.tethered", *arguments],
            env=self._environ,
            stdin=subprocess.PIPE,  # nothing is written: it ends when this process does
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        )
        said = _Said(process, job.id)
        try:
            state = self._watch(job, process, said)
        finally:
            said.close()
        info = said.tail()
        self._end(job, state, info + _unsaid(process.returncode, info) if state == "error" else info)

    def _watch(self, job: Job, process: "subprocess.Popen[str]", said: "_Said") -> State | None:
        """Return how the job ended; None where this runner stops and leaves it to the next one."""
        beat = alive = time.monotonic()
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return "finished" if process.wait(LOOK_S) == DONE else "error"
                if self._over:
                    return None
                if time.monotonic() - beat < BEAT_S:
                    continue
                beat = time.monotonic()
                try:
                    if not self._jobs.beat(job.id, self._name, said.last()):
                        return "cancelled"
                    alive = time.monotonic()
                    self._troubles.over("alive", f"job {job.id}: signs of life can be given again")
                    self._enter()
                except TriglotError as error:
                    why = f"job {job.id}: no sign of life can be given: {error}"
                    self._troubles.tell("alive", logging.ERROR, why)
                    if time.monotonic() - alive > LOST_AFTER_S:  # another runner may have begun it
                        return None
        finally:
            _end_group(process)

    def _end(self, job: Job, state: State | None, info: str) -> None:
        """Write how a job ended, however long its database is away; give it back where it did not."""
        while True:
            try:
                if state is None:
                    self._jobs.give_back(job.id, self._name)
                else:
                    self._jobs.end(job.id, self._name, state, info[-INFO_CHARACTERS:])
            except TriglotError as error:
                self._troubles.tell("end", logging.ERROR, f"job {job.id}: how it ended cannot be written: {error}")
                if self._over:
                    return  # the next runner finds it lost
                time.sleep(POLL_S)
                continue
            self._troubles.over("end", f"job {job.id}: how it ended is written")
            logger.info("job %s: %s", job.id, state or "given back")
            return


class _Said:
    """What a process of a job says: passed on to the log at once, and the end of it kept."""

    def __init__(self, process: "subprocess.Popen[str]", job_id: str) -> None:
        self._kept = ""
        self._about = about(job=job_id)
        self._process = process
        self._thread = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of a process that has ended, once all that it said is read.

        What it has started for good may hold its output open: that is not waited for.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._thread.join(LAST_WORDS_S)
        if not self._thread.is_alive():
            self._process.stdout.close()

    def tail(self) -> str:
        """Return the last of it."""
        return self._kept

    def last(self) -> str:
        """Return its last lines so far."""
        kept = self._kept[-LAST_CHARACTERS:]
        return kept if len(kept) < LAST_CHARACTERS else kept.partition("\n")[2]

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._kept = (self._kept + line)[-INFO_CHARACTERS:]
            said = _COMMANDS.match(line)
            level, text = (said[1], said[2]) if said else ("INFO", line.rstrip("\r\n"))
            if text.strip():
                logger.log(logging.getLevelNamesMapping()[level], "%s", text, extra=self._about)


def _unsaid(code: int, said: str) -> str:
    """Return why a process has failed, where it cannot have said so itself."""
    start = "" if not said or said.endswith("\n") else "\n"
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        memory = ", as the system does where memory is short" if -code == signal.SIGKILL else ""
        return f"{start}the process of this job was ended by {name}{memory}"
    if code == 0:
        return f"{start}the process of this job ended before its work was done: code in it has called exit"
    return "" if said.strip() else f"the process of this job ended with exit code {code} and said nothing"


def _arguments(job: Job) -> list[str]:
    if job.kind not in KINDS:
        raise BadRequest(f"there are no jobs of kind {job.kind!r}; there are: {', '.join(KINDS)}")
    return KINDS[job.kind](job)


def _end_group(process: "subprocess.Popen[str]") -> None:
    """End a process in order, then whatever it left behind."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ORDERLY_END_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
