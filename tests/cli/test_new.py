"""`triglot new`: the folder that it makes is fitted, tested, reported on and asked, as it is."""

import io
import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.helpers import require

AUTHORS_FILE = {"r": "model.R", "julia": "Model.jl", "python": "model.py"}
OWN_TESTS = {"r": "tests/test-model.R", "julia": "test/runtests.jl", "python": "test_model.py"}


def test_a_new_folder_is_fitted_tested_and_asked_as_it_is(
    lent: Path, language: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require(language)
    assert run("new", language, "coffee") == 0
    folder = lent / "coffee"
    for name in (AUTHORS_FILE[language], OWN_TESTS[language], "README.md", "train.csv", "test.csv"):
        assert (folder / name).is_file()
    assert "# coffee" in (folder / "README.md").read_text()
    monkeypatch.chdir(folder)

    assert run("fit") == 0
    capsys.readouterr()
    assert run("test", "--report", "report.html") == 0
    score = re.match(rf"coffee version 1 \({language}\): accuracy (0\.\d+)", capsys.readouterr().out)
    assert score
    assert float(score[1]) > 0.8
    page = (folder / "report.html").read_text()
    assert all(word in page for word in ("Confusion matrix", "ROC", "Calibration", "accuracy"))

    rows = [{"altitude": 1900, "roast": 11.5, "moisture": 9.5}, {"altitude": 700, "roast": 16, "moisture": 12.5}]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{json.dumps(rows)}\nexit\n"))
    assert run("stream") == 0
    assert json.loads(capsys.readouterr().out) == ["fine", "plain"]


def test_a_folder_that_is_there_is_left_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "coffee").mkdir()
    assert run("new", "r", "coffee") == 1
    assert capsys.readouterr().err == "triglot: 'coffee' cannot be made: File exists; choose another name\n"
    assert list((here / "coffee").iterdir()) == []


def test_a_name_that_no_configuration_can_hold_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("new", "python", 'my "model"') == 1
    assert "use letters, digits" in capsys.readouterr().err
    assert list(here.iterdir()) == []
