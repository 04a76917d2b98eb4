"""What configurations, programs and stored estimators called the names of an author's functions goes on working."""

import inspect
import logging
import pickle
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from tests.functional.running import quick
from tests.helpers import require
from triglot import former_parameters
from triglot.config import Config, combine, instantiate
from triglot.errors import ConfigError
from triglot.estimators import JuliaRegressor, RClassifier, RRegressor, session

# `estimators.pickle` is what the last version wrote whose estimators kept these names apart, and is never made anew:
# an RClassifier fitted to `columns()` by `centres.R`, which is a copy of what it holds, and a JuliaRegressor.
FORMER = Path(__file__).parent / "former"
FUNCTIONS = {"fit": "train", "predict": "answer", "predict_proba": "chances", "dump": "keep", "load": "restore"}
TODAY = {f"{name}_function": value for name, value in FUNCTIONS.items()}


@pytest.fixture(autouse=True)
def _as_in_a_new_process() -> None:
    former_parameters.warn.cache_clear()


@pytest.fixture
def own_session() -> Iterator[None]:
    require("r")
    yield
    session.close()


def columns() -> pd.DataFrame:
    return pd.DataFrame({"a": [0.0, 1.0, 4.0, 5.0], "b": [1.0, 0.0, 1.0, 0.0]})


def instantiated(model: dict[str, Any]) -> Config:
    return instantiate(combine([(Path("app.py"), {"model": model})]))


def test_a_constructor_takes_them_and_a_warning_says_what_to_write() -> None:
    with pytest.warns(FutureWarning) as told:
        model = RClassifier(script="a.R", seed=3, **FUNCTIONS)

    assert [str(each.message) for each in told] == [
        "RClassifier: write 'fit_function' for 'fit', 'predict_function' for 'predict', 'predict_proba_function' for "
        "'predict_proba', 'dump_function' for 'dump', 'load_function' for 'load'; former names go on working"
    ]
    assert told[0].filename == __file__
    assert model.get_params() == RClassifier(script="a.R", seed=3, **TODAY).get_params()
    assert {name: getattr(model, name) for name in TODAY} == TODAY


def test_they_are_told_once_a_process() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for k in range(3):
            RRegressor(fit="train").set_params(seed=k, fit=f"train{k}")
            JuliaRegressor(fit="Toy.train")

    assert [str(each.message).partition(" ")[0] for each in told] == ["RRegressor:", "JuliaRegressor:"]


def test_they_can_be_set_and_are_no_parameters_any_more() -> None:
    with pytest.warns(FutureWarning, match="^JuliaRegressor: write 'predict_function' for 'predict'; former"):
        model = JuliaRegressor().set_params(predict="Toy.answer", params__k=2)

    assert (model.predict_function, model.params) == ("Toy.answer", {"k": 2})
    assert not FUNCTIONS.keys() & inspect.signature(JuliaRegressor).parameters.keys()
    assert not FUNCTIONS.keys() & model.get_params().keys()
    with pytest.raises(TypeError, match="'dump'"):  # Julia's never had one
        JuliaRegressor(dump="keep")  # type: ignore[call-arg]


def test_both_names_at_once_are_refused() -> None:
    both: dict[str, Any] = {"fit": "train", "fit_function": "train"}
    with pytest.raises(ValueError, match=r"^'fit' and 'fit_function' mean the same; keep 'fit_function'$"):
        RRegressor(**both)
    with pytest.raises(ValueError, match="'fit' and 'fit_function' mean the same"):
        RRegressor().set_params(**both)
    with pytest.raises(ConfigError, match=r"^app\.py: model: 'fit' and 'fit_function' mean the same; keep 'fit_func"):
        instantiated({"!": "triglot.estimators.RRegressor", "script": "a.R", **both})


def test_a_class_of_ones_own_may_hand_them_on() -> None:
    class Mine(RClassifier):
        def __init__(self, *, depth: int = 3) -> None:
            self.depth = depth
            super().__init__(script="mine.R", params={"depth": depth}, fit="train")  # type: ignore[call-arg]

    with pytest.warns(FutureWarning, match="^Mine: write 'fit_function' for 'fit'"):
        model = Mine(depth=4)

    assert (model.fit_function, clone(model).params) == ("train", {"depth": 4})
    assert model.get_params() == {"depth": 4}


def test_a_configuration_may_have_them_and_its_log_says_once_what_to_write(caplog: pytest.LogCaptureFixture) -> None:
    one = {"!": "triglot.estimators.JuliaRegressor", "script": "toy.jl", "fit": "Toy.train", "predict": "Toy.answer"}
    with caplog.at_level(logging.WARNING, "triglot"):
        model = instantiated(one)["model"]
        instantiated(one)

    assert (
        model.get_params()
        == JuliaRegressor(script="toy.jl", fit_function="Toy.train", predict_function="Toy.answer").get_params()
    )
    assert [record.getMessage() for record in caplog.records] == [
        "app.py: model: write 'fit_function' for 'fit', 'predict_function' for 'predict'; former names go on working"
    ]
    with pytest.raises(ConfigError, match=r"JuliaRegressor has no argument 'skript'. Did you mean 'script'"):
        instantiated({"!": "triglot.estimators.JuliaRegressor", "fit": "Toy.train", "skript": "toy.jl"})


def test_a_command_says_what_to_write_in_one_line_of_its_own(tmp_path: Path) -> None:
    require("r")
    columns().assign(grade=["low", "low", "high", "high"]).to_csv(tmp_path / "train.csv", index=False)
    shutil.copy(FORMER / "centres.R", tmp_path)
    config = {
        "dataset_loader_train": {"!": "triglot.dataset.CSV", "path": "train.csv", "target_column": "grade"},
        "model": {"!": "triglot.estimators.RClassifier", "script": "centres.R", **FUNCTIONS},
    }
    (tmp_path / "triglot-config.py").write_text(repr(config))

    done = quick("fit", "--no-proof", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    (told,) = (line for line in done.stderr.splitlines() if "fit_function" in line or "Warning" in line)
    assert told.startswith(f"WARNING:triglot:{tmp_path / 'triglot-config.py'}: model: write 'fit_function' for 'fit', ")
    assert "Wrote model with version 1 to " in done.stderr


def test_a_search_may_have_them_in_its_grid(own_session: None) -> None:
    y = np.array(["low", "low", "high", "high"])
    model = RClassifier(script=str(FORMER / "centres.R"), predict_function="answer", predict_proba_function="chances")
    grid = {"rclassifier__fit": ["train"], "rclassifier__seed": [1, 2]}

    with pytest.warns(FutureWarning, match="^RClassifier: write 'fit_function' for 'fit'; ") as told:
        search = GridSearchCV(make_pipeline("passthrough", model), grid, cv=2).fit(columns(), y)

    assert len(told) == 1
    assert search.best_params_ == {"rclassifier__fit": "train", "rclassifier__seed": 1}
    assert search.predict(columns()).tolist() == y.tolist()


def test_an_estimator_that_was_pickled_before_has_its_functions_and_answers_as_it_did(own_session: None) -> None:
    stored = pickle.loads((FORMER / "estimators.pickle").read_bytes())
    model, toy = stored["r"], stored["julia"]

    assert {name: getattr(model, name) for name in TODAY} == TODAY
    assert not {"_functions", *FUNCTIONS} & vars(model).keys()
    assert (
        clone(model).get_params() == RClassifier(script="centres.R", params={"column": 1}, seed=3, **TODAY).get_params()
    )
    assert model.predict(columns()).tolist() == ["low", "low", "high", "high"]
    assert model.predict_proba(columns()).round(12).tolist() == [[0.1, 0.9], [0.125, 0.875], [0.875, 0.125], [0.9, 0.1]]
    functions = {"fit_function": "Toy.train", "predict_function": "Toy.answer"}
    assert toy.get_params() == JuliaRegressor(script="Toy.jl", params={"k": 2}, **functions).get_params()
    assert pickle.loads(pickle.dumps(toy)).get_params() == toy.get_params()
