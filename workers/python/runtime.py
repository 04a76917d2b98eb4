"""scikit-learn estimators, and whatever has `fit` and `predict` like them."""

import contextlib
import gc
import importlib
import importlib.metadata
import io
import math
import platform
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Literal, TypeAlias

import cloudpickle
import numpy as np

from triglot.aliases import install
from triglot.errors import BadRequest, EstimatorFailed
from triglot.interfaces import PredictError
from triglot.manifest import Manifest
from triglot.protocol.runtime import FitTask, Output
from triglot.tables.frames import to_column, to_frame, to_table
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema
from triglot.tables.table import NUMERIC, Array, Column, Table
from triglot.workers.python.lazy_import import later

MAX_PRINTED = 1_000_000  # characters
_DISTRIBUTIONS = ("scikit-learn", "numpy", "scipy", "pandas", "cloudpickle")
# How an estimator gets X: a numpy array of two dimensions or of one, or a pandas DataFrame.
Form: TypeAlias = Literal["matrix", "frame", "vector"]
LONGEST_TEXT = 1_000
LARGEST_NUMBER = 2**53
# Packages whose classifiers take classes as 0..k-1 alone.
CODED = ("xgboost",)


@dataclass(frozen=True, slots=True, eq=False)
class PythonModel:
    """A fitted estimator, the classes as it was given them, and their place in the model's own order."""

    estimator: Any
    labels: Labels | None
    form: Form
    order: Array | None


class PythonRuntime:
    """Python in a worker process: the interpreter is there already."""

    language: ClassVar[str] = "python"

    def __init__(self) -> None:
        self._printed = _Printed()
        self._warned: list[str] = []
        self._calling = False
        self._unwanted = False

    def start(self) -> None:
        """Import what every estimator needs, so that the first request does not wait for it; in the main thread."""
        with later("pandas"):  # which scikit-learn imports for nothing, and pandas Arrow: 65 MB
            import sklearn.base  # noqa: F401

        signal.signal(signal.SIGINT, self._interrupted)

        install()  # authors' modules and stored estimators may name what they need as Palladium's

    def versions(self) -> Mapping[str, str]:
        """Return the versions of Python and of the libraries that a stored estimator depends on."""
        found = {"language": platform.python_version()}
        for name in _DISTRIBUTIONS:
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                found[name] = importlib.metadata.version(name)
        return found

    def fit(self, task: FitTask) -> PythonModel:
        """Return a copy of the unfitted estimator, fitted on labels of their own type or on numbers.

        X is a matrix where all its columns are numbers, else a pandas DataFrame; `spec["x"]` ("matrix", "frame" or,
        for one column, "vector") says otherwise.
        """
        if task.base is None:
            raise BadRequest("a Python model needs an unfitted estimator")
        self._extend_path(task.spec)
        form = _form(task.spec, Schema.learn(task.X).to_json())
        with self._author():
            estimator = cloudpickle.loads(task.base)
        labels = _known_labels(estimator, task.labels)
        y = _target(labels, task.y)
        with self._author():
            fitted = estimator.fit(_input(task.X, form, copy=True), y)
        return self._model(estimator if fitted is None else fitted, labels, form)

    def dump(self, model: PythonModel) -> bytes:
        """Return the estimator by cloudpickle."""
        with self._author():
            dumped: bytes = cloudpickle.dumps(model.estimator)
        return dumped

    def load(self, manifest: Manifest, blob: bytes) -> PythonModel:
        """Return the model of bytes that the caller has verified."""
        self._extend_path(manifest.spec)
        with self._author():
            estimator = cloudpickle.loads(blob)
        labels = None if manifest.labels is None else _known_labels(estimator, manifest.labels)
        return self._model(estimator, labels, _form(manifest.spec, manifest["schema"]))

    def predict(self, model: PythonModel, X: Table, params: Mapping[str, Any]) -> Array:
        """Return codes for a classifier, numbers otherwise."""
        with self._author():
            answer = np.asarray(model.estimator.predict(_input(X, model.form), **params))
        return answer if model.labels is None else self._codes(model.labels, answer)

    def predict_proba(self, model: PythonModel, X: Table, params: Mapping[str, Any]) -> Array:
        """Return probabilities in class order; a class that the estimator never saw has probability 0."""
        if not hasattr(model.estimator, "predict_proba"):
            raise BadRequest(f"{type(model.estimator).__name__} has no predict_proba")
        with self._author():
            answer = np.asarray(model.estimator.predict_proba(_input(X, model.form), **params), dtype=np.float64)
        if model.order is None or model.labels is None:
            return answer
        out = np.zeros((len(answer), len(model.labels.classes)))
        out[:, model.order] = answer
        return out

    def dataset(self, spec: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[Table, Column | None]:
        """Return what the function of a dotted name gave: (X, y), or X alone, as arrays or data frames."""
        self._extend_path(spec)
        name = str(spec.get("function") or "")
        module, _, attribute = name.rpartition(".")
        if not module:
            raise BadRequest(f"spec.function is {name!r}; name a function with its module, such as 'mydata.dataset'")
        with self._author():
            function = getattr(importlib.import_module(module), attribute, None)
        if function is None:
            raise BadRequest(f"module {module} has no function {attribute!r}")
        with self._author():
            answer = function(**spec.get("params") or {})
        X, y = answer if isinstance(answer, tuple | list) and len(answer) == 2 else (answer, None)
        if not hasattr(X, "shape") and not isinstance(X, Table):
            raise EstimatorFailed(
                f"{name}() returned {type(answer).__name__}; return (X, y) or X alone, X an array or a data frame",
                language="python",
            )
        return to_table(X), None if y is None else to_column(y)

    def describe(self, model: PythonModel) -> Mapping[str, Any]:
        """Return the estimator's class, what it can do and, where it knows them, its classes and how many columns.

        Its plain attributes are what a call's absent arguments fall back to. Of a search the results come too, as
        the text of JSON records.
        """
        kind = type(model.estimator)
        known = {
            "native_class": f"{kind.__module__}.{kind.__qualname__}",
            "predict": hasattr(model.estimator, "predict"),
            "predict_proba": hasattr(model.estimator, "predict_proba"),
            "classes": _one_list(getattr(model.estimator, "classes_", None)),
            "features": getattr(model.estimator, "n_features_in_", None),
            "attributes": _plain_attributes(model.estimator),
        }
        results = getattr(model.estimator, "cv_results_", None)
        return known if results is None else known | {"cv_results": _records(results)}

    def take_output(self) -> Output:
        """Return what the author's code printed and warned of since the last call."""
        if not self._warned and not self._printed.tell():
            return Output()
        output = Output(self._printed.getvalue(), tuple(self._warned))
        self._printed.seek(0)
        self._printed.truncate()
        self._warned = []
        return output

    def collect(self) -> None:
        """Collect what Python's reference counts have left."""
        with self._author():  # its destructors
            gc.collect()

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the author's code if it is running."""
        if self._calling:
            self._unwanted = True
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _interrupted(self, *_: Any) -> None:
        """Take SIGINT in the thread that runs the author's code: a call that is over is not interrupted."""
        ours, self._unwanted = self._unwanted, False
        if self._calling or not ours:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def _author(self) -> Iterator[None]:
        """Run the author's code: output and warnings kept, failures told as `EstimatorFailed`."""
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(self._printed):
            warnings.simplefilter("default")
            self._calling = True
            try:
                yield
            except BaseException as error:
                raise _failed(error) from None
            finally:
                self._calling = False
                self._warned += [f"{w.category.__name__}: {w.message}" for w in caught]

    def _codes(self, labels: Labels, answer: Array) -> Array:
        try:
            return labels.encode(answer.ravel())
        except BadRequest as error:
            raise EstimatorFailed(f"predict answered a label that is no class: {error}", language="python") from None

    @staticmethod
    def _model(estimator: Any, labels: Labels | None, form: Form) -> PythonModel:
        classes = getattr(estimator, "classes_", None)
        order = None
        if labels is not None and classes is not None and tuple(np.asarray(classes).tolist()) != labels.classes:
            order = labels.encode(np.asarray(classes))
        return PythonModel(estimator, labels, form, order)

    @staticmethod
    def _extend_path(spec: Mapping[str, Any]) -> None:
        """Let the author's own modules be found where the configuration found them."""
        for folder in spec.get("python_path", ()):
            if folder not in sys.path:
                sys.path.append(folder)


class _Printed(io.StringIO):
    """What the author's code prints, up to a bound, so that a chatty loop does not use up the worker's memory."""

    def write(self, text: str) -> int:
        """Keep the text while there is room."""
        room = MAX_PRINTED - self.tell()
        if room > 0:
            super().write(text if len(text) <= room else text[:room] + "... (the rest is not kept)\n")
        return len(text)


def _form(spec: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> Form:
    """Decide by what the manifest keeps alone, so that fitting and every later prediction agree."""
    said = spec.get("x")
    if said == "vector" and len(fields) != 1:
        raise BadRequest(f'spec.x is "vector", and X has {len(fields)} columns; a vector is one')
    if said in ("matrix", "frame", "vector"):
        form: Form = said
        return form
    floats = ("float64", "float32")
    whole = ("int64", "int32")
    mixed = any(
        field["kind"] not in floats and (field["kind"] not in whole or field.get("nullable", False)) for field in fields
    )
    return "frame" if mixed else "matrix"


def _known_labels(estimator: Any, labels: Labels | None) -> Labels | None:
    """Return the classes as the estimator knows them: themselves, or their codes for one of a coded package.

    Of a pipeline or a search it is the estimator inside that counts.
    """
    if labels is None:
        return None
    while (inner := getattr(estimator, "estimator", None)) is not None or getattr(estimator, "steps", None):
        estimator = estimator.steps[-1][1] if inner is None else inner
    coded = type(estimator).__module__.partition(".")[0] in CODED
    return Labels(tuple(range(len(labels.classes)))) if coded else labels


def _target(labels: Labels | None, y: Array | None) -> Array | None:
    """Return a target of the estimator's own: labels, or numbers.

    Text is objects, as in pandas: an array of numpy's own text would copy the text of each row that is predicted.
    """
    if labels is None or y is None:
        return None if y is None else np.array(y)
    return np.array(labels.classes, dtype=object)[y] if labels.kind == "string" else labels.array(y)


def _input(X: Table, form: Form, *, copy: bool = False) -> Any:
    if form == "frame":
        return to_frame(X, copy=copy)
    if form == "vector" and X.columns[0].kind not in NUMERIC:
        return np.array(X.columns[0].to_list(), dtype=object)
    matrix = np.array(X.matrix(), order="C")  # always a copy, because estimators may write into it
    return matrix[:, 0] if form == "vector" else matrix


def _plain_attributes(estimator: Any) -> dict[str, Any]:
    """Return the public attributes that are a number, a boolean, a short text or None; no code of theirs is run."""
    found: dict[str, Any] = {}
    for kind in reversed(type(estimator).__mro__):
        found |= vars(kind)
    found |= getattr(estimator, "__dict__", {})
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in found.items()}
    return {name: value for name, value in plain.items() if not name.startswith("_") and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    if isinstance(value, int | float):
        return math.isfinite(value) and abs(value) <= LARGEST_NUMBER
    return value is None


def _one_list(classes: Any) -> list[Any] | None:
    """Return the classes of one target as plain values; an estimator of several targets has a list of arrays."""
    return classes.tolist() if isinstance(classes, np.ndarray) and classes.ndim == 1 else None


def _records(results: Any) -> str:
    """Return the results of a search as JSON, an object a candidate; what JSON has no word for is its text."""
    import pandas as pd

    records: str = pd.DataFrame(results).to_json(orient="records", default_handler=str, double_precision=15)
    return records


def _failed(error: BaseException) -> EstimatorFailed:
    if isinstance(error, EstimatorFailed):  # a step in R or Julia, which has told all there is to tell
        return error
    frames = _authors_frames(error.__traceback__)
    message = str(error) or type(error).__name__
    foreseen = None
    if isinstance(error, PredictError):
        message = str(error.error_message)
        # what else an author may have put there has no place on the wire
        foreseen = error.error_code if isinstance(error.error_code, int) and _is_plain(error.error_code) else -1
    if isinstance(error, SystemExit):
        message = f"the estimator called exit({error.code})"
    elif isinstance(error, KeyboardInterrupt):
        message = "stopped: the request's deadline passed"
    return EstimatorFailed(
        message,
        language="python",
        native_class=type(error).__name__,
        error_code=foreseen,
        traceback="".join(traceback.format_list(frames)) + f"{type(error).__name__}: {error}",
    )


def _authors_frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """Return the frames behind our own, which an author cannot do anything about."""
    return [frame for frame in traceback.extract_tb(trace) if frame.filename != __file__]
