"""Files that a script reads travel with its model: where the author's folder is gone, they are found as before."""

import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import require
from triglot.errors import EstimatorFailed
from triglot.estimators import JuliaRegressor, RRegressor, session
from triglot.estimators.base import ForeignRegressor

RATES = Path(__file__).parent / "rates"
FILES = ("rates.csv", "offset.txt", "more/factor.bin")
X = np.array([[1.0], [2.0]])
Y = np.zeros(2)
EXPECTED = [100 + 255 * 0.5, 100 + 255 * 0.25]


@pytest.fixture(scope="module", autouse=True)
def _sessions_end_with_the_module() -> Iterator[None]:
    yield
    session.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RATES, tmp_path / "author's"))


def model(language: str, folder: Path, files: tuple[str, ...] = FILES) -> ForeignRegressor:
    require(language)
    if language == "r":
        return RRegressor(script=str(folder / "rates.R"), files=files)
    return JuliaRegressor(script=str(folder / "rates.jl"), files=files)


@pytest.mark.parametrize("language", ["r", "julia"])
def test_files_are_found_at_the_fit_and_by_a_fresh_worker_without_the_authors_folder(
    language: str, folder: Path
) -> None:
    fitted = pickle.dumps(model(language, folder).fit(X, Y))
    session.close()
    shutil.rmtree(folder)
    assert pickle.loads(fitted).predict(X).tolist() == EXPECTED


@pytest.mark.parametrize("language", ["r", "julia"])
def test_versions_with_other_files_are_served_side_by_side_whatever_becomes_of_the_authors(
    language: str, folder: Path
) -> None:
    first = model(language, folder).fit(X, Y)
    (folder / "offset.txt").write_text("200\n")
    second = model(language, folder).fit(X, Y)
    (folder / "offset.txt").write_text("300\n")
    for _ in range(2):
        assert first.predict(X).tolist() == EXPECTED
        assert second.predict(X).tolist() == [100 + answer for answer in EXPECTED]


@pytest.mark.parametrize("language", ["r", "julia"])
def test_a_file_that_is_not_declared_beside_others_is_missed_by_the_fit(language: str, folder: Path) -> None:
    with pytest.raises(EstimatorFailed, match=r"cannot open the connection|opening file .*more/factor\.bin"):
        model(language, folder, ("rates.csv", "offset.txt")).fit(X, Y)
