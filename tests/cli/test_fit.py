"""`triglot fit` and `test`: real processes that start the workers they need."""

import contextlib
import logging
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tests.functional.running import AUTHORS, EXAMPLES, environment
from tests.helpers import PATIENCE_S, require
from triglot.store import ModelStore

IRIS = EXAMPLES / "iris-python" / "triglot-config.py"


@pytest.fixture(autouse=True)
def _store_here(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the store in the working directory, as the examples' configuration is not there."""
    monkeypatch.setenv("TRIGLOT_STORE", f"sqlite:///{here}/triglot.db")


def stored(place: Path) -> list[tuple[int, tuple[str, ...]]]:
    """Return version and aliases of everything in the store of a working directory."""
    store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
    found = [(info.version, info.aliases) for info in store.list()]
    store.close()
    return found


def test_two_fits_at_once_give_versions_1_and_2_and_say_so(here: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "triglot", "-c", str(IRIS), "fit", "--evaluate"],
            cwd=here,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=PATIENCE_S) for process in running]

    assert [process.returncode for process in running] == [0, 0], said
    assert [out for out, _ in said] == ["", ""]
    lines = [[line.removeprefix("INFO:triglot:") for line in err.splitlines()] for _, err in said]
    assert all("Train score: 0.95" in of_one and "Test score:  0.98" in of_one for of_one in lines)
    written = sorted(line for of_one in lines for line in of_one if line.startswith("Wrote model"))
    place = f"to sqlite+pysqlite:///{here}/triglot.db"
    assert written == [f"Wrote model with version 1 {place}", f"Wrote model with version 2 {place}"]
    assert sorted(version for version, _ in stored(here)) == [1, 2]
    assert sorted(aliases for _, aliases in stored(here)) == [(), ("active",)]


def test_a_stored_version_is_tested_on_the_test_data(
    lent: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "triglot"):
        assert run("-c", str(IRIS), "fit", "--no-activate", "--save-if-better-than", "0.98") == 0
    assert "Activated" not in caplog.text
    assert stored(lent) == [(1, ())]

    assert run("-c", str(IRIS), "test", "--model-version", "1") == 0
    assert capsys.readouterr().out == "iris-python version 1 (python): accuracy 0.9800\n"


def test_without_an_active_version_there_is_nothing_to_test(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-c", str(IRIS), "test") == 1
    assert "'iris-python'" in capsys.readouterr().err
    assert stored(here) == []


def test_a_score_that_is_not_reached_stores_nothing(lent: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "triglot"):
        assert run("-c", str(IRIS), "fit", "--save-if-better-than", "0.99") == 0

    assert "Not persisting model that has a test score 0.98 < 0.99" in caplog.text
    assert stored(lent) == []


def test_a_score_to_reach_needs_test_data(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-c", str(EXAMPLES / "tooth-r" / "triglot-config.py"), "fit", "--save-if-better-than", "0.5") == 1
    assert capsys.readouterr().err == ("triglot: model 'tooth-r': --save-if-better-than needs a dataset_loader_test\n")
    assert stored(here) == []


def author(here: Path, script: str, data: str) -> None:
    """Write the configuration of an R author's model into the working directory."""
    (here / "triglot-config.py").write_text(
        f"{{'model': {{'!': 'triglot.estimators.RRegressor', 'script': {script!r}}}, 'dataset_loader_train': "
        f"{{'!': 'triglot.dataset.CSV', 'path': {data!r}, 'target_column': 'answer'}}}}"
    )


def test_data_that_is_not_there_is_named_with_its_remedy(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("r")
    shutil.copy(AUTHORS / "moody.R", here)
    author(here, "moody.R", "gone.csv")

    assert run("fit") == 1
    assert capsys.readouterr().err == (
        f"triglot: dataset 'gone.csv': there is no file '{here / 'gone.csv'}'; "
        "relative paths start at the working directory\n"
    )


def test_a_syntax_error_in_an_r_script_is_shown_with_its_place(lent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("r")
    shutil.copy(AUTHORS / "broken.R", lent)
    shutil.copy(AUTHORS / "moody.csv", lent)
    author(lent, "broken.R", "moody.csv")

    assert run("fit") == 1
    said = capsys.readouterr().err
    assert said.startswith("triglot: ")
    assert "broken.R:2" in said
    assert "unexpected '*'" in said
    assert stored(lent) == []


def test_a_fit_that_fails_in_r_is_shown_with_the_authors_own_lines(
    lent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require("r")
    script = "fit <- function(x, y) {\n  few(x)\n}\n\nfew <- function(x) {\n  stop('too few rows: ', nrow(x))\n}\n"
    (lent / "few.R").write_text(script)
    shutil.copy(AUTHORS / "moody.csv", lent)
    author(lent, "few.R", "moody.csv")

    assert run("fit") == 1
    assert capsys.readouterr().err.splitlines()[-4:] == [
        "triglot: too few rows: 4",
        '3: stop("too few rows: ", nrow(x)) at few.R#6',
        "2: few(x) at few.R#2",
        "1: fit(x, y)",
    ]


def test_a_fit_that_takes_more_memory_than_is_configured_ends_with_that_reason(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(Path(__file__).parent.parent / "workers" / "greedy" / "greedy.py", here)
    shutil.copy(AUTHORS / "moody.csv", here)
    (here / "triglot-config.py").write_text(
        "{'model': {'!': 'greedy.Greedy'}, 'worker_memory': {'python': '500M'}, 'dataset_loader_train': "
        "{'!': 'triglot.dataset.CSV', 'path': 'moody.csv', 'target_column': 'answer'}}"
    )

    assert run("fit") == 1
    said = capsys.readouterr().err
    assert "the python worker ended by itself with exit code 71 in the middle of its work" in said
    assert "its ceiling (worker_memory) is 0.49 GiB: it ends itself in the middle of a call" in said


DECORATOR = """
def halved(fit):
    def call(dataset_loader_train, model, model_persister, **wanted):
        assert wanted["persist"] and wanted["activate"]
        assert not wanted["evaluate"] and wanted["dataset_loader_test"] is None
        def half():
            X, y = dataset_loader_train()
            return X[::2], y[::2]
        return fit(half, model, model_persister, **wanted)
    return call
"""


def test_a_decorator_of_fits_sees_the_loader_the_model_and_the_persister_and_may_pass_on_others(lent: Path) -> None:
    (lent / "halving.py").write_text(DECORATOR)
    (lent / "xy.csv").write_text("x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n8,b\n9,a\n")
    loader = "{'!': 'triglot.dataset.CSV', 'path': here + '/xy.csv', 'target_column': 'y'}"
    model = "{'!': 'sklearn.dummy.DummyClassifier'}"
    text = f"{{'dataset_loader_train': {loader}, 'model': {model}, 'fit_decorators': ['halving.halved']}}"
    (lent / "triglot-config.py").write_text(text)
    assert run("fit") == 0
    golden = ModelStore(f"sqlite:///{lent / 'triglot.db'}").read("model").artefact.card().golden
    assert golden is not None
    assert golden.X.matrix().tolist() == [[1], [3], [5], [8]]


def on_a_terminal(*command: str, cwd: Path) -> str:
    """Return what a command shows on standard error where that is a terminal."""
    ours, its = pty.openpty()
    environ = {**environment(), "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=cwd, env=environ, stdout=subprocess.DEVNULL, stderr=its) as process:
        os.close(its)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(ours, 4096):
                shown += part
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()


def test_on_a_terminal_a_fit_shows_what_is_going_on_and_how_long_a_script_of_julia_was_compiled(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("julia")
    monkeypatch.delenv("TRIGLOT_STORE")
    assert run("new", "julia", "coffee") == 0

    shown = on_a_terminal(sys.executable, "-m", "triglot", "fit", cwd=here / "coffee")

    assert shown.index("Starting julia") < shown.index("Fitting model")
    told = re.search(r"Of the fit's ([0-9.]+) sec\. ([0-9.]+) were compilation", shown)
    assert told is not None
    assert 0 < float(told[2]) < float(told[1])
    store = ModelStore(f"sqlite:///{here / 'coffee' / 'triglot.db'}")
    metrics = store.info("coffee", 1).metrics
    store.close()
    assert 0 < metrics["compile_seconds"] < metrics["fit_seconds"]
