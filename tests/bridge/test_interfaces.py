"""The classes that authors derive from."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from tests.helpers import PATIENCE_S
from triglot import interfaces
from triglot.interfaces import DatasetLoader, PredictError, annotate


class Threshold(interfaces.Model):  # type: ignore[misc,name-defined]
    def __init__(self, at: float = 0.5) -> None:
        self.at = at

    def fit(self, X: Any, y: Any = None) -> "Threshold":
        return self

    def predict(self, X: Any, **kwargs: Any) -> Any:
        return (np.asarray(X)[:, 0] > self.at).astype(int)

    def score(self, X: Any, y: Any) -> float:
        return float((self.predict(X) == y).mean())


def test_a_model_of_ones_own_is_an_estimator() -> None:
    X, y = np.linspace(0, 1, 20).reshape(-1, 1), (np.linspace(0, 1, 20) > 0.3).astype(int)

    assert clone(Threshold(0.2)).get_params() == {"at": 0.2}
    search = GridSearchCV(Threshold(), {"at": [0.1, 0.3, 0.8]}, cv=2).fit(X, y)
    assert search.best_params_ == {"at": 0.3}
    with pytest.raises(NotImplementedError, match="Threshold has no predict_proba"):
        Threshold().predict_proba(X)


def test_scikit_learn_is_loaded_only_for_a_model() -> None:
    program = (
        "import sys; from triglot.interfaces import DatasetLoader, PredictError; print('sklearn' in sys.modules); "
        "from triglot.interfaces import Model; print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert done.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="has no attribute 'Modell'"):
        _ = interfaces.Modell


def test_what_is_abstract_cannot_be_made() -> None:
    with pytest.raises(TypeError):
        DatasetLoader()  # type: ignore[abstract]


def test_a_predict_error_is_told_with_its_code() -> None:
    assert str(PredictError("out of stock", 7)) == "out of stock (7)"
    assert PredictError("x").error_code == -1


def test_metadata_adds_up_and_stays_with_its_object() -> None:
    class Thing:
        pass

    one, two = Thing(), Thing()
    assert annotate(one) == {}
    annotate(one, {"a": 1})
    assert annotate(one, {"b": 2}) == {"a": 1, "b": 2}
    assert one.__metadata__ == {"a": 1, "b": 2}  # type: ignore[attr-defined]
    assert annotate(two) == {}
