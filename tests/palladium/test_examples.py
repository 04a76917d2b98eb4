"""Palladium's example projects in its own spelling: fitted and tested by its commands, served and asked over HTTP."""

import contextlib
import json
import os
import re
import shutil
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.functional.running import EXAMPLES
from tests.helpers import KEY, Hive
from tests.lending import lend_to_commands
from tests.palladium.conftest import ask, pld
from triglot.cli import pld as commands
from triglot.dispatch.blocking import Client
from triglot.project import Project
from triglot.server.wsgi import build
from triglot.training.fit_worker import Bench

HERE = Path(__file__).parent / "examples"
VERSICOLOR = {"sepal length": 6.3, "sepal width": 2.5, "petal length": 4.9, "petal width": 1.5}
SETOSA = {"sepal length": "5.1", "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2}
VIRGINICA = {"sepal length": 7.2, "sepal width": 3.6, "petal length": 6.1, "petal width": 2.5}
FLOWERS = [SETOSA, VERSICOLOR, VIRGINICA]


@dataclass(frozen=True)
class Example:
    """A folder, what PALLADIUM_CONFIG says in it, the language of its model and what came of it in Palladium."""

    folder: str
    config: str
    language: str
    score: tuple[float, float]
    row: dict[str, Any]
    answer: Any
    rows: list[dict[str, Any]]
    answers: Any
    streamed: bool = False


def tooth(supp: str, dose: float) -> dict[str, Any]:
    return {"supp": supp, "dose": dose}


BY_NAME = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
EXAMPLES_OF_PALLADIUM = {
    # Palladium answered codes here, because its encoder saw R's factor as numbers.
    "R, data from R": Example(
        "R",
        "config-iris.py",
        "r",
        (0.99, 1.0),
        VERSICOLOR,
        "versicolor",
        FLOWERS,
        ["setosa", "versicolor", "virginica"],
    ),
    "R, data from Python": Example(
        "R",
        "config-iris.py,config-iris-dataset-from-python.py",
        "r",
        (0.90, 0.94),
        VERSICOLOR,
        "Iris-versicolor",
        FLOWERS,
        BY_NAME,
    ),
    # Palladium gave every row of a batch the first row's dose, and confused the two sides of R².
    "R, tooth": Example(
        "R",
        "config-tooth.py",
        "r",
        (0.6, 0.8),
        tooth("OJ", 0.5),
        pytest.approx(14.5, abs=1.5),
        [tooth("OJ", 0.5), tooth("OJ", 1), tooth("OJ", 2)],
        [pytest.approx(14.5, abs=1.5), pytest.approx(22.3, abs=1.5), pytest.approx(24.4, abs=2)],
        streamed=True,
    ),
    "Julia": Example("julia", "config.py", "julia", (0.9, 1.0), VIRGINICA, 1, [SETOSA, VIRGINICA], [-1, 1]),
    "XGBoost": Example(
        "xgboost",
        "config.py",
        "python",
        (0.9, 0.98),
        SETOSA,
        pytest.approx([1, 0, 0], abs=0.05),
        [SETOSA, VIRGINICA],
        [pytest.approx([1, 0, 0], abs=0.05), pytest.approx([0, 0, 1], abs=0.05)],
    ),
    "Keras style": Example(
        "keras", "config.py", "python", (0.9, 1.0), SETOSA, BY_NAME[0], [SETOSA, VIRGINICA], BY_NAME[::2]
    ),
}


@pytest.fixture
def place(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold the working directory of this process, with the files of no example yet; sys.path ends as it was."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("TRIGLOT_SIGNING_KEY", KEY.decode())
    monkeypatch.delitem(sys.modules, "model", raising=False)
    for variable in ("TRIGLOT_CONFIG", "TRIGLOT_RUN_DIR"):
        monkeypatch.delenv(variable, raising=False)
    return place


@contextlib.contextmanager
def serving(config: str, run_dir: Path, environ: dict[str, str]) -> Iterator[str]:
    """Serve the working directory's project on loopback, by the workers that are there; give its address."""
    app = build(Project([], {**environ, "PALLADIUM_CONFIG": config, "TRIGLOT_RUN_DIR": str(run_dir)}, Path.cwd()))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["triglot"].service.close()


@pytest.mark.parametrize("name", EXAMPLES_OF_PALLADIUM)
def test_an_example_is_fitted_tested_and_answers_over_http(
    name: str,
    place: Path,
    hive: Hive,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    example = EXAMPLES_OF_PALLADIUM[name]
    shutil.copytree(HERE / example.folder, place, dirs_exist_ok=True)
    monkeypatch.setenv("JULIA_LOAD_PATH", f"{place}:@:@stdlib")
    hive.start(example.language)
    lend_to_commands(monkeypatch, lambda _: Bench(client, example.language, KEY))
    if example.folder == "keras":
        shutil.copy(EXAMPLES / "keras-style" / "model.py", place)
    monkeypatch.setenv("PALLADIUM_CONFIG", example.config)
    caplog.set_level("INFO", logger="triglot")

    assert commands.run("pld-fit", commands.fit, ["--evaluate"]) == 0
    assert commands.run("pld-test", commands.test, []) == 0

    low, high = example.score
    scores = [float(score) for score in re.findall(r"(?:Test score: |Score: score:) +(\d\.\d+)", caplog.text)]
    assert len(scores) == 2
    assert scores[0] == scores[1]
    assert low <= scores[0] <= high
    assert "Wrote model with version 1." in caplog.messages

    with serving(example.config, hive.run_dir, dict(os.environ)) as url:
        status, good = ask(f"{url}/predict?{urllib.parse.urlencode(example.row)}")
        assert status == 200, good
        assert list(good) == ["metadata", "result"]
        assert (good["metadata"]["status"], good["metadata"]["error_code"]) == ("OK", 0)
        assert good["result"] == example.answer
        status, good = ask(f"{url}/predict", example.rows)
        assert (status, good["result"]) == (200, example.answers)
        assert ask(f"{url}/alive")[0] == 200
        [known] = ask(f"{url}/list")[1]["models"]
        assert (known["version"], known["score_test"]) == (1, scores[0])

    if example.streamed:
        said = pld("pld-stream", cwd=place, said=f"{json.dumps(example.rows)}\n", PALLADIUM_CONFIG=example.config)
        assert said.returncode == 0, said.stderr
        assert json.loads(said.stdout) == example.answers
