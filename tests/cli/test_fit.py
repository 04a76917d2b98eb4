"""`triglot fit` and `test`: real processes that start the workers they need."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.running import AUTHORS, EXAMPLES, environment, folder, triglot
from tests.helpers import require
from triglot.store import ModelStore

IRIS = EXAMPLES / "iris-python" / "triglot-config.py"


@pytest.fixture
def place() -> Iterator[Path]:
    """Hold a working directory."""
    with folder() as made:
        yield made


def stored(place: Path) -> list[tuple[int, tuple[str, ...]]]:
    """Return version and aliases of everything in the store of a working directory."""
    store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
    found = [(info.version, info.aliases) for info in store.list()]
    store.close()
    return found


def test_a_fit_is_scored_stored_and_activated_and_says_so(place: Path) -> None:
    done = triglot("-c", str(IRIS), "fit", "--evaluate", cwd=place)

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    lines = [line.removeprefix("INFO:triglot:") for line in done.stderr.splitlines()]
    assert "Train score: 0.95" in lines
    assert "Test score:  0.98" in lines
    assert "Wrote model with version 1." in lines
    assert "Activated model iris-python with version 1." in lines
    assert stored(place) == [(1, ("active",))]

    tested = triglot("-c", str(IRIS), "test", cwd=place)
    assert tested.returncode == 0, tested.stderr
    assert tested.stdout == "iris-python version 1 (python): accuracy 0.9800\n"


def test_two_fits_at_once_give_versions_1_and_2(place: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "triglot", "-c", str(IRIS), "fit"],
            cwd=place,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=100)[1] for process in running]

    assert [process.returncode for process in running] == [0, 0], said
    written = [line for text in said for line in text.splitlines() if "Wrote model" in line]
    assert sorted(written) == [f"INFO:triglot:Wrote model with version {number}." for number in (1, 2)]
    assert sorted(version for version, _ in stored(place)) == [1, 2]
    assert sum(aliases == ("active",) for _, aliases in stored(place)) == 1


def test_a_score_that_is_not_reached_stores_nothing(place: Path) -> None:
    done = triglot("-c", str(IRIS), "fit", "--save-if-better-than", "0.99", cwd=place)

    assert done.returncode == 0, done.stderr
    assert "Not persisting model that has a test score 0.98 < 0.99" in done.stderr
    assert stored(place) == []


def test_a_score_that_is_reached_is_stored_and_no_activate_leaves_what_is_served_alone(place: Path) -> None:
    done = triglot("-c", str(IRIS), "fit", "--no-activate", "--save-if-better-than", "0.98", cwd=place)

    assert done.returncode == 0, done.stderr
    assert "Wrote model with version 1." in done.stderr
    assert "Activated" not in done.stderr
    assert stored(place) == [(1, ())]


def test_a_score_to_reach_needs_test_data(place: Path) -> None:
    config = EXAMPLES / "tooth-r" / "triglot-config.py"

    done = triglot("-c", str(config), "fit", "--save-if-better-than", "0.5", cwd=place)

    assert done.returncode == 1
    assert done.stderr == "triglot: model 'tooth-r': --save-if-better-than needs a dataset_loader_test\n"


def test_data_that_is_not_there_is_named_with_its_remedy(place: Path) -> None:
    (place / "triglot-config.py").write_text(
        "{'model': {'!': 'sklearn.linear_model.LinearRegression'}, 'dataset_loader_train': "
        "{'!': 'triglot.dataset.CSV', 'path': 'gone.csv', 'target_column': 'y'}}"
    )

    done = triglot("fit", cwd=place)

    assert done.returncode == 1
    assert f"there is no file '{place / 'gone.csv'}'" in done.stderr
    assert "relative paths start at the working directory" in done.stderr


def test_a_syntax_error_in_an_r_script_is_shown_with_its_place(place: Path) -> None:
    require("r")
    shutil.copy(AUTHORS / "broken.R", place)
    shutil.copy(AUTHORS / "moody.csv", place)
    (place / "triglot-config.py").write_text(
        "{'model': {'!': 'triglot.estimators.RRegressor', 'script': 'broken.R'}, 'dataset_loader_train': "
        "{'!': 'triglot.dataset.CSV', 'path': 'moody.csv', 'target_column': 'answer'}}"
    )

    done = triglot("fit", cwd=place)

    assert done.returncode == 1
    assert "broken.R" in done.stderr
    assert "unexpected '*'" in done.stderr
    assert "Traceback (most recent call last)" not in done.stderr
    assert "Wrote model" not in done.stderr
