"""pytest: the model as Python people test it, without Triglot."""

from pathlib import Path

import numpy as np
import pandas as pd
from model import pipeline

HERE = Path(__file__).parent
COLUMNS = ["altitude", "roast", "moisture"]

train, test = (pd.read_csv(HERE / name) for name in ("train.csv", "test.csv"))
fitted = pipeline().fit(train[COLUMNS].to_numpy(), train["grade"])


def test_most_of_the_beans_that_it_never_saw_are_graded_right() -> None:
    assert fitted.score(test[COLUMNS].to_numpy(), test["grade"]) > 0.8


def test_a_row_is_answered_as_it_is_among_others() -> None:
    rows = test[COLUMNS].to_numpy()
    np.testing.assert_allclose(fitted.predict_proba(rows[3:4]), fitted.predict_proba(rows)[3:4])
