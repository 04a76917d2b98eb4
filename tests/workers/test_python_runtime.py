import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
import xgboost
from scipy.sparse import csr_matrix
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.helpers import author_module, floats
from triglot.errors import BadRequest, EstimatorFailed
from triglot.manifest import Manifest
from triglot.protocol.runtime import FitTask
from triglot.tables.labels import Labels, Task
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table
from triglot.workers.python.runtime import PythonRuntime

MODELS = Path(__file__).parent.parent / "models"
LABELS = Labels(("low", "high"))
X = floats((0.0, 5.0), (1.0, 4.0), (9.0, 1.0), (8.0, 0.0))
CODES = np.array([0, 0, 1, 1], np.int32)


class Spy:
    """An estimator that keeps what it was given, and does as the test says."""

    def __init__(self, act: Any = None) -> None:
        self.act = act

    def fit(self, X: Any, y: Any) -> "Spy":
        self.seen = (X, y)
        return self

    def predict(self, X: Any, **params: Any) -> Any:
        self.asked = (X, params)
        return self.act(X) if self.act else np.zeros(len(X))


@pytest.fixture
def runtime() -> PythonRuntime:
    started = PythonRuntime()
    started.start()
    return started


def task(estimator: Any, table: Table = X, y: Any = CODES, labels: Labels | None = LABELS, **spec: Any) -> FitTask:
    kind: Task = "regression" if labels is None else "classification"
    return FitTask(kind, spec, {}, table, y, labels, cloudpickle.dumps(estimator))


def manifest(table: Table = X, labels: Labels | None = LABELS, **spec: Any) -> Manifest:
    fields = {
        "spec": spec,
        "sources": {},
        "schema": Schema.learn(table).to_json(),
        "classes": None if labels is None else list(labels.classes),
    }
    return Manifest(fields)


def test_an_estimator_is_fitted_on_labels_and_answers_codes(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(LogisticRegression()))
    assert model.estimator.classes_.tolist() == ["high", "low"]
    assert model.estimator.classes_.dtype == object  # as pandas has text
    assert runtime.predict(model, X, {}).tolist() == CODES.tolist()


def test_probabilities_come_in_the_order_of_the_labels_not_of_the_estimator(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(LogisticRegression()))
    shares = runtime.predict_proba(model, X, {})
    assert shares.argmax(axis=1).tolist() == CODES.tolist()
    np.testing.assert_allclose(shares[:, ::-1], model.estimator.predict_proba(X.matrix()))


def test_a_class_that_was_never_seen_has_probability_zero(runtime: PythonRuntime) -> None:
    labels = Labels(("a", "b", "c"))
    model = runtime.fit(task(DummyClassifier(strategy="prior"), y=np.array([2, 0, 0, 0], np.int32), labels=labels))
    np.testing.assert_allclose(runtime.predict_proba(model, X, {}), [[0.75, 0.0, 0.25]] * 4)


@pytest.mark.parametrize("classes", [("a", "b"), (3, 7), (0.5, 1.5), (False, True)])
def test_an_estimator_sees_labels_of_their_own_type(runtime: PythonRuntime, classes: Any) -> None:
    model = runtime.fit(task(Spy(), labels=Labels(classes)))
    assert model.estimator.seen[1].tolist() == [classes[0], classes[0], classes[1], classes[1]]


@pytest.mark.parametrize("around", ["nothing", "a pipeline", "a search"])
def test_classifiers_of_xgboost_get_the_codes_that_they_take(runtime: PythonRuntime, around: str) -> None:
    trees = xgboost.XGBClassifier(n_estimators=2, min_child_weight=0, n_jobs=1)
    estimator = {
        "nothing": trees,
        "a pipeline": make_pipeline(StandardScaler(), trees),
        "a search": GridSearchCV(make_pipeline(StandardScaler(), trees), {"xgbclassifier__max_depth": [1]}, cv=2),
    }[around]
    labels = Labels(("high", "low"))

    model = runtime.fit(task(estimator, labels=labels))

    again = runtime.load(manifest(labels=labels), runtime.dump(model))
    for answering in (model, again):
        assert runtime.predict(answering, X, {}).tolist() == CODES.tolist()
        assert (runtime.predict_proba(answering, X, {}).argmax(axis=1) == CODES).all()


def test_a_model_that_was_dumped_and_loaded_answers_the_same(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(LogisticRegression()))
    again = PythonRuntime().load(manifest(), runtime.dump(model))
    np.testing.assert_array_equal(runtime.predict_proba(again, X, {}), runtime.predict_proba(model, X, {}))


def test_a_regression_answers_numbers_and_parameters_are_passed(runtime: PythonRuntime) -> None:
    y = X.matrix()[:, 0] * 2
    model = runtime.fit(task(LinearRegression(), y=y, labels=None))
    np.testing.assert_allclose(runtime.predict(model, X, {}), y, atol=1e-9)
    spy = runtime.fit(task(Spy(), y=y, labels=None))
    runtime.predict(spy, X, {"depth": 3})
    assert spy.estimator.asked[1] == {"depth": 3}


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_an_estimator_may_write_into_its_matrix_whatever_the_number_of_rows(runtime: PythonRuntime, rows: int) -> None:
    table = Table("ab", matrix=np.frombuffer(X.matrix().tobytes(order="F")).reshape((4, 2), order="F")).slice(0, rows)
    model = runtime.fit(task(make_pipeline(StandardScaler(copy=False), LogisticRegression())))
    before = table.matrix().copy()
    assert runtime.predict(model, table, {}).tolist() == CODES[:rows].tolist()
    np.testing.assert_array_equal(table.matrix(), before)


def test_a_fit_keeps_copies_because_the_tasks_memory_may_vanish(runtime: PythonRuntime) -> None:
    matrix, y = np.asfortranarray(X.matrix().copy()), np.array([1.0, 2.0, 3.0, 4.0])
    model = runtime.fit(task(Spy(), table=Table("ab", matrix=matrix), y=y, labels=None))
    matrix[:] = y[:] = -1
    assert model.estimator.seen[0].tolist() == X.matrix().tolist()
    assert model.estimator.seen[1].tolist() == [1.0, 2.0, 3.0, 4.0]


MIXED = Table(
    ["n", "word", "size", "flag"],
    columns=[
        Column("int64", np.array([1, 2, 3, 4]), np.array([False, True, False, False])),
        Column.strings(["x", None, "z", "x"]),
        Column.category(np.array([0, 1, 1, 0]), ["S", "L"], ordered=True),
        Column.numeric(np.array([True, False, True, False])),
    ],
)


def test_columns_of_several_kinds_are_a_data_frame(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(Spy(lambda X: np.array(["low"] * len(X))), table=MIXED))
    runtime.predict(model, MIXED.slice(1, 3), {})
    for frame, rows in ((model.estimator.seen[0], MIXED), (model.estimator.asked[0], MIXED.slice(1, 3))):
        assert isinstance(frame, pd.DataFrame)
        assert frame.columns.tolist() == ["n", "word", "size", "flag"]
        assert frame["size"].cat.categories.tolist() == ["S", "L"]
        assert frame["size"].cat.ordered
        for name, column in zip(rows.names, rows.columns, strict=True):
            found = [None if pd.isna(value) else value for value in frame[name].tolist()]
            assert found == column.to_list()


def test_matrix_or_frame_is_decided_by_the_schema_or_by_the_author(runtime: PythonRuntime) -> None:
    choices: list[tuple[dict[str, Any], type]] = [
        ({}, np.ndarray),
        ({"x": "frame"}, pd.DataFrame),
        ({"x": "matrix"}, np.ndarray),
    ]
    for spec, kind in choices:
        model = runtime.fit(task(Spy(), labels=None, y=CODES.astype(float), **spec))
        assert isinstance(model.estimator.seen[0], kind)
        again = runtime.load(manifest(labels=None, **spec), runtime.dump(model))
        runtime.predict(again, X, {})
        assert isinstance(again.estimator.asked[0], kind)


class Grave(BaseException):
    """Not even an Exception."""


def broken(error: BaseException) -> Any:
    def act(X: Any) -> Any:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "native_class", "message"),
    [
        (ValueError("too warm"), "ValueError", "too warm"),
        (KeyError(), "KeyError", "KeyError"),
        (SystemExit(3), "SystemExit", r"called exit\(3\)"),
        (KeyboardInterrupt(), "KeyboardInterrupt", "deadline"),
        (Grave("so grave"), "Grave", "so grave"),
        (MemoryError(), "MemoryError", "MemoryError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_the_author_raises_is_told_and_never_ends_the_worker(
    runtime: PythonRuntime, error: BaseException, native_class: str, message: str
) -> None:
    model = runtime.fit(task(Spy(), labels=None, y=CODES.astype(float)))
    model.estimator.act = broken(error)
    with pytest.raises(EstimatorFailed, match=message) as caught:
        runtime.predict(model, X, {})
    assert (caught.value.language, caught.value.native_class) == ("python", native_class)
    assert "in act" in caught.value.traceback
    assert "workers/python/runtime.py" not in caught.value.traceback


def test_an_estimator_that_answers_no_class_is_told(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(Spy(lambda X: ["medium"] * len(X))))
    with pytest.raises(EstimatorFailed, match="'medium' is none of the classes"):
        runtime.predict(model, X, {})


def test_an_estimator_that_answers_a_sparse_matrix_is_told_so(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(Spy(csr_matrix)))
    with pytest.raises(EstimatorFailed, match="predict answered values of type csr_matrix, which are no classes"):
        runtime.predict(model, X, {})


def test_an_estimator_without_probabilities_is_a_bad_request(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(Spy()))
    with pytest.raises(BadRequest, match="Spy has no predict_proba"):
        runtime.predict_proba(model, X, {})
    assert runtime.describe(model)["predict_proba"] is False


def test_without_an_estimator_there_is_nothing_to_fit(runtime: PythonRuntime) -> None:
    with pytest.raises(BadRequest, match="unfitted estimator"):
        runtime.fit(FitTask("regression", {}, {}, X, None, None, None))


def test_prints_and_warnings_are_taken_once(runtime: PythonRuntime) -> None:
    def act(X: Any) -> Any:
        print("hello", "author")
        warnings.warn("careful", stacklevel=1)
        return np.zeros(len(X))

    model = runtime.fit(task(Spy(), labels=None, y=CODES.astype(float)))
    model.estimator.act = act
    runtime.predict(model, X, {})
    output = runtime.take_output()
    assert (output.text, output.warnings) == ("hello author\n", ("UserWarning: careful",))
    assert runtime.take_output().text == ""
    runtime.predict(model, X, {})
    assert runtime.take_output().warnings == ("UserWarning: careful",), "a warning is told each time"


def test_an_authors_own_module_is_found_where_the_specification_says(runtime: PythonRuntime) -> None:
    estimator = author_module(MODELS, "echo").Echo(factor=2.0)
    model = runtime.fit(task(estimator, labels=None, y=CODES.astype(float), python_path=[str(MODELS)]))
    assert runtime.predict(model, X, {}).tolist() == [0.0, 2.0, 18.0, 16.0]
    assert runtime.describe(model)["native_class"] == "echo.Echo"


@contextmanager
def interrupting(runtime: PythonRuntime, every_s: float) -> Iterator[None]:
    """Interrupt what runs again and again, from another thread."""
    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(every_s):
            runtime.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    yield
    over.set()
    thread.join()


def test_a_running_call_is_interrupted_from_another_thread(runtime: PythonRuntime) -> None:
    estimator = author_module(MODELS, "echo").Echo()
    model = runtime.fit(task(estimator, labels=None, y=CODES.astype(float)))
    with interrupting(runtime, 0.1), pytest.raises(EstimatorFailed, match="deadline passed"):
        runtime.predict(model, X, {"nap": 20.0})


def test_an_interrupt_that_comes_when_the_call_is_over_interrupts_nothing(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(LogisticRegression()))
    between = interrupted = 0
    with interrupting(runtime, 0.0):
        while interrupted < 20:
            try:
                runtime.predict(model, X, {})
            except (EstimatorFailed, KeyboardInterrupt):
                interrupted += 1
            between += sum(range(100))  # where a late interrupt would end the test
    assert between


def test_nothing_is_interrupted_where_nothing_runs(runtime: PythonRuntime) -> None:
    runtime.interrupt()
    model = runtime.fit(task(LogisticRegression()))
    assert runtime.predict(model, X, {}).tolist() == CODES.tolist()


def test_versions_name_the_language_and_what_a_stored_estimator_depends_on(runtime: PythonRuntime) -> None:
    assert {"language", "scikit-learn", "numpy", "cloudpickle"} <= runtime.versions().keys()
