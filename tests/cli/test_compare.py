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


def config(here: Path) -> None:
    """Write a configuration with classifiers and regressions in R and Python."""
    iris = f"{{'!': 'triglot.dataset.CSV', 'path': {str(IRIS)!r}, 'header': None, 'names': list('abcde'), "
    iris += "'target_column': 'e'}"
    tooth = (
        f"{{'!': 'triglot.dataset.CSV', 'path': {str(TOOTH)!r}, 'target_column': 'len', 'usecols': ['len', 'dose']}}"
    )
    script = str(EXAMPLES / "iris-r" / "iris.R")
    (here / "mean.R").write_text("fit <- function(x, y) lm(y ~ dose, data = x)\n")
    (here / "triglot-config.py").write_text(
        f"""{{
        'dataset_loader_train': {iris},
        'models': {{
            'forest': {{'model': {{'!': 'triglot.estimators.RClassifier', 'script': {script!r}, 'seed': 1}}}},
            'bayes': {{'model': {{'!': 'sklearn.naive_bayes.GaussianNB'}}}},
            'line': {{'model': {{'!': 'triglot.estimators.RRegressor', 'script': 'mean.R'}},
                      'dataset_loader_train': {tooth}}},
            'trees': {{'model': {{'!': 'sklearn.tree.DecisionTreeRegressor', 'random_state': 1}},
                       'dataset_loader_train': {tooth}}},
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
