"""What a verbose search prints is on standard output while it still goes on."""

import subprocess
from pathlib import Path

import pytest

from tests.helpers import PATIENCE_S
from tests.palladium.conftest import command, surroundings

CONFIG = """{
    'dataset_loader_train': {'!': 'patient.Loader'},
    'model': {'!': 'patient.Patient'},
    'grid_search': {'param_grid': {'C': [1.0, 2.0]}, 'cv': 2, 'verbose': 2, 'n_jobs': %s, 'pre_dispatch': 1},
}"""
PATIENT = f"""
import time
from pathlib import Path
import numpy as np
from sklearn.linear_model import LogisticRegression

def Loader():
    X = np.linspace(0, 1, 12).reshape(-1, 1)
    return lambda: (X, np.tile(['a', 'b'], 6))

class Patient(LogisticRegression):
    def fit(self, X, y):
        deadline = time.monotonic() + {PATIENCE_S}
        while self.C == 2.0 and not Path('seen').exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return super().fit(X, y)
"""


@pytest.mark.parametrize("jobs", [None, 2])
def test_the_lines_of_a_verbose_search_come_while_it_goes_on(jobs: int | None, place: Path) -> None:
    (place / "palladium-config.py").write_text(CONFIG % jobs)
    (place / "patient.py").write_text(PATIENT)
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(
            command("pld-grid-search"), cwd=place, env=surroundings(), stdout=subprocess.PIPE, stderr=log, text=True
        ) as search,
    ):
        assert search.stdout is not None
        first = next((line for line in search.stdout if line.startswith("[CV]")), "")
        assert "C=1.0" in first, (place / "log").read_text()
        assert search.poll() is None
        (place / "seen").touch()  # before this the second half cannot end
        rest = search.stdout.read()
        assert search.wait(PATIENCE_S) == 0, (place / "log").read_text()
    assert rest.count("[CV] END") == 3
    assert "mean_test_score" in rest.split("[CV] END")[-1]
    assert "[CV]" not in (place / "log").read_text()
