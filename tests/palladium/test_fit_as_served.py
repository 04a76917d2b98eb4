"""A fit asks a model of Palladium's kind as its service does: with the model's attributes, and past rows that fail."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import here, run
from triglot.persister import NOT_PROVED, VersionInfo
from triglot.store import ModelStore

__all__ = ["here"]


@pytest.fixture(autouse=True)
def _own_module(here: Path) -> Iterator[None]:
    yield
    sys.modules.pop("mine", None)


MINE = """
import numpy as np
from palladium.interfaces import DatasetLoader, Model, PredictError

class Loader(DatasetLoader):
    def __call__(self):
        X = np.arange(30.0).reshape(-1, 1)
        return X, X[:, 0] * 2

class Times(Model):
    def __init__(self, factor=2.0, refuses=(), name='Times'):
        self.factor = factor
        self.refuses = refuses
    def fit(self, X, y=None):
        return self
    def predict(self, X, factor):
        if np.isin(X[:, 0], self.refuses).any():
            raise PredictError('not these', 7)
        return X[:, 0] * factor
"""
CODES = """
import numpy as np
from palladium.dataset import EmptyDatasetLoader
from palladium.interfaces import Model

class Loader(EmptyDatasetLoader):
    def __call__(self):
        X = np.arange(30.0).reshape(-1, 1)
        return X, np.where(X[:, 0] > 14, 'high', 'low')

class Times(Model):
    def __init__(self, factor=2.0, refuses=()):
        self.factor = factor
        self.refuses = refuses
    def fit(self, X, y=None):
        return self
    def predict_proba(self, X):
        return np.c_[X[:, 0] > 14, X[:, 0] <= 14].astype(float)
    def predict(self, X):
        return (X[:, 0] > 14).astype(int)
"""
CONFIG = """{{
    'dataset_loader_train': {{'!': 'mine.Loader'}},
    'model': {{'!': 'mine.Times', 'factor': 3.0, 'refuses': {refuses}}},
    'predict_service': {{
        '!': 'palladium.server.PredictService', 'mapping': [('x', 'float')], 'params': [('factor', 'float')],
    }},
}}"""


# which names nothing of Palladium's
OURS = "{{'dataset_loader_train': {{'!': 'mine.Loader'}}, 'model': {{'!': 'mine.Times', 'refuses': {refuses}}}}}"


def fitted(place: Path, refuses: Any, module: str = MINE, config: str = CONFIG) -> int:
    (place / "mine.py").write_text(module)
    (place / "triglot-config.py").write_text(config.format(refuses=refuses))
    return run("fit")


def stored(place: Path) -> list[VersionInfo]:
    store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
    found = store.list()
    store.close()
    return found


def test_an_argument_that_predict_needs_is_the_models_attribute_in_golden_rows_too(here: Path) -> None:
    assert fitted(here, []) == 0
    [version] = stored(here)
    assert (version.aliases, version.metadata.get(NOT_PROVED)) == (("active",), None)


def test_rows_that_predict_refuses_are_named_and_the_fit_goes_on(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert fitted(here, [0.0, 11.0, 29.0]) == 0
    [version] = stored(here)
    assert (version.aliases, version.metadata.get(NOT_PROVED)) == (("active",), None)
    assert "predict fails on 3 of 30 rows of the training data: 1, 12, 30: " in caplog.text
    assert "not these" in caplog.text


def test_a_model_that_answers_no_row_is_not_stored(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fitted(here, list(range(30))) != 0
    assert stored(here) == []
    assert "not these" in capsys.readouterr().err


def test_a_classifier_none_of_whose_answers_is_a_label_is_not_stored(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fitted(here, [], CODES, OURS) != 0
    assert stored(here) == []
    assert "predict answered a label that is no class: 0 is none of the classes" in capsys.readouterr().err
