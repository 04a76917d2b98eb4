"""Julia in a worker process: authors' modules and scripts, called through one C entry point of the Julia side."""

import atexit
import ctypes
import os
import secrets
import shutil
import struct
import tempfile
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast
from weakref import finalize

import msgpack
import numpy as np

from triglot.errors import BadRequest, EstimatorFailed, LanguageUnavailable
from triglot.manifest import Manifest
from triglot.protocol.runtime import FitTask, Output
from triglot.tables.labels import Labels, Task
from triglot.tables.table import Array, Column, Table
from triglot.workers.julia.answers import copied, dataset
from triglot.workers.julia.inputs import Features, target
from triglot.workers.julia.installation import find
from triglot.workers.julia.interpreter import Library, give_up, when_it_exits
from triglot.workers.julia.output import Capture
from triglot.workers.julia.plan import JuliaPlan

_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p, ctypes.c_int64, ctypes.POINTER(ctypes.c_int64))
# Julia takes an interrupt where its code allocates or waits. A loop that does neither only yields to force, which
# Julia uses after four or five that come quickly; force in the midst of compilation would end the process, so
# what runs is first given the time that compiling a function takes: of a processor, which others may be using, too,
# or by the clock for what only waits.
_GENTLE_EVERY_S = 0.5
_GENTLE_FOR_S = 3.0
_GENTLE_AT_MOST_S = 9.0
_FORCEFUL_EVERY_S = 0.05
# Read once, when the libraries are loaded. The last keeps a thread of the kernel away that io_uring would bring.
_SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "JULIA_NUM_THREADS": "1", "UV_USE_IO_URING": "0"}
_CARD_LENGTH = struct.Struct("<I")
_MAGIC = b"TGJL"


class JuliaModel:
    """A fitted model that lives in Julia under a number, until Python forgets this object."""

    __slots__ = ("__weakref__", "labels", "nullable", "number", "plan", "task")

    def __init__(
        self, number: int, plan: JuliaPlan, task: Task, labels: Labels | None, nullable: frozenset[str]
    ) -> None:
        self.number = number
        self.plan = plan
        self.task = task
        self.labels = labels
        self.nullable = nullable  # columns that had missing values when the model was fitted


class JuliaRuntime:
    """One Julia inside this process; entered by the thread that called `start` and by no other."""

    language: ClassVar[str] = "julia"

    def __init__(self, scratch: Path | None = None) -> None:
        self._scratch = scratch
        self._thread = 0
        self._reply = (ctypes.c_int64 * 5)()
        self._entry: Any = None
        self._forgotten: deque[int] = deque()
        self._lock = threading.Lock()
        self._running = 0  # the number of the call that runs, 0 between calls
        self._calls = 0
        self._stopping: threading.Thread | None = None
        self._forced = False  # a call was stopped by force
        self._ended = threading.Event()  # the call that is being stopped has ended
        self.native = (0, 0)

    def start(self) -> None:
        """Bring Julia up in this thread and read the bridge's Julia side."""
        if self._entry is not None:
            return
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        installation = find(os.environ)
        self._capture = Capture()
        try:
            with when_it_exits(lambda: give_up(installation, self._capture.take())):
                self._library = Library(installation)
            self._capture.keep_crashes_out()
            self._entry = _ENTRY(self._library.include(Path(__file__).resolve().parent / "Bridge.jl"))
        except LanguageUnavailable:
            self._capture.undo()
            raise
        self._thread = threading.get_ident()
        atexit.register(self._end)
        self._versions = dict(self._ask("versions"))

    def _end(self) -> None:
        """End Julia in order; not where force may have left a lock behind, or in the midst of a call."""
        if threading.get_ident() != self._thread or self._forced or self._running:
            return
        self._library.end()
        print(self._capture.take(), end="", flush=True)

    def versions(self) -> Mapping[str, str]:
        """Return the versions of Julia and of the packages that are loaded by now."""
        found: dict[str, str] = self._ask("versions")
        return found

    def fit(self, task: FitTask) -> JuliaModel:
        """Return the model that the author's function fitted on Julia's own copies of the data."""
        plan = JuliaPlan.of(task.spec, task.sources)
        nullable = frozenset(
            name for name, column in zip(task.X.names, task.X.columns, strict=True) if column.missing is not None
        )
        features = _features(plan, task.X, nullable)
        y, _held = (None, None) if task.y is None else target(task.y)
        # Labels without a target mean nothing to an author's function.
        number = self._ask(
            "fit",
            plan.request(task.labels, self._folder),
            features.request,
            y,
            dict(plan.params),
            plan.seed,
        )
        return self._model(number, plan, task.task, task.labels, nullable)

    def dump(self, model: JuliaModel) -> bytes:
        """Return a card (which Julia wrote it, for which source, of which types) and Julia's own serialisation."""
        card = _packed(
            {
                "julia": self._versions["language"],
                "space": model.plan.space,
                "nullable": sorted(model.nullable),
                "layout": self._ask("layout", model.number),
                "packages": self._ask("packages", model.number),
            }
        )
        address, _, _, nbytes = self._call(["dump", model.number])
        return _MAGIC + _CARD_LENGTH.pack(len(card)) + card + ctypes.string_at(address, nbytes)

    def load(self, manifest: Manifest, blob: bytes) -> JuliaModel:
        """Return the model of a verified manifest; refuses what another source or a later Julia wrote."""
        plan, labels = JuliaPlan.of(manifest.spec, manifest.sources), manifest.labels
        card, value = self._opened(plan, blob)
        address = ctypes.cast(ctypes.c_char_p(value), ctypes.c_void_p).value
        # each version of Julia writes types in its own way
        same = _minor(card["julia"]) == _minor(self._versions["language"])
        types = card.get("layout") if same else None
        packages = card.get("packages", [])
        number = self._ask("load", plan.request(labels, self._folder), address, len(value), types, packages)
        return self._model(number, plan, manifest.task, labels, frozenset(card.get("nullable", ())))

    def predict(self, model: JuliaModel, X: Table, params: Mapping[str, Any]) -> Array:
        """Return codes for a classifier, numbers otherwise; `params` come before the plan's own."""
        given = {**model.plan.predict_params, **params}
        return self._answer("predict", model, X, given, np.float64 if model.labels is None else np.int32)

    def predict_proba(self, model: JuliaModel, X: Table, params: Mapping[str, Any]) -> Array:
        """Return probabilities in class order, none of them missing."""
        answer = self._answer("predict_proba", model, X, dict(params), np.float64)
        count = 0 if model.labels is None else len(model.labels.classes)
        if answer.ndim == 1:
            answer = answer.reshape(-1, 1)
        if answer.shape[1] != count:
            raise self._wrong(f"predict_proba gave {answer.shape[1]} columns for {count} classes")
        if (gone := np.isnan(answer).any(axis=1)).any():
            raise self._wrong(f"predict_proba gave NaN or missing for sample {int(np.argmax(gone)) + 1}")
        return answer

    def dataset(self, spec: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[Table, Column | None]:
        """Return copies of what the author's function returned: (X, y), or X alone."""
        plan = JuliaPlan.of_dataset(spec, sources)
        told = self._ask("dataset", plan.request(None, self._folder), dict(plan.params))
        try:
            return dataset(told)
        finally:
            self._ask("forget_dataset")

    def transform(self, spec: Mapping[str, Any], sources: Mapping[str, str], X: Table | None) -> Table:
        """Return a copy of the table that the author's function made of one, or of none."""
        plan = JuliaPlan.of_dataset(spec, sources)
        features = None if X is None else Features.table(X, ())
        given = None if features is None else features.request
        offered = dict(spec.get("offered") or {})
        told = self._ask("transform", plan.request(None, self._folder), given, dict(plan.params), offered)
        try:
            return dataset(told)[0]
        finally:
            self._ask("forget_dataset")

    def describe(self, model: JuliaModel) -> Mapping[str, Any]:
        """Return the type of the author's model, its abilities, what its script changes beyond, its compilation."""
        found: dict[str, Any] = self._ask("describe", model.number)
        return found

    def weigh(self, model: JuliaModel) -> list[tuple[str, float]]:
        """Return the largest fields of the author's model, with their bytes in memory."""
        return [(name, float(size)) for name, size in self._ask("weigh", model.number)]

    def take_output(self) -> Output:
        """Return what was printed, and the warnings that were logged."""
        text = self._capture.take()
        warnings = tuple(self._ask("warnings")) if self._reply[4] else ()
        return Output(text, warnings) if text or warnings else Output()

    def collect(self) -> None:
        """Collect Julia's garbage, forgotten models with it."""
        self._ask("collect")

    def interrupt(self) -> None:
        """Stop the call that runs: repeat SIGINT until it has ended; nothing where none runs."""
        with self._lock:
            if not self._running or self._stopping is not None:
                return
            self._stopping = threading.Thread(
                target=self._insist, args=(self._running,), name="julia-interrupt", daemon=True
            )
            self._stopping.start()

    def _insist(self, call: int) -> None:
        used = time.pthread_getcpuclockid(self._thread)
        began, used_before = time.monotonic(), time.clock_gettime(used)
        while True:
            with self._lock:
                if self._running != call:
                    return
                self._library.interrupt()
            gentle = time.clock_gettime(used) - used_before < _GENTLE_FOR_S
            gentle = gentle and time.monotonic() - began < _GENTLE_AT_MOST_S
            self._forced = self._forced or not gentle
            self._ended.wait(_GENTLE_EVERY_S if gentle else _FORCEFUL_EVERY_S)

    def _answer(self, question: str, model: JuliaModel, X: Table, params: dict[str, Any], dtype: type[Any]) -> Array:
        features = _features(model.plan, X, model.nullable)
        asked = time.perf_counter_ns()
        reply = self._call([question, model.number, features.request, params])
        self.native = (asked, time.perf_counter_ns())
        try:
            answer = copied(*reply, dtype)
        except ValueError as error:
            raise self._wrong(f"{question}: {error}; a vector or a matrix is needed") from None
        if len(answer) != X.rows:
            raise self._wrong(
                f"{question} gave {len(answer)} answers for {X.rows} samples; one a sample is needed"
                f"{' (layout is columns: a matrix has one column a sample)' if model.plan.columns else ''}"
            )
        return answer

    def _ask(self, *request: Any) -> Any:
        """Return the packed answer of one operation."""
        address, _, _, nbytes = self._call(list(request))
        return msgpack.unpackb(ctypes.string_at(address, nbytes))

    def _call(self, request: list[Any]) -> tuple[int, int, int, int]:
        """Return where the answer lies: address, rows, columns and bytes, good until the next call."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("Julia may be entered by the thread that started it and by no other")
        if self._forgotten and request[0] != "free":
            self._call(["free", [self._forgotten.popleft() for _ in range(len(self._forgotten))]])
        try:
            packed = _packed(request)
        except (TypeError, ValueError, OverflowError) as error:
            raise BadRequest(f"a parameter cannot be handed to Julia: {error}; use plain JSON values") from None
        status = self._enter(packed)
        address, rows, columns, nbytes, _ = self._reply
        if status:
            report = msgpack.unpackb(ctypes.string_at(address, nbytes))
            raise EstimatorFailed(
                report["message"],
                language="julia",
                native_class=report["class"],
                traceback=report["traceback"],
            )
        return address, rows, columns, nbytes

    def _enter(self, packed: bytes) -> int:
        with self._lock:
            self._calls += 1
            self._running = self._calls
        try:
            status: int = self._entry(packed, len(packed), self._reply)
        finally:
            with self._lock:
                self._running = 0
                stopping = self._stopping
                self._stopping = None
                if stopping is not None:
                    self._ended.set()
        if stopping is not None:
            stopping.join()
            self._ended.clear()
            self._settle()
        return status

    def _settle(self) -> None:
        """Let interrupts that came too late pass, so that they do not hit the next call; keep the answer."""
        kept = self._reply[:]
        root = ctypes.string_at(kept[0], kept[3])
        packed = _packed(["settle"])
        self._entry(packed, len(packed), self._reply)
        self._late = ctypes.create_string_buffer(root, len(root) or 1)
        self._reply[:] = [ctypes.addressof(self._late), *kept[1:]]

    def _opened(self, plan: JuliaPlan, blob: bytes) -> tuple[Mapping[str, Any], bytes]:
        """Return the card and Julia's own bytes of what `dump` gave, once they are known to fit."""
        head = len(_MAGIC) + _CARD_LENGTH.size
        if blob[: len(_MAGIC)] != _MAGIC or len(blob) < head:
            raise self._wrong("the artefact holds no Julia model; fit it again")
        start = head + _CARD_LENGTH.unpack_from(blob, len(_MAGIC))[0]
        card = msgpack.unpackb(blob[head:start])
        if card["space"] != plan.space:
            raise self._wrong("the model was fitted with other source files than those that came with it; fit it again")
        ours = self._versions["language"]
        if _minor(card["julia"]) > _minor(ours) or _minor(card["julia"])[0] != _minor(ours)[0]:
            raise self._wrong(
                f"the model was fitted with Julia {card['julia']} and this worker has Julia {ours}, which cannot read "
                f"it; fit it again here, or run workers with Julia {card['julia']}"
            )
        return card, blob[start:]

    def _model(
        self, number: int, plan: JuliaPlan, task: Task, labels: Labels | None, nullable: frozenset[str]
    ) -> JuliaModel:
        model = JuliaModel(number, plan, task, labels, nullable)
        # only noted here: a finaliser may run in any thread, and Julia may not be entered from any
        finalize(model, self._forgotten.append, number)
        return model

    @property
    def _folder(self) -> Path:
        """The folder for authors' files that lie nowhere else; made by the first model that needs it."""
        if self._scratch is None:
            self._scratch = Path(tempfile.gettempdir(), f"triglot-julia-{os.getpid()}-{secrets.token_hex(8)}")
            atexit.register(shutil.rmtree, self._scratch, ignore_errors=True)
        return self._scratch

    @staticmethod
    def _wrong(message: str) -> EstimatorFailed:
        return EstimatorFailed(message, language="julia")


def _features(plan: JuliaPlan, X: Table, nullable: Collection[str]) -> Features:
    return Features.matrix(X, plan.columns) if plan.wants_matrix(X) else Features.table(X, nullable)


def _packed(value: Any) -> bytes:
    return cast(bytes, msgpack.packb(value))


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
