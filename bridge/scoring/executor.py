"""The worker processes of a process that executes: started once, used by all that it does, ended with it.

One that ends in between is started again, and what it held is asked once more: predictions are idempotent.
"""

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from triglot import this_process
from triglot.dispatch.blocking import Client
from triglot.dispatch.routing import APART, MAX_PROVEN_DEATHS, History
from triglot.errors import LanguageUnavailable, TriglotError, WorkerLost, WorkerUnavailable
from triglot.languages.launch import absolute
from triglot.manifest import Question
from triglot.protocol.messages import Op, Request
from triglot.scoring.bundle import Bundle
from triglot.tables.table import Array, Table
from triglot.training.worker_process import START_TIMEOUT_S, Child, require
from triglot.transport.request_ids import new_id

ANSWER_TIMEOUT_S: Final = 24 * 3600.0
LOAD_TIMEOUT_S: Final = 600.0
LOOK_S: Final = 0.02  # between two looks at whether a worker has ended
TRIES: Final = 3  # of a worker that ends before it is ready
# Requests are never merged, so that the same rows are always one call; who holds one says when it starts on it.
_LAST_TRY: Final = History(proven=MAX_PROVEN_DEATHS - 1, apart=True)


class Answered(NamedTuple):
    """An answer, and how many workers ended while they held the question."""

    values: Array
    deaths: int


@dataclass(frozen=True, slots=True)
class Staff:
    """Which workers are wanted: of what language, how many, with what variables besides the process's own."""

    language: str
    workers: int = 1
    variables: tuple[tuple[str, str], ...] = ()
    key_file: Path | None = None


class Executor:
    """Some workers of one language, kept alive by a thread of their own; safe under threads.

    Raises `LanguageUnavailable` with the reason where the language is missing, or a worker does not come up.
    """

    def __init__(self, staff: Staff, environ: Mapping[str, str]) -> None:
        self._staff = staff
        self._environ = absolute({**environ, **dict(staff.variables)})
        require(staff.language, self._environ)
        self._folder = Path(tempfile.mkdtemp(prefix="triglot-"))
        self._client = Client(self._folder, patience_s=START_TIMEOUT_S)
        self._places = [_Place(f"{staff.language}-{number}", self._folder) for number in range(staff.workers)]
        self._started: Future[None] = Future()
        self._failure: LanguageUnavailable | None = None
        self._over = threading.Event()
        self._waiting: set[str] = set()
        self._loaded: set[str] = set()
        self._ahead: dict[str, list[Future[bool]]] = {}
        self._loaders = ThreadPoolExecutor(staff.workers, thread_name_prefix="triglot-loader")
        self._lock = threading.Lock()
        # workers end with the thread that started them, which therefore lives as long as this process
        self._keeper = threading.Thread(target=self._keep, name="triglot-keeper", daemon=True)
        self._keeper.start()

    def expect(self, bundle: Bundle) -> None:
        """Have all workers load a version at once, as soon as they are up, and not one behind the other when asked."""
        with self._lock:
            if bundle.artefact.sha256 not in self._ahead:
                numbers = range(self._staff.workers)
                loads = [self._loaders.submit(self._load_ahead, bundle, number) for number in numbers]
                self._ahead[bundle.artefact.sha256] = loads

    def ask(self, bundle: Bundle, X: Table, question: Question, *, last_try: bool = False) -> Answered:
        """Return the answer to a table, however many workers end meanwhile.

        Raises `PoisonRequest` for one that ends two by itself, or with `last_try` one, and `EstimatorFailed` for one
        that the model fails on.
        """
        self._load(bundle)
        request = self._request(bundle, question, X)
        history = _LAST_TRY if last_try else APART
        with self._asked(request):
            answer = self._client.call(
                request, self._staff.language, ANSWER_TIMEOUT_S, fetch=lambda: bundle.artefact, history=history
            )
        return Answered(answer.reply.answers, answer.deaths)

    @property
    def is_broken(self) -> bool:
        """Whether workers did not come up, so that nobody answers any more."""
        return self._failure is not None or (self._started.done() and self._started.exception() is not None)

    def pids(self) -> list[int]:
        """Return the ids of the worker processes."""
        self._started.result()
        return [place.child.process.pid for place in self._places]

    def close(self) -> None:
        """End the workers, at once where somebody still waits for them."""
        self._over.set()
        self._client.is_ending = True
        self._client.patience_s = 0
        if self._waiting:
            for place in self._places:
                place.kill()
        self._keeper.join()
        self._loaders.shutdown()
        self._client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _load(self, bundle: Bundle) -> None:
        """Have a worker load a version before it is asked, so that what then ends it is known to be the rows."""
        self._started.result()
        with self._lock:
            if bundle.artefact.sha256 in self._loaded:
                return
            if any(load.result() for load in as_completed(self._ahead.get(bundle.artefact.sha256, ()))):
                self._loaded.add(bundle.artefact.sha256)
                return
            request = self._request(bundle, "load")._replace(artefact=bundle.artefact)
            with self._asked(request):
                self._client.call(request, self._staff.language, LOAD_TIMEOUT_S, history=APART)
            self._loaded.add(bundle.artefact.sha256)

    def _load_ahead(self, bundle: Bundle, number: int) -> bool:
        """Return whether one of the workers holds a version now; why it does not is told to whoever asks."""
        version = (bundle.model, bundle.version, bundle.artefact.sha256)
        name = f"{bundle.artefact.sha256} ahead {number}"
        self._waiting.add(name)
        try:
            self._started.result()
            worker = [each for each in self._client.workers() if each.serves(self._staff.language)][number]
            return not self._over.is_set() and self._client.offer(worker, version, lambda: bundle.artefact) is True
        except (TriglotError, IndexError, OSError):  # of a worker that has ended meanwhile
            return False
        finally:
            self._waiting.discard(name)

    def _request(self, bundle: Bundle, op: Op, *tables: Table) -> Request:
        return Request(
            op=op,
            id=new_id(),
            model=bundle.model,
            version=bundle.version,
            sha256=bundle.artefact.sha256,
            tables=tables,
        )

    @contextlib.contextmanager
    def _asked(self, request: Request) -> Iterator[None]:
        self._waiting.add(request.id)
        try:
            yield
        except (WorkerLost, WorkerUnavailable) as error:
            raise self._failure or error from None
        finally:
            self._waiting.discard(request.id)

    def _keep(self) -> None:
        """Start the workers, and again those that end, until this process needs them no more."""
        try:
            for place in self._places:
                place.start(self._staff, self._folder, self._environ)
            for number, place in enumerate(self._places, start=1):
                place.child.wait_until_ready(self._client, number)
            self._started.set_result(None)
            self._watch()
        except Exception as error:
            self._started.set_exception(error)
        finally:
            for place in self._places:
                place.stop()

    def _watch(self) -> None:
        """Start again whoever has ended; where one never comes up who asks is told why."""
        while not self._over.wait(LOOK_S):
            for place in self._places:
                if place.has_ended():
                    if place.tries == 0:
                        self._failure = LanguageUnavailable(place.child.why_not_started())
                        self._client.patience_s = 0
                        return
                    place.start(self._staff, self._folder, self._environ)


class _Place:
    """One worker of an executor's, whichever process it is now; `tries` is how often it may still fail to come up."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._announcement = folder / f"{name}.json"
        self._started: list[Child] = []
        self.tries = TRIES

    @property
    def child(self) -> Child:
        """The process."""
        return self._started[-1]

    def start(self, staff: Staff, folder: Path, environ: Mapping[str, str]) -> None:
        """Start a process, the former one's successor."""
        self.stop()
        self._announcement.unlink(missing_ok=True)
        self.tries -= 1
        child = Child(staff.language, self._name, folder, environ, key_file=staff.key_file, apart=True)
        self._started = [child]

    def has_ended(self) -> bool:
        """Return whether the process has ended; one that was ready before may be started again as often as any."""
        if self._announcement.exists():
            self.tries = TRIES
        return self.child.is_over()

    def kill(self) -> None:
        """End the process in the middle of its work, if there is one."""
        for child in self._started:
            child.process.kill()

    def stop(self) -> None:
        """End the process in order, if there is one."""
        for child in self._started:
            child.stop()
        self._started = []


_executors: dict[tuple[int, Staff], Executor] = {}
_lock = threading.Lock()


def executor(staff: Staff) -> Executor:
    """Return this process's workers of that kind, started when first wanted, and anew where they did not come up."""
    key = (this_process.pid(), staff)
    with _lock:
        found = _executors.get(key)
        if found is None or found.is_broken:
            if found is not None:
                found.close()
            found = _executors[key] = Executor(staff, os.environ)
        return found


def close_executors() -> None:
    """End all workers of this process; it may start others afterwards."""
    with _lock:
        mine = [key for key in _executors if key[0] == this_process.pid()]
        found = [_executors.pop(key) for key in mine]
    for each in found:
        each.close()


@contextlib.contextmanager
def closing_executors() -> Iterator[None]:
    """Have the workers of this process end with a block, at once where it ends in the middle of their work."""
    try:
        yield
    finally:
        close_executors()


def _after_fork() -> None:
    """Give the child a lock of its own: the thread that may hold its parent's is not there to let go of it."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(close_executors)
