"""The worker of each language that this process keeps for its R and Julia estimators.

It is started when it is first needed, started again where it died, and ended with this process. Data that it has seen
is not sent to it again.
"""

import atexit
import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from triglot.artefact import Artefact, reseal
from triglot.dispatch.blocking import Client
from triglot.errors import LanguageUnavailable, WorkerLost, WorkerUnavailable
from triglot.protocol.messages import Op, Request
from triglot.protocol.runtime import FitTask
from triglot.tables.table import Array, Table
from triglot.training import fit_worker
from triglot.training.fit_worker import Fitted
from triglot.training.worker_process import START_TIMEOUT_S, STOP_TIMEOUT_S, Child, require
from triglot.transport.discovery import scan, withdraw
from triglot.transport.request_ids import new_id

logger = logging.getLogger("triglot")

VERSION = 1  # the name of a fitted model is its own already
_NAME = "session"
_LOOK_S = 0.02


class Session:
    """One worker of one language, kept by this process; every method may be called from any thread.

    Its key is its own: what it signs is for this worker alone, and what comes with a pickled estimator is signed anew,
    because whoever opened the pickle has trusted it already.
    """

    def __init__(self, language: str, environ: Mapping[str, str]) -> None:
        require(language, environ)
        key = secrets.token_hex(32)
        self.language = language
        self._key = key.encode()
        self._environ = {**environ, "TRIGLOT_SIGNING_KEY": key}
        self._run_dir = Path(tempfile.mkdtemp(prefix="triglot-"))
        self._client = Client(self._run_dir, patience_s=START_TIMEOUT_S)
        self._changed = threading.Condition()
        self._users = 0
        self._over = threading.Event()
        self._child: Child | None = None
        self._up: Child | None = None
        self._ended = 0
        self._failed_starts = 0
        self._how = ""
        self._killed = False
        # A worker ends with the thread that started it, and the caller's may end before the process does.
        self._keeper = threading.Thread(target=self._keep, name=f"triglot-{language}-session", daemon=True)
        self._keeper.start()

    def fit(self, name: str, task: FitTask) -> Fitted:
        """Return the fitted model, which the worker goes on holding under the name.

        Where the worker is killed meanwhile, by whoever needed its memory, say, the next one fits it. Raises
        `WorkerLost` where that ends so, too, or the fit ended the worker by itself; the next call gets a new one.
        """
        try:
            return self._fit(name, task)
        except WorkerLost as error:
            if not self._killed:
                raise
            logger.warning("%s; it is fitted once more", error)
            return self._fit(name, task)

    def _fit(self, name: str, task: FitTask) -> Fitted:
        with self._in_use():
            return fit_worker.fit(self._client, self._key, self.language, name, task, version=VERSION, digests=True)

    def ask(self, op: Op, name: str, artefact: Artefact, X: Table, params: Mapping[str, Any]) -> tuple[Array, Any]:
        """Return the answer, a row a row of X, and the whole reply; a worker that dies costs time and no error."""
        request = Request(op, new_id(), name, VERSION, params=params, tables=(X,), digests=True)
        with self._in_use():
            reply = self._client.call(
                request, self.language, fit_worker.FIT_TIMEOUT_S, fetch=lambda: reseal(artefact, self._key)
            ).reply
        return reply.tables[0].matrix(), reply

    def close(self) -> None:
        """End the worker and remove its folder."""
        with self._changed:
            self._over.set()
            child = self._child
            self._changed.notify_all()
        if child is not None:
            child.stop()
        self._keeper.join(STOP_TIMEOUT_S)
        self._client.close()
        shutil.rmtree(self._run_dir, ignore_errors=True)

    def forget(self) -> None:
        """Give up what another process, of which this one is a fork, looks after."""
        if self._child is not None:
            self._child.process.returncode = 0  # or Popen would look for a child that is not ours

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Hold a worker that is up, and say how it ended where it does meanwhile."""
        with self._changed:
            self._users += 1
            ended, failed_starts = self._ended, self._failed_starts
            self._changed.notify_all()
        try:
            self._wait_until_up(failed_starts)
            yield
        except (KeyboardInterrupt, SystemExit):  # nobody waits any more for what it is doing
            self._kill()
            raise
        except (WorkerLost, WorkerUnavailable) as error:
            raise WorkerLost(self._how_it_ended(ended)) from error
        finally:
            with self._changed:
                self._users -= 1

    def _wait_until_up(self, failed_starts: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_up():
            if self._failed_starts > failed_starts:
                raise LanguageUnavailable(self._how)
            if time.monotonic() > deadline:
                self._kill()
                raise LanguageUnavailable(f"the {self.language} worker did not start within {START_TIMEOUT_S:g} s")
            time.sleep(_LOOK_S)

    def _is_up(self) -> bool:
        """Whether the worker runs, and the client knows this one and not only its predecessor."""
        child = self._child
        if child is None or child.is_over():
            return False
        if child is not self._up:
            announced = scan(self._run_dir).get(_NAME)
            if not any(worker.alive and worker.endpoint == announced for worker in self._client.workers()):
                return False
            self._up = child
        return True

    def _keep(self) -> None:
        """Run a worker whenever somebody uses the session, one after the other."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over.is_set() or self._users > 0)
                if self._over.is_set():
                    return
                for endpoint in scan(self._run_dir).values():  # of one that was killed
                    withdraw(self._run_dir, endpoint)
                try:
                    self._child = child = Child(self.language, _NAME, self._run_dir, self._environ, apart=True)
                except (OSError, LanguageUnavailable) as error:
                    self._note(str(error), started=False)
                    continue
            child.process.wait()
            with self._changed:
                if self._over.is_set():
                    return
                self._child = None
                self._killed = child.process.returncode in (-signal.SIGKILL, -signal.SIGTERM)
                started = _NAME in scan(self._run_dir) or child.process.returncode == 0
                self._note(child.how_it_ended() if started else child.why_not_started(), started=started)
                child.stop()

    def _note(self, how: str, *, started: bool) -> None:
        self._how = how
        self._ended += 1
        self._failed_starts += not started
        self._changed.notify_all()

    def _how_it_ended(self, ended: int) -> str:
        """Say how the worker ended that was there when so many had ended; one that hangs is ended."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended > ended, 1.0):
                self._kill()
            self._changed.wait_for(lambda: self._ended > ended, STOP_TIMEOUT_S)
            return self._how

    def _kill(self) -> None:
        with self._changed:
            child = self._child
            if child is not None:
                child.process.kill()
                self._changed.wait_for(lambda: self._child is not child, STOP_TIMEOUT_S)


_sessions: dict[str, Session] = {}
_forgotten: list[Session] = []
_lock = threading.Lock()


def session(language: str) -> Session:
    """Return this process's session of a language; raises `LanguageUnavailable` where there is none of it."""
    with _lock:
        if language not in _sessions:
            _sessions[language] = Session(language, os.environ)
        return _sessions[language]


def close() -> None:
    """End this process's sessions; whoever needs one afterwards gets a new one."""
    with _lock:
        ending = list(_sessions.values())
        _sessions.clear()
    for each in ending:
        each.close()


def _after_fork() -> None:
    """Leave the parent its workers: the child starts its own."""
    global _lock
    _lock = threading.Lock()
    for each in _sessions.values():
        each.forget()
    _forgotten.extend(_sessions.values())
    _sessions.clear()


atexit.register(close)
os.register_at_fork(after_in_child=_after_fork)
