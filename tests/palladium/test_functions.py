"""Palladium's functions, called in this process: they do what the commands do, with workers of their own."""

import importlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import KEY
from tests.lending import lend_to_commands
from triglot.aliases import install
from triglot.config import get_config, initialize_config, use_config
from triglot.errors import ConfigError
from triglot.training.fit_worker import Bench

MINE = """
calls = []

def count(func):
    def call(*args, **kwargs):
        calls.append(func.__name__)
        return func(*args, **kwargs)
    return call
"""
PATH = "/predict?sepal length=6.3&sepal width=2.5&petal length=4.9&petal width=1.5"


@pytest.fixture
def project(iris: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in the iris project with a fit decorator of its own, and a configuration that is not loaded yet."""
    install()
    (iris / "functions_mine.py").write_text(MINE)
    (iris / "more.py").write_text("{'fit_decorators': ['functions_mine.count']}")
    monkeypatch.setenv("TRIGLOT_SIGNING_KEY", KEY.decode())
    monkeypatch.delenv("TRIGLOT_CONFIG", raising=False)
    monkeypatch.setenv("PALLADIUM_CONFIG", "palladium-config.py,more.py")
    monkeypatch.syspath_prepend(iris)
    monkeypatch.chdir(iris)
    use_config(None)
    yield iris
    logging.getLogger("palladium").setLevel(logging.NOTSET)


def test_fit_list_activate_and_delete_take_their_arguments_from_the_configuration(
    project: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    fit, evaluation = (importlib.import_module(f"palladium.{name}") for name in ("fit", "eval"))
    initialize_config(__mode__="fit")
    with caplog.at_level(logging.INFO):
        model = fit.fit(evaluate=True, activate=False)

    assert importlib.import_module("functions_mine").calls == ["fit"]
    assert model.__metadata__["version"] == model.version == 1
    assert model.__metadata__["score_test"] == 0.98
    assert list(model.classes_) == ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    assert model.predict(np.array([[6.3, 2.5, 4.9, 1.5]])).tolist() == ["Iris-versicolor"]
    assert "Wrote model with version 1 to " in caplog.text

    with pytest.raises(LookupError, match="no version 9"):
        fit.activate(model_version=9)
    fit.activate(model_version=1)
    evaluation.list()
    listed = capsys.readouterr().out
    assert listed.startswith("Models:\n[{")
    assert "'active-model': '1'" in listed
    assert "'db-version': '1.2.4.1'" in listed
    persister = get_config()["model_persister"]
    second = persister.write("model", model.artefact)
    fit.delete(model_version=second)
    assert [info.version for info in persister.list()] == [1]


def test_a_stream_answers_what_the_predict_service_says(project: Path) -> None:
    stream = importlib.import_module("palladium.server").PredictStream()
    row = {"sepal length": 6.3, "sepal width": 2.5, "petal length": "4.9", "petal width": 1.5}
    out, err = io.StringIO(), io.StringIO()
    with stream:
        stream.listen([json.dumps([row]) + "\n", "[{}]\n", "EXIT\n", "[]\n"], out, err)
    assert out.getvalue() == '["Iris-versicolor"]\n[]\n'
    assert err.getvalue().startswith("Error while processing input row: [{}]\n<class ")


def test_a_smoke_test_runs_everything_once_and_names_what_failed(
    project: Path,
    benches: Callable[[str], Bench],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lend_to_commands(monkeypatch, benches)
    smoke = importlib.import_module("palladium.tests").run_smoke_tests_with_config
    monkeypatch.chdir("/")
    config = str(project / "palladium-config.py")
    wanted: dict[str, Any] = {"predict": {"path": PATH, "predict_service_name": "gone"}}
    assert smoke(config, func_kwargs=wanted, raise_errors=False) == ["predict"]
    assert "param_C" in capsys.readouterr().out
    assert smoke(config, run=["predict"]) == []
    with pytest.raises(ConfigError, match="gone"):
        smoke(config, run=["predict"], func_kwargs=wanted)
    assert (os.getcwd(), os.environ["PALLADIUM_CONFIG"]) == ("/", "palladium-config.py,more.py")
