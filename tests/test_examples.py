"""Each example fits and answers, and its author's files know nothing of us."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers import KEY, require
from triglot.dataset import load
from triglot.project import Project
from triglot.training.fit_worker import Bench
from triglot.training.pipelines import language_of

EXAMPLES = Path(__file__).parents[1] / "examples"
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/triglot-config.py"))
# score on the test data, or on the training data where there is no other
EXPECTED = {"iris-python": 0.98, "iris-r": 0.9, "iris-julia": 0.9, "tooth-r": 0.77, "keras-style": 0.94, "xgboost": 0.9}
OURS = re.compile(r"triglot|palladium|rpy2|pyjulia|zmq|zeromq|flask|reticulate", re.IGNORECASE)
ENVIRON = {**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()}


@pytest.mark.parametrize("name", FOLDERS)
def test_an_example_fits_and_answers(name: str, tmp_path: Path, benches: Callable[[str], Bench]) -> None:
    project = Project([EXAMPLES / name / "triglot-config.py"], ENVIRON, tmp_path)
    assert project.names == (name,)
    entry = project.entry(name)
    worker = benches(language_of(entry.model))
    X, y = load(entry.train)

    fitted = worker.fit(name, entry.model, X, y, project.python_path)

    held_out = (X, y) if entry.test is None else load(entry.test)
    assert worker.score(name, fitted.artefact, *held_out) >= EXPECTED[name]
    answers = worker.predict(name, fitted.artefact, X.head(3))
    alone = [worker.predict(name, fitted.artefact, X.iloc[[row]])[0] for row in range(3)]
    assert answers.tolist() == pytest.approx(alone)


def test_the_cells_of_the_notebook_run_one_after_the_other() -> None:
    require("r")
    folder = EXAMPLES / "notebook"
    cells = json.loads((folder / "r-in-a-notebook.ipynb").read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]

    program = "\n".join([*code, "print(search.best_score_ > 0.9, card['classes'])"])
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, env=ENVIRON, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    score, told = done.stdout.splitlines()[-2:]
    assert float(score) > 0.9
    assert told == "True ['Iris-setosa', 'Iris-versicolor', 'Iris-virginica']"


def authors_files() -> list[Path]:
    """Return the files of the authors."""
    scripts = [path for path in EXAMPLES.rglob("*") if path.suffix in (".R", ".r", ".jl", ".toml")]
    return sorted([*scripts, *EXAMPLES.glob("*/model.py")])


def test_every_example_has_an_expectation_here() -> None:
    assert set(FOLDERS) == set(EXPECTED)
    assert len(authors_files()) >= 5


def test_what_an_example_requires_is_installed_and_it_has_a_readme() -> None:
    for path in EXAMPLES.glob("*/requirements.txt"):
        for line in path.read_text("utf-8").splitlines():
            if not line.startswith("#"):
                importlib.metadata.version(line)
    assert all((EXAMPLES / name / "README.md").is_file() for name in FOLDERS)


@pytest.mark.parametrize("path", authors_files(), ids=lambda path: path.name)
def test_an_author_s_file_contains_none_of_our_words(path: Path) -> None:
    assert OURS.search(path.read_text("utf-8")) is None


def test_the_demonstration_names_the_models_of_the_folders(tmp_path: Path) -> None:
    project = Project([EXAMPLES / "demo-config.py"], ENVIRON, tmp_path)

    for name in project.names:
        folder = Project([EXAMPLES / name / "triglot-config.py"], ENVIRON, tmp_path)
        mine, theirs = project.entry(name), folder.entry(name)
        assert repr(mine.model) == repr(theirs.model).replace(f"/{name}/../", "/").replace("/../", "/")
        pd.testing.assert_frame_equal(load(mine.train)[0], load(theirs.train)[0])
