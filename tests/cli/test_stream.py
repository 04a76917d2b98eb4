"""`triglot stream`: rows in, answers out, as the predict service of the configuration says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.running import folder, quick

CONFIG = """{
    'model': {'!': 'mine.Scaled'},
    'dataset_loader_train': {'!': 'mine.Data'},
    'predict_service': {'!': 'mine.Service', 'mapping': [('a', 'float'), ('b', 'float')],
                        'params': [('times', 'float')]},
}"""
MINE = """
import numpy as np
from palladium.server import PredictService

class Data:
    def __call__(self):
        return np.arange(8.0).reshape(4, 2), np.arange(4.0)

class Scaled:
    def fit(self, X, y):
        return self
    def predict(self, X, times=1.0):
        if (X < 0).any():
            raise ValueError('negative')
        return X.sum(axis=1) * times

class Service(PredictService):
    def predict(self, model, sample, **kwargs):
        return super().predict(model, sample, **kwargs) + 0.5
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Hold a project whose predict service has a method of its own."""
    with folder() as made:
        (made / "mine.py").write_text(MINE)
        (made / "triglot-config.py").write_text(CONFIG)
        (made / "bare.py").write_text("{'predict_service': None}")
        done = quick("fit", "--no-proof", cwd=made)
        assert done.returncode == 0, done.stderr
        yield made


def streamed(place: Path, *lines: object, config: str = "triglot-config.py") -> tuple[list[str], str]:
    """Return the lines of standard output, and standard error."""
    said = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    done = quick("stream", cwd=place, said=said, TRIGLOT_CONFIG=config)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_the_service_of_ones_own_answers_with_params_of_the_first_object(place: Path) -> None:
    out, err = streamed(
        place,
        [{"a": 1, "b": "2", "times": 10}, {"a": 2, "b": 3, "times": 99}],
        [{"a": 1, "b": 2}],
        {"a": 1},
        [{"a": -1, "b": 0}],
        [{"a": 3, "b": 4}],
    )

    assert out == ["[30.5,50.5]", "[3.5]", "[]", "[]", "[7.5]"]
    assert 'Error while processing input row: {"a": 1}\n<class ' in err
    assert "negative" in err


def test_without_a_service_rows_have_the_models_own_columns(place: Path) -> None:
    out, err = streamed(
        place, [{"x0": 1, "x1": 2}, {"x1": 3, "x0": 2}], [{"x0": 1}], config="triglot-config.py,bare.py"
    )

    assert out == ["[3.0,5.0]", "[]"]
    assert "field 'x1': is missing" in err


def test_without_a_model_nothing_is_answered() -> None:
    with folder() as empty:
        (empty / "triglot-config.py").write_text("{'model': {'!': 'builtins.dict'}, 'dataset_loader_train': None}")
        done = quick("stream", cwd=empty)
        assert done.returncode == 1
        assert "there is no model 'model'" in done.stderr
