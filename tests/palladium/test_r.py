"""R models and data as Palladium declared them, fitted by a real worker for R."""

from pathlib import Path

import pytest

from tests.helpers import require
from tests.palladium.conftest import lines, pld

SCRIPT = """
dataset <- function(keep = 60) {
  rows <- ToothGrowth[round(seq(1, 60, length.out = keep)), ]
  list(rows[c("supp", "dose")], rows$len)
}

train <- function(x, y, scale = 1) {
  stopifnot(is.factor(x$supp), scale == 2)
  lm(len ~ supp * dose, data = cbind(x, len = y))
}
"""
CONFIG = """{
    'dataset_loader_train': {
        '!': 'palladium.R.DatasetLoader', 'scriptname': 'tooth.R', 'funcname': 'dataset', 'keep': 40,
    },
    'dataset_loader_test': {'__copy__': 'dataset_loader_train', 'keep': 60},
    'model': {
        '!': 'sklearn.pipeline.Pipeline',
        'steps': [
            ['trans', {'!': 'palladium.R.Rpy2Transform'}],
            ['model', {'!': 'palladium.R.RegressionModel', 'scriptname': 'tooth.R', 'funcname': 'train', 'scale': 2}],
        ],
    },
    'scoring': 'r2',
    'predict_service': {
        '!': 'palladium.server.PredictService', 'mapping': [('supp', 'str'), ('dose', 'float')],
    },
}"""


@pytest.fixture
def tooth(place: Path) -> Path:
    """Hold the tooth project."""
    require("r")
    (place / "tooth.R").write_text(SCRIPT)
    (place / "palladium-config.py").write_text(CONFIG)
    return place


def test_the_tooth_project_is_fitted_scored_and_streamed(tooth: Path) -> None:
    fitted = pld("pld-fit", "--evaluate", cwd=tooth)

    assert fitted.returncode == 0, fitted.stderr
    said = lines(fitted.stderr)
    assert "Wrote model with version 1." in said
    [score] = [float(line.split()[-1]) for line in said if line.startswith("Test score:")]
    assert 0.6 < score < 0.8

    rows = '[{"supp": "OJ", "dose": "0.5"}, {"supp": "VC", "dose": 2}, {"supp": "VC", "dose": 0.5}]'
    streamed = pld("pld-stream", cwd=tooth, said=f"{rows}\n")
    assert streamed.returncode == 0, streamed.stderr
    low, high, lowest = [float(part) for part in streamed.stdout.strip().strip("[]").split(",")]
    assert lowest < low < high
