"""`triglot compare`: models of two languages on the same folds, at the terminal and on a page."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.functional.running import EXAMPLES
from tests.helpers import require
from triglot.report import figures

IRIS = EXAMPLES / "data" / "iris.data"
TOOTH = EXAMPLES / "data" / "tooth_growth.csv"


SICK = """
import numpy as np
from sklearn.tree import DecisionTreeRegressor


class Partial(DecisionTreeRegressor):
    def predict(self, X):
        return np.where(np.asarray(X)[:, 0] == 1.0, np.nan, super().predict(X))


class Broken(DecisionTreeRegressor):
    def fit(self, X, y):
        raise RuntimeError("no fit today")
"""


def config(here: Path) -> None:
    """Write a configuration with classifiers and regressions in R and Python."""
    iris = f"{{'!': 'triglot.dataset.CSV', 'path': {str(IRIS)!r}, 'header': None, 'names': list('abcde'), "
    iris += "'target_column': 'e'}"
    tooth = (
        f"{{'!': 'triglot.dataset.CSV', 'path': {str(TOOTH)!r}, 'target_column': 'len', 'usecols': ['len', 'dose']}}"
    )
    script = str(EXAMPLES / "iris-r" / "iris.R")
    (here / "mean.R").write_text("fit <- function(x, y) lm(y ~ dose, data = x)\n")
    (here / "silent.R").write_text(
        "fit <- function(x, y) structure(list(), class = 'silent')\n"
        "predict.silent <- function(object, newdata, ...) rep(NA_real_, nrow(newdata))\n"
    )
    (here / "sick.py").write_text(SICK)
    (here / "triglot-config.py").write_text(
        f"""{{
        'dataset_loader_train': {iris},
        'dataset_loader_test': {iris},
        'models': {{
            'forest': {{'model': {{'!': 'triglot.estimators.RClassifier', 'script': {script!r}, 'seed': 1}}}},
            'bayes': {{'model': {{'!': 'sklearn.naive_bayes.GaussianNB'}}}},
            'line': {{'model': {{'!': 'triglot.estimators.RRegressor', 'script': 'mean.R'}},
                      'dataset_loader_train': {tooth}}},
            'trees': {{'model': {{'!': 'sklearn.tree.DecisionTreeRegressor', 'random_state': 1}},
                       'dataset_loader_train': {tooth}}},
            'silent': {{'model': {{'!': 'triglot.estimators.RRegressor', 'script': 'silent.R'}},
                        'dataset_loader_train': {tooth}, 'dataset_loader_test': {tooth}}},
            'partial': {{'model': {{'!': 'sick.Partial', 'random_state': 1}},
                         'dataset_loader_train': {tooth}, 'dataset_loader_test': {tooth}}},
            'broken': {{'model': {{'!': 'sick.Broken'}}, 'dataset_loader_train': {tooth}}},
        }},
    }}"""
    )


def test_classifiers_are_compared_and_the_page_shows_where_they_disagree(
    lent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("r")
    config(lent)

    assert run("compare", "forest", "bayes", "--folds", "2", "--report", "page.html") == 0

    said = capsys.readouterr().out
    lines = {line.split("  ")[1]: re.findall(r"0\.\d{3} ±", line) for line in said.splitlines() if "±" in line}
    assert set(lines) >= {"accuracy", "log loss", "ROC area"}
    assert all(len(found) == 2 for found in lines.values())
    assert all(float(value[:5]) > 0.85 for value in lines["accuracy"])
    told = re.search(r"They disagree on (\d+) of 150 rows", said)
    assert told
    page = (lent / "page.html").read_text()
    assert f"The models disagree on {told[1]} of 150 rows" in page
    assert page.count("<svg") == 5 + 2 * 3
    assert "only the first" in page


def test_regressions_are_compared_by_their_errors(lent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("r")
    config(lent)

    assert run("compare", "line", "trees", "--folds", "2", "--report", "page.html") == 0

    assert "RMSE" in capsys.readouterr().out
    page = (lent / "page.html").read_text()
    assert "furthest apart" in page
    assert "Residuals" in page


def test_sick_models_are_told_of_and_the_others_compared(lent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("r")
    config(lent)

    assert run("compare", "broken", "trees", "silent", "partial", "--folds", "2", "--report", "page.html") == 1

    said, err = capsys.readouterr()
    for measure in ("R²", "RMSE", "mean absolute error"):
        (line,) = [line for line in said.splitlines() if line.strip().startswith(f"{measure} ")]
        assert [len(re.findall(what, line)) for what in (r"\d\.\d{3} ±", "—")] == [2, 1]
    assert (
        "silent: 60 of 60 answers are no numbers: rows 1, 2, 3, 4, 5, ...; its scores are those of the others." in said
    )
    assert "partial: 20 of 60 answers are no numbers" in said
    assert "triglot: broken is left out: " in err
    assert "no fit today" in err
    page = (lent / "page.html").read_text()
    for told in ("None of the answers is a number.", "20 of 60 answers are no numbers and left out", "no fit today"):
        assert told in page


def test_a_report_of_stored_versions_shows_what_there_is_of_each(
    lent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("r")
    config(lent)
    assert run("fit", "--no-proof", "bayes", "silent", "partial") == 0
    capsys.readouterr()

    assert run("test", "--report", "page.html", "forest", "bayes", "silent", "partial", "trees") == 1

    said, err = capsys.readouterr()
    assert re.findall(r"^(\S+) version 1 .*: \S+ (\S+)$", said, re.MULTILINE)[:2] == [
        ("bayes", "0.9600"),
        ("silent", "nan"),
    ]
    assert "partial version 1 (python): r2 0." in said
    assert "The report is in page.html" in said
    assert re.search("^triglot: forest is not tested: .*'forest'", err, re.MULTILINE)
    assert "triglot: trees is not tested: " in err
    page = (lent / "page.html").read_text()
    assert page.count("It is not tested: ") == 2
    assert "None of the answers is a number." in page
    assert "20 of 60 answers are no numbers and left out" in page


def test_models_of_other_data_and_a_single_one_are_not_compared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config(here)
    assert run("compare", "bayes", "trees") == 1
    assert "one is a classifier, one a regression" in capsys.readouterr().err
    assert run("compare", "bayes", "bayes") == 1
    assert "two models or more" in capsys.readouterr().err
    assert run("compare", "bayes", "forest", "--folds", "60") == 1
    assert "a class has 50 rows, too few for 60 folds" in capsys.readouterr().err


def test_without_matplotlib_a_report_is_refused_before_anything_is_fitted(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config(here)
    monkeypatch.setattr(figures, "LIBRARY", "no_such_library")
    for command in (["compare", "bayes", "forest"], ["test", "bayes"]):
        assert run(*command, "--report", "page.html") == 1
        assert capsys.readouterr().err == "triglot: a report needs matplotlib: pip install 'triglot[report]'\n"
