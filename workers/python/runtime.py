"""scikit-learn estimators, and whatever has `fit` and `predict` like them."""

import contextlib
import gc
import importlib
import importlib.metadata
import platform
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import cloudpickle
import numpy as np

from triglot.aliases import install
from triglot.errors import BadRequest, EstimatorFailed, WrongAnswer
from triglot.manifest import Manifest, Question
from triglot.protocol.runtime import FitTask, Output
from triglot.tables.frames import to_column, to_frame, to_table
from triglot.tables.labels import Labels
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Column, Table
from triglot.workers.python.answers import (
    absent,
    as_array,
    known_labels,
    listed,
    needs,
    one_list,
    plain_attributes,
    records,
)
from triglot.workers.python.beside import changes
from triglot.workers.python.failures import failed, tell_of_names
from triglot.workers.python.former_pickles import loads
from triglot.workers.python.inputs import Form, features, form_of, taken, target
from triglot.workers.python.lazy_import import later
from triglot.workers.python.output import Printed
from triglot.workers.python.weights import weights
from triglot.workers.python.world import World, Worlds

TEXTS = ("string", "category")
_DISTRIBUTIONS = ("scikit-learn", "numpy", "scipy", "pandas", "cloudpickle")


@dataclass(frozen=True, slots=True, eq=False)
class PythonModel:
    """A fitted estimator, the classes as it was given them, and their place in the model's own order.

    The needs are the arguments without which its methods cannot be called.
    """

    estimator: Any
    labels: Labels | None
    form: Form
    order: Array | None
    world: World
    predict_needs: tuple[str, ...] = ()
    predict_proba_needs: tuple[str, ...] = ()


class PythonRuntime:
    """Python in a worker process: the interpreter is there already."""

    language: ClassVar[str] = "python"

    def __init__(self, *, live: bool = False) -> None:
        """Keep what the author's code prints for the answer; `live` leaves it to standard output instead."""
        self._printed = Printed()
        self._live = live
        self._warned: list[str] = []
        self._calling = False
        self._unwanted = False
        self._worlds = Worlds()
        self.native = (0, 0)

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
        world = _world(task.spec)
        form = form_of(task.spec, Schema.learn(task.X).to_json())
        with self._author(world):
            estimator = cloudpickle.loads(task.base)
        labels = known_labels(estimator, task.labels)
        y = target(labels, task.y)
        try:
            with self._author(world):
                fitted = estimator.fit(features(task.X, form, copy=True), y)
        except EstimatorFailed as error:
            if form == "matrix":
                tell_of_names(error)
            raise
        return self._model(estimator if fitted is None else fitted, labels, form, world)

    def dump(self, model: PythonModel) -> bytes:
        """Return the estimator by cloudpickle."""
        with self._author(model.world):
            dumped: bytes = cloudpickle.dumps(model.estimator)
        return dumped

    def load(self, manifest: Manifest, blob: bytes) -> PythonModel:
        """Return the model of bytes that the caller has verified."""
        world = _world(manifest.spec)
        self._warned += changes(manifest.get("modules", {}), world.folders)
        with self._author(world):
            estimator = loads(blob)
        labels = None if manifest.labels is None else known_labels(estimator, manifest.labels)
        return self._model(estimator, labels, form_of(manifest.spec, manifest["schema"]), world)

    def predict(self, model: PythonModel, X: Table, params: Mapping[str, Any]) -> Array:
        """Return codes for a classifier, numbers otherwise."""
        with self._author(model.world):
            params = absent(model.estimator, model.predict_needs, params)
            x, asked = features(X, model.form), time.perf_counter_ns()
            answer = as_array(model.estimator.predict(x, **params), "predict")
            self.native = (asked, time.perf_counter_ns())
        return answer if model.labels is None else self._codes(model.labels, answer)

    def predict_proba(self, model: PythonModel, X: Table, params: Mapping[str, Any]) -> Array:
        """Return probabilities in class order; a class that the estimator never saw has probability 0."""
        if not hasattr(model.estimator, "predict_proba"):
            raise BadRequest(f"{type(model.estimator).__name__} has no predict_proba")
        with self._author(model.world):
            params = absent(model.estimator, model.predict_proba_needs, params)
            x, asked = features(X, model.form), time.perf_counter_ns()
            answer = as_array(model.estimator.predict_proba(x, **params), "predict_proba", np.float64)
            self.native = (asked, time.perf_counter_ns())
        if model.order is None or model.labels is None or answer.shape[1:] != model.order.shape:
            return answer
        out = np.zeros((len(answer), len(model.labels.classes)))
        out[:, model.order] = answer
        return out

    def answers(self, model: PythonModel, question: Question, X: Table, params: Mapping[str, Any]) -> Sequence[Any]:
        """Return whatever the estimator answers, one value a row."""
        ask = getattr(model.estimator, question, None)
        if ask is None:
            raise BadRequest(f"{type(model.estimator).__name__} has no {question}")
        needed = model.predict_needs if question == "predict" else model.predict_proba_needs
        with self._author(model.world):
            params = absent(model.estimator, needed, params)
            x, asked = features(X, model.form), time.perf_counter_ns()
            answer = listed(ask(x, **params), question)
            self.native = (asked, time.perf_counter_ns())
        return answer

    def score(self, model: PythonModel, X: Table, y: Table) -> float:
        """Return what the estimator's own `score` says of a target."""
        if not hasattr(model.estimator, "score"):
            raise BadRequest(f"{type(model.estimator).__name__} has no method score")
        truth = np.array(y.columns[0].to_list(), dtype=object) if y.columns[0].kind in TEXTS else y.matrix()
        with self._author(model.world):
            return float(
                model.estimator.score(features(X, model.form), truth[:, 0] if truth.shape[1:] == (1,) else truth)
            )

    def dataset(self, spec: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[Table, Column | None]:
        """Return what the function of a dotted name gave: (X, y), or X alone, as arrays or data frames."""
        name, world, function = self._function(spec)
        with self._author(world):
            answer = function(**spec.get("params") or {})
        X, y = answer if isinstance(answer, tuple | list) and len(answer) == 2 else (answer, None)
        if not hasattr(X, "shape") and not isinstance(X, Table):
            raise EstimatorFailed(
                f"{name}() returned {type(answer).__name__}; return (X, y) or X alone, X an array or a data frame",
                language="python",
            )
        return to_table(X), None if y is None else to_column(y)

    def transform(self, spec: Mapping[str, Any], sources: Mapping[str, str], X: Table | None) -> Table:
        """Return what the function of a dotted name made of a data frame."""
        name, world, function = self._function(spec)
        given = () if X is None else (to_frame(X, copy=True),)
        with self._author(world):
            answer = function(*given, **{**(spec.get("params") or {}), **taken(function, spec.get("offered") or {})})
        if not hasattr(answer, "columns"):
            raise EstimatorFailed(f"{name}() returned {type(answer).__name__}; return a data frame", language="python")
        return to_table(answer)

    def _function(self, spec: Mapping[str, Any]) -> tuple[str, World, Any]:
        """Return the function that `spec` names by its dotted name, which also is returned, and where it is called."""
        world = _world(spec)
        name = str(spec.get("function") or "")
        module, _, attribute = name.rpartition(".")
        if not module:
            raise BadRequest(f"spec.function is {name!r}; name a function with its module, such as 'mydata.dataset'")
        with self._author(world):
            function = getattr(importlib.import_module(module), attribute, None)
        if function is None:
            raise BadRequest(f"module {module} has no function {attribute!r}")
        return name, world, function

    def describe(self, model: PythonModel) -> Mapping[str, Any]:
        """Return the estimator's class, what it can do and, where it knows them, its classes and how many columns.

        Its plain attributes are what a call's absent arguments fall back to. Of a search the results come too, as
        the text of JSON records, and which of them it has chosen.
        """
        kind = type(model.estimator)
        known = {
            "native_class": f"{kind.__module__}.{kind.__qualname__}",
            "predict": hasattr(model.estimator, "predict"),
            "predict_proba": hasattr(model.estimator, "predict_proba"),
            "classes": one_list(getattr(model.estimator, "classes_", None)),
            "features": getattr(model.estimator, "n_features_in_", None),
            "attributes": plain_attributes(model.estimator),
            "modules": {} if model.world.beside is None else model.world.beside.digests(),
        }
        results = getattr(model.estimator, "cv_results_", None)
        if results is None:
            return known
        best = getattr(model.estimator, "best_index_", None)
        return known | {"cv_results": records(results), "best_index": None if best is None else int(best)}

    def weigh(self, model: PythonModel) -> list[tuple[str, float]]:
        """Return the estimator's largest attributes with the bytes that each has when it is pickled."""
        with self._author(model.world):
            return weights(model.estimator)

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
        with self._author(None):  # its destructors
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
    def _author(self, world: World | None) -> Iterator[None]:
        """Run the author's code: output and warnings kept, failures told as `EstimatorFailed`."""
        if world is not None:
            self._worlds.enter(world)
        self._worlds.guard()
        printed = contextlib.nullcontext() if self._live else contextlib.redirect_stdout(self._printed)
        with warnings.catch_warnings(record=True) as caught, printed:
            warnings.simplefilter("default")
            self._calling = True
            try:
                yield
            except BaseException as error:
                raise failed(error) from None
            finally:
                self._calling = False
                self._warned += [f"{w.category.__name__}: {w.message}" for w in caught]
                if told := self._worlds.guarded():
                    self._warned.append(told)

    def _codes(self, labels: Labels, answer: Array) -> Array:
        if answer.ndim > 1 and answer.size != len(answer):
            raise WrongAnswer(f"predict answered shape {answer.shape}, which are no classes of rows", language="python")
        try:
            return labels.encode(answer.ravel())
        except BadRequest as error:
            raise WrongAnswer(f"predict answered a label that is no class: {error}", language="python") from None
        except TypeError:  # a sparse matrix, say, which is one object to numpy
            kind = type(answer.ravel()[0]).__name__
            message = f"predict answered values of type {kind}, which are no classes"
            raise WrongAnswer(message, language="python") from None

    @staticmethod
    def _model(estimator: Any, labels: Labels | None, form: Form, world: World) -> PythonModel:
        classes = getattr(estimator, "classes_", None)
        order = None
        if labels is not None and classes is not None and tuple(np.asarray(classes).tolist()) != labels.classes:
            order = labels.encode(np.asarray(classes))
        return PythonModel(
            estimator, labels, form, order, world, needs(estimator, "predict"), needs(estimator, "predict_proba")
        )


def _world(spec: Mapping[str, Any]) -> World:
    """Return a new world, in which the author's own modules are found where the configuration found them."""
    return World(spec.get("python_path", ()))
