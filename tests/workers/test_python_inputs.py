"""How a Python estimator gets a single column, what its failures carry, and which of its attributes are shown."""

from typing import Any

import cloudpickle
import numpy as np
import pytest

from triglot.errors import BadRequest, EstimatorFailed, from_wire
from triglot.interfaces import PredictError
from triglot.manifest import Manifest
from triglot.protocol.runtime import FitTask
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table
from triglot.workers.python.answers import LARGEST_NUMBER, LONGEST_TEXT
from triglot.workers.python.runtime import PythonRuntime

NUMBERS = np.array([1.0, 2.0, 3.0])


class Keeper:
    """Keeps what it was given, and raises what it was made with."""

    kind = "of the class"

    def __init__(self, error: BaseException | None = None, **attributes: Any) -> None:
        self.error = error
        self.__dict__.update(attributes)

    @property
    def computed(self) -> int:
        raise AssertionError("no code of an author's is run to show attributes")

    def fit(self, X: Any, y: Any) -> "Keeper":
        self.seen = X
        return self

    def predict(self, X: Any) -> Any:
        self.asked = X
        if self.error is not None:
            raise self.error
        return np.zeros(len(X))


@pytest.fixture
def runtime() -> PythonRuntime:
    started = PythonRuntime()
    started.start()
    return started


def task(X: Table, estimator: Any = None, **spec: Any) -> FitTask:
    return FitTask("regression", spec, {}, X, np.zeros(X.rows), None, cloudpickle.dumps(estimator or Keeper()))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column.strings(["a", "b", "c"]), ["a", "b", "c"]),
        (Column.strings(["a", None, ""]), ["a", None, ""]),
        (Column.category(np.array([1, 0, 1]), ["S", "L"]), ["L", "S", "L"]),
        (Column.numeric(NUMBERS), [1.0, 2.0, 3.0]),
        (Column("bool", np.array([True, False, True])), [True, False, True]),
    ],
    ids=["text", "missing", "category", "number", "boolean"],
)
def test_a_vector_is_one_dimension_in_fit_and_in_every_prediction(
    runtime: PythonRuntime, column: Column, expected: list[Any]
) -> None:
    X = Table.of({"x0": column})
    model = runtime.fit(task(X, x="vector"))
    manifest = {"spec": {"x": "vector"}, "schema": Schema.learn(X).to_json(), "classes": None}
    again = runtime.load(Manifest(manifest), runtime.dump(model))
    runtime.predict(again, X, {})

    for seen in (model.estimator.seen, again.estimator.asked):
        assert isinstance(seen, np.ndarray)
        assert seen.shape == (3,)
        assert seen.tolist() == expected


def test_what_an_estimator_gets_shares_no_memory_with_the_request(runtime: PythonRuntime) -> None:
    model = runtime.fit(task(Table.of({"x0": Column.numeric(NUMBERS)}), x="vector"))

    assert not np.shares_memory(model.estimator.seen, NUMBERS)


def test_a_vector_is_one_column(runtime: PythonRuntime) -> None:
    X = Table(["a", "b"], matrix=np.zeros((3, 2), order="F"))
    with pytest.raises(BadRequest, match=r'spec\.x is "vector", and X has 2 columns'):
        runtime.fit(task(X, x="vector"))


def test_what_an_author_foresaw_keeps_its_code_on_the_wire(runtime: PythonRuntime) -> None:
    X = Table.of({"x0": Column.numeric(NUMBERS)})
    model = runtime.fit(task(X, Keeper(PredictError("too cold", 7))))
    with pytest.raises(EstimatorFailed) as caught:
        runtime.predict(model, X, {})
    arrived = from_wire(caught.value.code, str(caught.value), caught.value.details())

    assert isinstance(arrived, EstimatorFailed)
    assert (str(arrived), arrived.error_code, arrived.native_class) == ("too cold", 7, "PredictError")
    unforeseen = EstimatorFailed("x", native_class="ValueError")
    assert "error_code" not in unforeseen.details()
    told = from_wire(unforeseen.code, "x", {"error_code": "seven"})
    assert isinstance(told, EstimatorFailed)
    assert told.error_code is None


def test_plain_attributes_are_described_and_nothing_else(runtime: PythonRuntime) -> None:
    plain = {"whole": 3, "real": 0.5, "yes": True, "text": "word", "none": None, "large": LARGEST_NUMBER}
    other = {
        "nan": float("nan"),
        "infinite": np.inf,
        "huge": 2**70,
        "long": "x" * (LONGEST_TEXT + 1),
        "items": [1],
        "array": np.zeros(3),
        "_private": 1,
    }
    X = Table.of({"x0": Column.numeric(NUMBERS)})
    model = runtime.fit(task(X, Keeper(**plain, **other, numpys=np.float32(0.25))))
    shown = runtime.describe(model)["attributes"]

    assert shown == plain | {"numpys": 0.25, "error": None, "kind": "of the class"}
    assert type(shown["numpys"]) is float
