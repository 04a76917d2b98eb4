"""Traces of Python authors: from their own file on, with the calls of libraries folded."""

import logging

import cloudpickle
import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from triglot.errors import EstimatorFailed
from triglot.protocol.runtime import FitTask
from triglot.tables.table import Table
from triglot.workers.python.runtime import PythonModel, PythonRuntime

X = Table(["a"], matrix=np.arange(4.0).reshape(-1, 1))
Y = np.arange(4.0)


def doubled(x: np.ndarray) -> np.ndarray:
    """Call numpy, which calls back."""
    return np.apply_along_axis(refused, 0, x)


def refused(column: np.ndarray) -> np.ndarray:
    """Raise, far behind the worker's own call."""
    raise ValueError(f"{len(column)} are too many")


def fit(estimator: object, **spec: str) -> PythonModel:
    """Return the fitted model."""
    runtime = PythonRuntime()
    runtime.start()
    return runtime.fit(FitTask("regression", spec, {}, X, Y, None, cloudpickle.dumps(estimator)))


def trace_of(estimator: object) -> list[str]:
    """Return the lines of the trace of a fit that fails."""
    with pytest.raises(EstimatorFailed) as caught:
        fit(estimator)
    return caught.value.traceback.splitlines()


def test_a_trace_begins_with_the_authors_own_file_and_folds_what_libraries_call_in_between() -> None:
    lines = trace_of(make_pipeline(FunctionTransformer(doubled), LinearRegression()))

    assert "in doubled" in lines[0]
    [folded] = [line for line in lines if line.startswith("  ... ")]
    assert folded.endswith(" in numpy ...")
    assert "in refused" in lines[lines.index(folded) + 1]
    assert lines[-1] == "ValueError: 4 are too many"


def test_where_a_library_raises_its_last_call_is_told() -> None:
    def inverted(x: np.ndarray) -> np.ndarray:
        return np.linalg.inv(np.zeros((2, 2))) + x

    lines = trace_of(make_pipeline(FunctionTransformer(inverted), LinearRegression()))

    assert "in inverted" in lines[0]
    assert lines[-1].endswith("LinAlgError: Singular matrix")
    assert "numpy" in lines[-3]


def test_a_verbose_log_has_all_of_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "triglot.worker"):
        lines = trace_of(make_pipeline(FunctionTransformer(doubled), LinearRegression()))

    assert any("sklearn" in line for line in lines)
    assert not [line for line in lines if line.startswith("  ... ")]


def test_of_a_failure_of_a_library_alone_the_last_call_is_told() -> None:
    lines = trace_of(LinearRegression(positive="nonsense"))

    assert lines[0].startswith("  ... ")
    assert lines[0].endswith(" in sklearn ...")
    assert "sklearn" in lines[1]
    assert len(lines) < 8


def test_an_estimator_that_looks_for_names_in_an_array_is_told_how_to_get_a_frame() -> None:
    by_name = ColumnTransformer([("scaled", StandardScaler(), ["a"])])

    with pytest.raises(EstimatorFailed, match="write 'x': 'frame' beside 'model'"):
        fit(make_pipeline(by_name, LinearRegression()))

    assert fit(make_pipeline(by_name, LinearRegression()), x="frame").form == "frame"
