"""Hooks: named events in a worker and in the front end, on which behaviour hangs as files of their own.

What keeps a worker to its bounds hangs here (`triglot.workers.deadlines`, `memory_ceiling`, `idle_collection`,
`golden_rows`), what tells of each call does (`triglot.call_log`), and so may what an operator adds: a subclass of
`Hook`, named in the configuration's `hooks`. See docs/hooks.md.
"""

import contextlib
import importlib
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NamedTuple, TypeAlias

from triglot.errors import ConfigError
from triglot.manifest import ManifestFields
from triglot.protocol.messages import Op, Request, Spent
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table

logger = logging.getLogger("triglot.hooks")

HOOKS_VARIABLE = "TRIGLOT_HOOKS"
PATH_VARIABLE = "TRIGLOT_HOOKS_PATH"

# asks a model, in the worker that holds it
Ask: TypeAlias = Callable[[Op, Table], Array]


class WorkerCall(NamedTuple):
    """One call: the requests that it answers, which are alike, and when nobody waits for it any more.

    `requests` are as they came; one may hold what several callers asked (`Request.ids`). `until` is in seconds of the
    monotonic clock. In the front end a call is one request for predictions, in a worker any of the operations.
    """

    requests: Sequence[Request]
    until: float

    @property
    def op(self) -> Op:
        """What is asked: "predict", "predict_proba", "fit", "load", "dataset", "transform" or "score"."""
        return self.requests[0].op

    @property
    def model(self) -> str:
        """The model's name; empty where data are read."""
        return self.requests[0].model

    @property
    def version(self) -> int:
        """The model's version; 0 where data are read or a model is fitted.

        A worker that a command or a program keeps for itself may be asked under a number that no store has.
        """
        return self.requests[0].version

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all requests, in their order; in a worker each with a dot and the number of the try behind it."""
        return tuple([each for request in self.requests for each in request.ids])

    @property
    def rows(self) -> int:
        """How many rows are asked for, or fitted to."""
        return sum(request.rows for request in self.requests)


class LoadedVersion(NamedTuple):
    """A version that is about to answer.

    `model` and `version` name it. In a worker `manifest` is verified and `ask` asks the model. In the front end
    `manifest` is as it stands in the store, which nobody has verified, and `ask` is None. `forget` has a worker hold
    the version no longer.
    """

    model: str
    version: int
    manifest: ManifestFields
    ask: Ask | None = None
    forget: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NewFit:
    """A model that was just fitted on X and y, and the fields of the manifest that will be signed.

    y has shape (rows,), codes of classes or numbers, or (rows, outputs); it is None for models without a target.
    `ask` asks the model itself, `ask_reloaded` a copy of it that was dumped and loaded. A hook may add to `fields`. The
    model's name is that of the call that runs (`Hook.call_begun`).
    """

    fields: dict[str, Any]
    schema: Schema
    X: Table
    y: Array | None
    classifier: bool
    ask: Ask
    ask_reloaded: Ask


class Answered(NamedTuple):
    """One request that has its answer.

    In a worker `id` has a dot and the number of the try behind it, and `rows` are those that were asked for. In the
    front end `rows` is 0 for an error, for CSV or Arrow as body or answer, and for a predict service with methods of
    its own; where no model is concerned, `op`, `model` and `version` are empty or 0 as well.

    `code` is the fault's (docs/reference/names.md), empty for a good answer. `seconds` counts in a worker from sending
    where both sides share a clock (ipc), else from reading; in the front end from the head of the request or, where a
    thread answers it, from that thread's begin. `path` and `status` are those of HTTP, empty and 0 in a worker; so are
    `method` and `route`, which is as Flask writes it (`/models/<name>/predict`), empty where there is none. Of gRPC and
    of messages `route` is the path.
    """

    id: str
    op: str
    model: str
    version: int
    rows: int
    code: str
    seconds: float
    path: str = ""
    status: int = 0
    method: str = ""
    route: str = ""


class Hook:
    """Something that wants to know; each method does nothing until a subclass overrides it.

    Methods are called in a worker in the thread that computes, `heartbeat` in a second one beside it; in the front end
    in the event loop or in any of its threads, several at once. So they must not take long, and a hook keeps a lock of
    its own. What one raises is logged and changes no answer, but for `model_fitted`, `version_offered` and
    `version_loaded` in a worker: whatever these raise is the answer to who wants the fit or the version.
    """

    def message_received(self, request: Request) -> None:
        """A worker has read a message from its socket; its requests wait in the queue now.

        Where there is no room they are refused next. What cannot be read is not told of.
        """

    def call_planned(self, call: WorkerCall) -> None:
        """A worker means to answer these requests by one call, when those planned before are done.

        The call may still be parted, or lose requests whose deadline passes meanwhile.
        """

    def call_begun(self, call: WorkerCall) -> None:
        """A call begins; in the front end: a worker is asked, in as many attempts as it may take."""

    def call_timed(self, call: WorkerCall, spent: Spent) -> None:
        """In the front end: what the worker says that the call took which this answer comes of; `call_ended` follows.

        Requests that share a call have its times in full, each of them. Some workers say nothing of it.
        """

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        """A call has given its answer."""

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        """A call has given none; in the front end also: its answer is an error.

        Of several requests a worker then makes two calls, a half each, where the error is `EstimatorFailed` or
        `BadRequest` and somebody still waits.
        """

    def model_fitted(self, fit: NewFit) -> None:
        """A worker has fitted a model that can predict, which is not signed yet.

        What this raises is the answer to who wants the fit: `BadRequest`, say.
        """

    def version_offered(self, offered: LoadedVersion) -> None:
        """A worker is about to load a verified version, which has no `ask` yet, and refuses it by what this raises.

        Nothing of it has run. Raise `ArtefactRefused`, say.
        """

    def version_loaded(self, loaded: LoadedVersion) -> None:
        """A worker has loaded a version, and refuses it by what this raises; in the front end: it answers from now.

        Raise `ArtefactRefused`, say.
        """

    def worker_idle(self) -> None:
        """A worker has nothing to do; called every tenth of a second, in the thread that computes."""

    def heartbeat(self) -> None:
        """The tick of a worker's control thread, every twentieth of a second; ZeroMQ's heartbeats are something else.

        It comes once more after each message on the control socket, and late where code keeps Python's lock. Calls run
        meanwhile, so nothing of the language may be touched but `Runtime.interrupt`.
        """

    def request_answered(self, answered: Answered) -> None:
        """A worker has sent an answer; in the front end: an answer of HTTP is about to be sent, of whatever route.

        Answers to what a worker cannot read are not told of.
        """


EVENTS = tuple(name for name in vars(Hook) if not name.startswith("_"))


class Hooks(Hook):
    """Several hooks as one, told in their order; one that does not listen to an event costs it nothing.

    `may_refuse` is for workers: what is raised where `Hook` says that one may refuse is then the answer.
    """

    def __init__(self, hooks: Sequence[Hook] = (), *, may_refuse: bool = False) -> None:
        self._may_refuse = _MAY_REFUSE if may_refuse else frozenset()
        self._listening = {event: [hook for hook in hooks if _listens(hook, event)] for event in EVENTS}
        self._around = any(self._listening[event] for event in _AROUND)
        self._told: set[tuple[int, str]] = set()

    def hears(self, event: str) -> bool:
        """Whether any of them listens to this event."""
        return bool(self._listening[event])

    def around(self, requests: Sequence[Request], until: float) -> "contextlib.AbstractContextManager[Around | None]":
        """Return what tells of a call's begin and end around the block that makes it, None where nobody listens."""
        if self._around:
            return Around(self, WorkerCall(requests, until))
        return _NOTHING

    def message_received(self, request: Request) -> None:
        self._tell("message_received", request)

    def call_planned(self, call: WorkerCall) -> None:
        self._tell("call_planned", call)

    def call_begun(self, call: WorkerCall) -> None:
        self._tell("call_begun", call)

    def call_timed(self, call: WorkerCall, spent: Spent) -> None:
        self._tell("call_timed", call, spent)

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        self._tell("call_ended", call, seconds)

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        self._tell("call_failed", call, error, seconds)

    def model_fitted(self, fit: NewFit) -> None:
        self._tell("model_fitted", fit)

    def version_offered(self, offered: LoadedVersion) -> None:
        self._tell("version_offered", offered)

    def version_loaded(self, loaded: LoadedVersion) -> None:
        self._tell("version_loaded", loaded)

    def worker_idle(self) -> None:
        self._tell("worker_idle")

    def heartbeat(self) -> None:
        self._tell("heartbeat")

    def request_answered(self, answered: Answered) -> None:
        self._tell("request_answered", answered)

    def _tell(self, event: str, *what: object) -> None:
        for hook in self._listening[event]:
            try:
                getattr(hook, event)(*what)
            except (Exception, SystemExit):
                if event in self._may_refuse:
                    raise
                self._failed(hook, event)

    def _failed(self, hook: Hook, event: str) -> None:
        """Log what a hook raised; once for an event, because it may come with every request."""
        if (id(hook), event) not in self._told:
            self._told.add((id(hook), event))
            name = f"{type(hook).__module__}.{type(hook).__qualname__}"
            logger.exception("hook %s failed at %s; the next time it is not told again", name, event)


_MAY_REFUSE: Final = frozenset({"model_fitted", "version_offered", "version_loaded"})
_AROUND: Final = ("call_begun", "call_timed", "call_ended", "call_failed")
_NOTHING = contextlib.nullcontext()


class Around:
    """Tells of one call; a generator's context manager takes several times as long to enter."""

    __slots__ = ("_call", "_hooks", "_started")

    def __init__(self, hooks: Hooks, call: WorkerCall) -> None:
        self._hooks = hooks
        self._call = call

    def timed(self, spent: Spent | None) -> None:
        """Tell what the worker's call took, if the worker says it."""
        if spent is not None:
            self._hooks.call_timed(self._call, spent)

    def __enter__(self) -> "Around":
        self._hooks.call_begun(self._call)
        self._started = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        seconds = time.perf_counter() - self._started
        if error is None:
            self._hooks.call_ended(self._call, seconds)
        else:
            self._hooks.call_failed(self._call, error, seconds)


def _listens(hook: Hook, event: str) -> bool:
    return getattr(type(hook), event) is not getattr(Hook, event)


def load(names: Sequence[str]) -> list[Hook]:
    """Return one hook of each class that is named, as "module.Class"; raises `ConfigError` for what is none."""
    return [_made(name) for name in names]


def variables(names: Sequence[str], path: Sequence[str]) -> dict[str, str]:
    """Return the variables that name hooks for workers, and the folders where their modules are."""
    return {HOOKS_VARIABLE: ",".join(names), PATH_VARIABLE: ":".join(path)} if names else {}


def from_environment(environ: Mapping[str, str]) -> list[Hook]:
    """Return the hooks that a process is given by those variables."""
    names = [name for name in environ.get(HOOKS_VARIABLE, "").split(",") if name]
    if names:  # and only then, because a path of ours may hide what a model's author means
        sys.path += [folder for folder in environ.get(PATH_VARIABLE, "").split(":") if folder not in ("", *sys.path)]
    return load(names)


def _made(name: str) -> Hook:
    module, _, attribute = str(name).rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute) if module else None
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"hooks: {name!r} is not found: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Hook)):
        raise ConfigError(f"hooks: {name!r} is no hook; write 'module.Class', a subclass of triglot.hooks.Hook")
    try:
        return found()
    except (Exception, SystemExit) as error:
        raise ConfigError(f"hooks: {name!r} cannot be made: {type(error).__name__}: {error}") from None
