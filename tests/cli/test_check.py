"""`triglot check`: what would go wrong when a model is served, found with real workers."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.helpers import require

AUTHORS = Path(__file__).parent / "authors"
DATA = """'dataset_loader_train': {'!': 'triglot.dataset.CSV', 'path': 'crowd.csv', 'target_column': 'kind',
                            'dtype': {'colour': 'category'}},"""
MINE = """
import numpy as np
from triglot.interfaces import Model

class Centred(Model):
    def fit(self, X, y):
        self.level_ = float(np.random.default_rng().random())
        return self
    def predict(self, X):
        return X[:, 0] - X[:, 0].mean() + self.level_
"""


def checked(capsys: pytest.CaptureFixture[str], *names: str) -> tuple[int, dict[str, dict[str, dict[str, Any]]]]:
    """Return exit code and findings, by model and check."""
    capsys.readouterr()
    code = run("check", "--json", *names)
    reports = json.loads(capsys.readouterr().out)
    assert all(report["ok"] == all(f["verdict"] != "fail" for f in report["checks"]) for report in reports)
    return code, {report["model"]: {f["check"]: f for f in report["checks"]} for report in reports}


def test_an_r_model_that_would_surprise_its_callers_is_found_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("r")
    for name in ("crowd.R", "crowd.csv"):
        shutil.copy(AUTHORS / name, here)
    (here / "triglot-config.py").write_text(
        f"{{'model_name': 'crowd', 'model': {{'!': 'triglot.estimators.RClassifier', 'script': 'crowd.R'}}, {DATA}}}"
    )

    code, found = checked(capsys)

    assert code == 1
    said = found["crowd"]
    assert "10 rows, 2 columns: size, colour" in said["data"]["found"]
    assert "script is crowd.R, fit is fit" in said["functions"]["found"]
    assert said["warning"]["verdict"] == "warn"
    assert said["predict"]["verdict"] == "ok"
    assert "size: training had missing values, and the model fails on them" in said["missing values"]["found"]
    assert said["missing values"]["verdict"] == "warn"
    assert said["unseen levels"]["found"] == "colour: refused"
    assert said["zero rows"]["verdict"] == "ok"


def test_company_order_of_columns_and_luck_are_found_in_models_that_answer(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("r")
    shutil.copy(AUTHORS / "crowd.R", here)
    lines = (AUTHORS / "crowd.csv").read_text().splitlines()
    (here / "crowd.csv").write_text("\n".join(line for line in lines if not line.startswith(",")))
    numbers = "size,wide,kind\n" + "".join(f"{j},{j % 3},{j * 2.5}\n" for j in range(30))
    (here / "numbers.csv").write_text(numbers)
    (here / "mine.py").write_text(MINE)
    centred = """{'model': {'!': 'mine.Centred'}, 'dataset_loader_train': {'!': 'triglot.dataset.CSV',
                 'path': 'numbers.csv', 'target_column': 'kind'}, 'batch': False}"""
    crowd = f"{{'model': {{'!': 'triglot.estimators.RClassifier', 'script': 'crowd.R'}}, {DATA}}}"
    (here / "triglot-config.py").write_text(f"{{'models': {{'crowd': {crowd}, 'centred': {centred}}}}}")

    code, found = checked(capsys)

    assert code == 1
    said = found["crowd"]
    assert said["predict"]["verdict"] == "ok" or "another order" in said["predict"]["remedy"]
    assert said["predict_proba"]["verdict"] == "fail"
    assert "'large' has its largest share in the column of 'small'" in said["predict_proba"]["found"]
    assert said["rows beside"]["verdict"] == "fail"
    assert "'batch': False" in said["rows beside"]["remedy"]
    assert said["reproducibility"] == {
        "check": "reproducibility",
        "verdict": "warn",
        "found": "fitted again, it answers differently",
        "remedy": "set 'seed' in the configuration",
    }
    assert said["elsewhere"]["found"].endswith("in another process, folder and time zone it answers the same")
    assert said["time"]["found"].startswith("one row ")
    said = found["centred"]
    assert "'batch': False is declared" in said["rows beside"]["found"]
    assert {name for name, finding in said.items() if finding["verdict"] == "fail"} == set()
    assert "random_state" in said["reproducibility"]["remedy"]


def test_a_fit_that_fails_in_julia_is_shown_with_the_authors_lines(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("julia")
    shutil.copy(AUTHORS / "stops.jl", here)
    (here / "numbers.csv").write_text("a,kind\n1,2\n2,3\n")
    (here / "triglot-config.py").write_text(
        "{'model': {'!': 'triglot.estimators.JuliaRegressor', 'script': 'stops.jl'}, 'dataset_loader_train': "
        "{'!': 'triglot.dataset.CSV', 'path': 'numbers.csv', 'target_column': 'kind'}}"
    )

    assert run("check") == 1
    said = capsys.readouterr().out
    assert "fail  fit              nothing can be learnt from 2 rows" in said
    assert "throw_it at " in said
    assert "stops.jl:4" in said
    assert "stops.jl:1" in said


def test_a_julia_script_that_changes_what_all_models_share_is_found_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("julia")
    for name in ("pirate.jl", "honest.jl"):
        shutil.copy(AUTHORS / name, here)
    (here / "numbers.csv").write_text("size,kind\n" + "".join(f"{j},{j * 2.5}\n" for j in range(10)))
    models = ", ".join(
        f"""'{name}': {{'model': {{'!': 'triglot.estimators.JuliaRegressor', 'script': '{name}.jl'}},
        'dataset_loader_train': {{'!': 'triglot.dataset.CSV', 'path': 'numbers.csv', 'target_column': 'kind'}}}}"""
        for name in ("pirate", "honest")
    )
    (here / "triglot-config.py").write_text(f"{{'models': {{{models}}}}}")

    code, found = checked(capsys)

    assert code == 0
    assert found["honest"]["other models"]["verdict"] == "ok"
    said = found["pirate"]["other models"]
    assert said["verdict"] == "warn"
    for change in (
        "defines *(::Symbol, ::Missing) of Base (pirate.jl:13)",
        "defines *(::Symbol, ::Symbol) of Base (pirate.jl:3)",
        "sets the global LIMIT of Main",
    ):
        assert change in said["found"]
    assert "write methods for types of your own" in said["remedy"]
    assert found["pirate"]["fit"]["verdict"] == "ok"
    assert re.search(r"in [0-9.]+ s, of which [0-9.]+ s were compilation$", found["pirate"]["fit"]["found"])


def test_a_model_that_shows_times_by_the_clock_of_its_process_is_found_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("r")
    shutil.copy(AUTHORS / "clock.R", here)
    days = "".join(f"2026-03-{day:02}T23:30:00Z,{day}\n" for day in range(1, 31))
    (here / "days.csv").write_text(f"at,kind\n{days}")
    loader = "{'!': 'triglot.dataset.CSV', 'path': 'days.csv', 'target_column': 'kind', 'parse_dates': ['at']}"
    model = "{'!': 'triglot.estimators.RRegressor', 'script': 'clock.R'}"
    (here / "triglot-config.py").write_text(f"{{'model': {model}, 'dataset_loader_train': {loader}}}")

    code, found = checked(capsys)

    assert code == 1
    said = found["model"]["elsewhere"]
    assert said["verdict"] == "fail"
    assert said["found"].startswith("in another time zone")
    assert "tz = 'UTC' in R" in said["remedy"]


def test_a_series_is_judged_by_forecasts_from_several_origins_and_not_by_its_fit(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("r")
    for name in ("airline.R", "flat.R"):
        shutil.copy(AUTHORS / name, here)
    months = "{'!': 'triglot.foreign.RDataset', 'script': 'airline.R'}"
    models = ", ".join(
        f"'{name}': {{'model': {{'!': 'triglot.estimators.RRegressor', 'script': '{name}.R'}}}}"
        for name in ("airline", "flat")
    )
    (here / "triglot-config.py").write_text(f"{{'models': {{{models}}}, 'dataset_loader_train': {months}}}")

    code, found = checked(capsys)

    assert code == 0
    assert "R²" not in found["airline"]["predict"]["found"]
    assert found["airline"]["back-test"]["verdict"] == "ok"
    assert found["airline"]["back-test"]["found"].startswith("1 to 15 ahead, from 4 origins: mean absolute error ")
    assert found["flat"]["back-test"]["verdict"] == "warn"


def test_a_loader_that_raises_is_what_was_found(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "triglot-config.py").write_text(
        "{'model': {'!': 'mine.Centred'}, 'dataset_loader_train': {'!': 'mine.Loader'}}"
    )
    (here / "mine.py").write_text(
        f"{MINE}\nclass Loader:\n    def __call__(self):\n        print('looking')\n"
        "        raise RuntimeError('no such \\udc80 table')\n"
    )

    code, found = checked(capsys)

    assert code == 1
    assert found["model"]["data"]["found"] == "no such \udc80 table"


def test_a_model_that_drags_along_what_its_formula_was_made_beside_is_told_how_to_slim_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("r")
    (here / "heavy.R").write_text("fit <- function(x, y) {\n  scratch <- matrix(0.5, 1000, 1000)\n  lm(y ~ ., x)\n}\n")
    (here / "numbers.csv").write_text("size,kind\n" + "".join(f"{j},{j * j}\n" for j in range(30)))
    (here / "triglot-config.py").write_text(
        """{'model_name': 'heavy', 'model': {'!': 'triglot.estimators.RRegressor', 'script': 'heavy.R'},
            'dataset_loader_train': {'!': 'triglot.dataset.CSV', 'path': 'numbers.csv', 'target_column': 'kind'}}"""
    )

    code, found = checked(capsys)

    assert code == 0
    said = found["heavy"]["size"]
    assert said["verdict"] == "warn"
    assert "8 MB are 'scratch', in the environment of $terms" in said["found"]
    assert "rm() it before fit returns" in said["remedy"]
