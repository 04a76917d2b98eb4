"""A worker process of this process's own, beside whatever a supervisor runs: for one fit, or for a session."""

import logging
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from triglot.dispatch.blocking import Client
from triglot.errors import LanguageUnavailable, WorkerUnavailable
from triglot.languages.known import missing
from triglot.languages.launch import EXIT_UNAVAILABLE, worker_command, worker_environment
from triglot.logs.lines import read
from triglot.progress import step
from triglot.this_process import PARENT_VARIABLE

logger = logging.getLogger("triglot")

START_TIMEOUT_S = 300.0  # a guard against hanging: one that ends is noticed at once
STOP_TIMEOUT_S = 10.0
TELL_TIMEOUT_S = 2.0
_LAST_BYTES = 8_192


class Child:
    """One worker process in a run directory that it shares with no other.

    It ends when the thread that makes it ends. `tell` is called with each line that the author's code prints, as it
    comes and in another thread; without it the lines are in the answer. Raises `LanguageUnavailable` where the language
    is not installed.
    """

    def __init__(
        self,
        language: str,
        name: str,
        run_dir: Path,
        environ: Mapping[str, str],
        *,
        key_file: Path | None = None,
        cwd: Path | None = None,
        apart: bool = False,
        tell: Callable[[str], object] | None = None,
    ) -> None:
        require(language, environ)
        self.language = language
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # without a name, so that nothing of it can be left
        self.process = subprocess.Popen(
            worker_command(
                language,
                name,
                run_dir,
                key_file=None if key_file is None else key_file.absolute(),
                live=tell is not None,
            ),
            cwd=cwd,
            env={
                **environ,
                **worker_environment(language, environ, threads=os.cpu_count() or 1),
                PARENT_VARIABLE: str(os.getpid()),
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log if tell is None else subprocess.PIPE,
            stderr=self._log,
            start_new_session=apart,  # then a Ctrl-C at the terminal is this process's alone
        )
        self._telling: threading.Thread | None = None
        if tell is not None and self.process.stdout is not None:
            self._telling = threading.Thread(target=_pass_on, args=(self.process.stdout, tell), daemon=True)
            self._telling.start()

    def wait_until_ready(self, client: Client, workers: int = 1) -> None:
        """Return once the client finds so many workers; raises `LanguageUnavailable` with this one's last words."""
        with step(f"Starting {self.language}", logger.debug):
            self._wait_until_ready(client, workers)

    def _wait_until_ready(self, client: Client, workers: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                client.wait_for({self.language: workers}, 0.2)
                return
            except WorkerUnavailable:
                if self.process.poll() is None and time.monotonic() < deadline:
                    continue
            raise LanguageUnavailable(self.why_not_started())

    def is_over(self) -> bool:
        """Whether the process has ended, also where another thread is waiting for it."""
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # that thread has noticed
            return True

    def how_it_ended(self) -> str:
        """Say how it was lost in the middle of its work; a signal is what a crash or a lack of memory looks like."""
        try:
            code = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return f"the {self.language} worker cannot be reached any more; its last words: {self.last_words()}"
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended by itself with exit code {code}"
        return f"the {self.language} worker {how} in the middle of its work; its last words: {self.last_words()}"

    def why_not_started(self) -> str:
        """Return its reason alone where it refused to start, else its last words, or how it ended without any."""
        code = self.process.poll()
        if code == EXIT_UNAVAILABLE and (refusal := self._refusal()):
            return refusal
        how = "it is not ready yet" if code is None else f"it ended with exit code {code}"
        how = f"it was ended by {signal.Signals(-code).name}" if code is not None and code < 0 else how
        words = self.last_words()
        return f"the {self.language} worker did not start: {how if words == 'none' else words}"

    def last_words(self) -> str:
        """Return the end of what it has written, as one line."""
        return " / ".join(self._written().strip().splitlines()[-3:]) or "none"

    def stop(self) -> None:
        """End it, in order if it can."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._telling is not None:
            self._telling.join(TELL_TIMEOUT_S)  # a process that it has left may hold the other end
        self._log.close()

    def _refusal(self) -> str:
        """Return why the language is off, as it stands in the worker's log, or as it was said before there was one."""
        written = self._written()
        at = written.rfind(f"{self.language} is off: ")
        if at < 0:
            return ""
        record = written[written.rfind("\n", 0, at) + 1 :].rstrip()
        line = read(record.partition("\n")[0] if record.startswith("{") else record)
        return (written[at:] if line is None else f"{line.message}\n{line.trace}").strip()

    def _written(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), _LAST_BYTES, max(0, size - _LAST_BYTES)).decode("utf-8", "replace")


def _pass_on(lines: IO[bytes], tell: Callable[[str], object]) -> None:
    with lines:
        for line in lines:
            tell(line.decode("utf-8", "replace").rstrip("\r\n"))


def require(language: str, environ: Mapping[str, str]) -> None:
    """Return if the language is installed; raises `LanguageUnavailable` with what was looked for."""
    if (reason := missing(language, environ)) is not None:
        raise LanguageUnavailable(f"{language} is off: {reason}. Install it: triglot doctor {language} says how")
