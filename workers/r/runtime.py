"""R models: a plain script with a function that fits, and R's own `predict()`."""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import numpy as np

from triglot.errors import BadRequest, EstimatorFailed, LanguageUnavailable, Problem
from triglot.manifest import Manifest
from triglot.protocol.runtime import FitTask, Output
from triglot.protocol.sources import declared_files, fingerprint, lay_out
from triglot.tables.labels import Labels, Task
from triglot.tables.table import Array, Column, Table
from triglot.workers.r.interpreter import Interpreter
from triglot.workers.r.learning import QUESTIONS, Parts, as_parts, compared, telling
from triglot.workers.r.script import Script
from triglot.workers.r.text import unknown_levels

_NOT_PACKAGES = ("language", "attached")
WARNINGS_SHOWN = 3  # of those before an error, in its message


@dataclass(frozen=True, slots=True, eq=False)
class RModel:
    """A fitted R object, the script that it belongs to, and the R functions that answer for it."""

    object: Any
    script: Script
    labels: Labels | None
    as_matrix: bool
    own_shares: bool
    dump: str
    parts: Parts
    predict: Any
    predict_proba: Any
    learn: Any


class RRuntime:
    """R in a worker process, through rpy2's low-level interface."""

    language: ClassVar[str] = "r"

    def __init__(self) -> None:
        self._r: Interpreter | None = None
        self._warned: list[str] = []
        self._scripts: WeakValueDictionary[tuple[str, str], Script] = WeakValueDictionary()
        self.native = (0, 0)

    def start(self) -> None:
        """Start R in this thread, which must be the process's main thread."""
        self._r = Interpreter(os.environ)
        # A private folder that goes with the process: what lies there is run as code.
        self._scratch = tempfile.TemporaryDirectory(prefix="triglot-r-")

    def versions(self) -> Mapping[str, str]:
        """Return the versions of R and of the loaded packages that do not come with it.

        The key "attached" names those that are attached, first searched first, as `load` needs to know.
        """
        r = self._interpreter
        found = {"language": str(r.call(r["r_version"])[0]), **self.packages()}
        if attached := list(r.call(r["attached_packages"])):
            found["attached"] = " ".join(attached)
        return found

    def packages(self) -> dict[str, str]:
        """Return the versions of the loaded packages that do not come with R itself."""
        r = self._interpreter
        versions = r.call(r["package_versions"])
        return dict(zip(versions.names, versions, strict=True)) if len(versions) else {}

    def fit(self, task: FitTask) -> RModel:
        """Return what the author's function answered for x, y and the parameters of `spec["params"]`.

        x is a data.frame, or a matrix where `spec["x"]` says so; y is a factor with exactly the classes as its
        levels, the codes 0..k-1 where `spec["encode_labels"]` is true, or numbers (a matrix of several outputs).
        """
        spec = task.spec
        script = self._script(spec, task.sources)
        name = script.require(spec.get("fit") or "fit")
        inputs = self._inputs
        x = self._x(task.X, _as_matrix(spec))
        params, seed = inputs.parameter(spec.get("params") or {}), inputs.parameter(_seed(spec))
        fitted = self._run("fit_model", script.env, name, x, self._y(task), params, seed)
        model = self._model(fitted, script, spec, task.task, task.labels)
        if parts := self._learned(model, task.X):
            model = self._model(fitted, script, spec, task.task, task.labels, parts)
        self._warned += self._remarks(model, task)
        return model

    def dump(self, model: RModel) -> bytes:
        """Return the model by the author's own function, if there is one, else by R's `serialize()`."""
        own = self._inputs.strings((model.dump,))
        dumped: bytes = self._answers.to_bytes(self._run("dump_model", model.object, model.script.env, own))
        return dumped

    def load(self, manifest: Manifest, blob: bytes) -> RModel:
        """Return the model of bytes that the caller has verified, with its packages loaded and its script sourced."""
        spec, inputs = manifest.spec, self._inputs
        script = self._script(spec, manifest.sources, manifest.runtime)
        own = inputs.strings((script.chosen(spec, "load"),))
        fitted = self._run("load_model", inputs.raw(blob), script.env, own)
        return self._model(fitted, script, spec, manifest.task, manifest.labels, manifest.get("parts"))

    def predict(self, model: RModel, X: Table, params: Mapping[str, Any]) -> Array:
        """Return codes for a classifier, numbers otherwise; `params` are named arguments of `predict()`."""
        if not X.rows:
            return np.empty(0, np.float64 if model.labels is None else np.int32)
        return self._answer(model.predict, model, X, params)

    def predict_proba(self, model: RModel, X: Table, params: Mapping[str, Any]) -> Array:
        """Return probabilities in class order; a class that the model never saw has probability 0."""
        if model.labels is None:
            raise BadRequest("a regression has no probabilities; ask for predict")
        if not X.rows:
            return np.empty((0, len(model.labels.classes)))
        return self._answer(model.predict_proba, model, X, params)

    def dataset(self, spec: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[Table, Column | None]:
        """Return copies of what the author's function returned: list(x, y), or a data.frame or matrix alone."""
        script = self._script(spec, sources)
        name = script.require(spec.get("function") or "dataset")
        inputs = self._inputs
        returned = self._run("read_dataset", script.env, name, inputs.parameter(spec.get("params") or {}))
        found: tuple[Table, Column | None] = self._answers.dataset(returned)
        return found

    def transform(self, spec: Mapping[str, Any], sources: Mapping[str, str], X: Table | None) -> Table:
        """Return a copy of the data.frame that the author's function made of one, or of none."""
        script, inputs = self._script(spec, sources), self._inputs
        name = script.require(spec.get("function") or "transform")
        x = self._interpreter.rinterface.NULL if X is None else inputs.data_frame(X)
        said = [inputs.parameter(spec.get(key) or {}) for key in ("params", "offered")]
        made: Table = self._answers.dataset(self._run("transform_table", script.env, name, x, *said))[0]
        return made

    def describe(self, model: RModel) -> Mapping[str, Any]:
        """Return the model's R classes, whether it knows probabilities, the packages that are attached, and which part
        of its answers is meant where they have several.
        """
        r = self._interpreter
        classes, probabilities = r.call(r["describe_model"], model.object)
        return {
            "native_class": classes[0],
            "native_classes": list(classes),
            "predict_proba": model.labels is not None and (model.own_shares or bool(probabilities[0])),
            "attached": list(r.call(r["attached_packages"])),
            **({"parts": model.parts} if model.parts else {}),
        }

    def weigh(self, model: RModel) -> list[tuple[str, float]]:
        """Return the largest objects that the environments of formulas and functions keep, with their bytes."""
        if model.dump:
            return []
        texts, sizes = self._run("weigh_model", model.object, model.script.env)
        return list(zip(map(str, texts), map(float, sizes), strict=True))

    def take_output(self) -> Output:
        """Return what was printed and warned of since the last call, and forget it."""
        text = self._interpreter.console.take()
        if not text and not self._warned:
            return Output()
        warned, self._warned = self._warned, []
        return Output(text, tuple(warned))

    def collect(self) -> None:
        """Collect R's garbage, which R itself leaves until there are tens of megabytes of it."""
        self._run("collect")

    def interrupt(self) -> None:
        """Have R leave the running call at its next check; may be called from any thread."""
        if self._r is not None:
            self._r.interrupt()

    @property
    def _interpreter(self) -> Interpreter:
        if self._r is None:
            raise LanguageUnavailable("R has not been started in this process")
        return self._r

    @property
    def _inputs(self) -> ModuleType:
        # It looks up R's symbols, and so can only be loaded once R runs.
        from triglot.workers.r import inputs

        return inputs

    @property
    def _answers(self) -> ModuleType:
        from triglot.workers.r import answers

        return answers

    def _use_libraries(self, spec: Mapping[str, Any], env: Any) -> None:
        folders = spec.get("lib_paths") or []
        if not isinstance(folders, list) or not all(isinstance(folder, str) for folder in folders):
            raise BadRequest(f"spec.lib_paths is {folders!r}; use a list of folders")
        strings = self._inputs.strings
        self._run("use_libraries", strings(folders), strings((str(spec.get("folder") or ""),)), env)

    def _use_packages(self, runtime: Mapping[str, Any], env: Any) -> None:
        inputs = self._inputs
        wanted = {name: version for name, version in runtime.items() if name not in _NOT_PACKAGES}
        attached = inputs.strings(runtime.get("attached", "").split())
        language = inputs.parameter(runtime["language"])
        self._run("restore_packages", inputs.parameter(wanted), attached, language, env)

    def _script(
        self, spec: Mapping[str, Any], sources: Mapping[str, str], runtime: Mapping[str, Any] | None = None
    ) -> Script:
        """Return a script, sourced in a world of its own with its libraries and the packages of a fit's `runtime`."""
        name = spec.get("script")
        if not isinstance(name, str) or name not in sources:
            raise BadRequest(f"spec.script is {name!r}; name one of the stored files: {', '.join(sorted(sources))}")
        key = (fingerprint(sources), name)
        script, r = self._scripts.get(key), self._interpreter
        env = r.call(r["new_script"], f"script.{key[0]}") if script is None else script.env
        self._use_libraries(spec, env)
        if runtime is not None:
            self._use_packages(runtime, env)
        if script is None:
            files = declared_files(spec, sources)
            folder = lay_out(sources, str(spec.get("folder") or ""), Path(self._scratch.name), files).absolute()
            self._run("load_script", str(folder / name), str(folder), env, self._inputs.parameter(bool(files)))
            script = self._scripts[key] = Script(name, env, tuple(r.call(r["script_functions"], env)))
        return script

    def _learned(self, model: RModel, X: Table) -> Parts:
        """Return which part of the model's answers is meant, where it answers several rows with a list or a frame."""
        x = self._x(telling(X), model.as_matrix)
        found, _, failure = self._answers.told(self._interpreter.call(model.learn, x))
        return {} if failure else as_parts(found)

    def _remarks(self, model: RModel, task: FitTask) -> list[str]:
        """Return what the author is to be told of the answers to rows of the training data."""
        r, inputs = self._interpreter, self._inputs
        own = task.spec.get("predict_params") is not None or model.script.chosen(task.spec, "predict")
        X, targets = compared(task, own=bool(own))
        if not X.rows:
            return []
        x, y = self._x(X, model.as_matrix), inputs.numbers(targets)
        levels = r.rinterface.NULL if model.labels is None else inputs.strings(model.labels.texts)
        functions = model.predict, model.predict_proba
        found, _, failure = self._answers.told(
            r.call(r["remarks_on"], model.object, *functions, model.script.env, levels, x, y)
        )
        return [] if failure else list(found)

    def _model(
        self,
        fitted: Any,
        script: Script,
        spec: Mapping[str, Any],
        task: Task,
        labels: Labels | None,
        parts: Parts | None = None,
    ) -> RModel:
        if task == "classification" and labels is None:
            raise BadRequest("a classification needs its classes")
        inputs = self._inputs
        levels = None if task == "regression" or labels is None else labels
        by_name = [script.chosen(spec, key) for key in QUESTIONS]
        said = [spec.get("predict_params"), spec.get("predict_proba_params")]
        dump, load = (script.chosen(spec, key) for key in ("dump", "load"))
        if bool(dump) != bool(load):
            raise BadRequest(f"{script.name} has one of dump_model and load_model; a model that needs one needs both")
        r = self._interpreter
        meant = [(parts or {}).get(key) for key in QUESTIONS]
        predict, predict_proba, learn = r.call(
            r["new_predictor"],
            fitted,
            script.env,
            r.rinterface.NULL if levels is None else inputs.strings(levels.texts),
            inputs.parameter(bool(spec.get("encode_labels"))),
            inputs.strings(by_name),
            inputs.parameter(said),
            inputs.parameter(meant),
        )
        own_shares = bool(by_name[1]) or said[1] is not None
        as_matrix = _as_matrix(spec)
        return RModel(fitted, script, levels, as_matrix, own_shares, dump, parts or {}, predict, predict_proba, learn)

    def _x(self, X: Table, as_matrix: bool) -> Any:
        return self._inputs.matrix(X) if as_matrix else self._inputs.data_frame(X)

    def _y(self, task: FitTask) -> Any:
        inputs = self._inputs
        if task.y is None:
            return inputs.parameter(None)
        if task.task == "regression":
            numbers = np.asarray(task.y, dtype=np.float64)
            if numbers.ndim == 1:
                return inputs.numbers(numbers)
            return inputs.matrix(Table([f"y{j}" for j in range(numbers.shape[1])], matrix=numbers))
        if task.labels is None:
            raise BadRequest("a classification needs its classes")
        codes = np.asarray(task.y, dtype=np.int32)
        return inputs.numbers(codes) if task.spec.get("encode_labels") else inputs.factor(codes, task.labels.texts)

    def _answer(self, function: Any, model: RModel, X: Table, params: Mapping[str, Any]) -> Array:
        inputs = self._inputs
        x = self._x(X, model.as_matrix)
        named = {name: inputs.parameter(value) for name, value in params.items()} if params else {}
        asked = time.perf_counter_ns()
        outcome = self._interpreter.call(function, x, **named)
        self.native = (asked, time.perf_counter_ns())
        answer: Array = self._answers.to_array(self._told(outcome, X.names))
        return answer

    def _run(self, name: str, *args: Any) -> Any:
        r = self._interpreter
        return self._told(r.call(r[name], *args))

    def _told(self, outcome: Any, columns: Sequence[str] = ()) -> Any:
        """Return the value of what R's `guarded()` tells; raises its failure.

        That is a `BadRequest` where one of the columns that a caller has sent holds levels unknown to the model.
        """
        value, warned, failure = self._answers.told(outcome)
        self._warned += warned
        if failure:
            (message,), (native_class,), (trace,), *unseen = failure
            if unseen and (column := next((name for name in unseen[0] if name in columns), None)) is not None:
                raise BadRequest("the rows do not fit the model", [Problem(column, unknown_levels(*unseen[1:]))])
            before = "; ".join(dict.fromkeys(warned[-WARNINGS_SHOWN:]))  # the reason may stand there, as with a file
            raise EstimatorFailed(
                f"{message}; before that, it warned: {before}" if before else message,
                language=self.language,
                native_class=native_class,
                traceback=trace,
                output=self._interpreter.console.peek(),
            )
        return value


def _as_matrix(spec: Mapping[str, Any]) -> bool:
    shape = spec.get("x", "data.frame")
    if shape not in ("data.frame", "matrix"):
        raise BadRequest(f"spec.x is {shape!r}; use data.frame or matrix")
    return bool(shape == "matrix")


def _seed(spec: Mapping[str, Any]) -> int | None:
    seed = spec.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or abs(seed) >= 2**31):
        raise BadRequest(f"spec.seed is {seed!r}; use an integer of 32 bits")
    return seed
