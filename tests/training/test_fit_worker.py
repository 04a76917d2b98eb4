"""A fit: a fresh worker, a signed artefact, and a word about how it ended when it did not end well."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import tests.training.test_fit_worker as this
from tests.conftest import children
from tests.helpers import KEY, Hive
from triglot.dispatch.blocking import Client
from triglot.errors import BadRequest, LanguageUnavailable, WorkerLost
from triglot.training.fit_worker import Bench, bench
from triglot.training.worker_process import Child

ENVIRON = {**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode()}
X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
LABELS = pd.Series(["no", "no", "yes", "yes"])


class Deadly:
    """Ends its process when it is fitted."""

    def __init__(self, how: str) -> None:
        self.how = how

    def fit(self, X: Any, y: Any) -> "Deadly":
        print("these are my last words")
        if self.how == "exit":
            os._exit(3)
        os.kill(os.getpid(), signal.SIGKILL)
        return self


class Talker:
    """Prints, warns and fits nothing."""

    def fit(self, X: Any, y: Any) -> "Talker":
        import warnings

        print("looking at", len(X), "rows")
        warnings.warn("not many", stacklevel=1)
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), 0.5)


@pytest.fixture(scope="module", autouse=True)
def _classes_of_this_file_travel_by_value() -> Iterator[None]:
    cloudpickle.register_pickle_by_value(this)
    yield
    cloudpickle.unregister_pickle_by_value(this)


@pytest.fixture(scope="module")
def worker(benches: Callable[[str], Bench]) -> Bench:
    return benches("python")


def test_a_fit_gives_an_artefact_that_is_signed_and_says_what_it_is(worker: Bench) -> None:
    fitted = worker.fit("iris", LogisticRegression(), X, LABELS)

    card = fitted.artefact.verified(KEY)
    assert (fitted.language, fitted.task) == ("python", "classification")
    assert card["classes"] == ["no", "yes"]
    assert [field["name"] for field in card["schema"]] == ["a", "b"]
    assert fitted.info["rows"] == 4
    assert worker.predict("iris", fitted.artefact, X).tolist() == [0, 0, 1, 1]
    assert worker.predict_proba("iris", fitted.artefact, X).sum(axis=1) == pytest.approx(np.ones(4))


def test_a_score_counts_a_class_that_the_model_never_saw_as_wrong(worker: Bench) -> None:
    fitted = worker.fit("iris", LogisticRegression(), X, LABELS)

    assert worker.score("iris", fitted.artefact, X, LABELS) == 1.0
    assert worker.score("iris", fitted.artefact, X, ["no", "no", "yes", "maybe"]) == 0.75
    assert worker.score("iris", fitted.artefact, X.iloc[:2], ["maybe", "no"]) == 0.5


def test_a_regression_is_scored_by_r2(worker: Bench) -> None:
    fitted = worker.fit("line", LinearRegression(), X, [1.0, 3.0, 5.0, 7.0])

    assert fitted.artefact.card()["classes"] is None
    assert worker.score("line", fitted.artefact, X, [1.0, 3.0, 5.0, 7.0]) == pytest.approx(1.0)


def test_what_the_author_prints_and_warns_of_comes_back(worker: Bench) -> None:
    fitted = worker.fit("talker", Talker(), X, [0.5, 1.5, 2.5, 3.5])

    assert "looking at 4 rows" in fitted.output
    assert fitted.warnings == ("UserWarning: not many",)


def test_data_that_cannot_be_fitted_is_refused(worker: Bench) -> None:
    with pytest.raises(BadRequest, match="there are no rows to fit; look at the dataset loader"):
        worker.fit("iris", LogisticRegression(), X.iloc[:0], LABELS.iloc[:0])
    with pytest.raises(BadRequest, match="y has 3 rows, X has 4"):
        worker.fit("iris", LogisticRegression(), X, LABELS.iloc[:3])


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("exit", "the python worker ended by itself with exit code 3 in the middle of its work; its last words: "),
        ("kill", "the python worker was ended by SIGKILL in the middle of its work; its last words: "),
    ],
)
def test_a_worker_that_dies_is_told_with_how_it_ended(how: str, told: str) -> None:
    with pytest.raises(WorkerLost) as lost, bench("python", ENVIRON) as worker:
        worker.fit("deadly", Deadly(how), X, LABELS)

    assert str(lost.value).startswith(told)
    assert "ready: python" in str(lost.value)


def test_a_worker_is_gone_with_its_folder_when_its_bench_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = children()

    with bench("python", ENVIRON):
        assert len(children()) == len(before) + 1
        assert len(os.listdir(tmp_path)) == 1

    assert children() == before
    assert os.listdir(tmp_path) == []


def test_a_language_that_is_missing_says_what_was_looked_for() -> None:
    with (
        pytest.raises(LanguageUnavailable, match="r is off: R is not installed: neither TRIGLOT_R_HOME nor PATH"),
        bench("r", {"PATH": "/nonexistent", "TRIGLOT_SIGNING_KEY": KEY.decode()}),
    ):
        pass


def test_a_worker_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("a key that is long enough to be one, but readable by others\n")
    key.chmod(0o644)
    environ = {**os.environ, "TRIGLOT_SIGNING_KEY": KEY.decode(), "PYTHONHOME": "/nonexistent"}

    with pytest.raises(LanguageUnavailable, match="the python worker did not start: "), bench("python", environ):
        pass


def test_a_worker_that_ends_before_it_has_said_anything_is_told_by_how_it_ended(hive: Hive, client: Client) -> None:
    child = Child("python", "w", hive.run_dir, os.environ)
    child.process.kill()
    try:
        with pytest.raises(LanguageUnavailable, match="did not start: it was ended by SIGKILL"):
            child.wait_until_ready(client)
    finally:
        child.stop()


def test_two_fits_under_one_name_answer_each_for_itself() -> None:
    with bench("python", ENVIRON) as worker:
        rising, falling = (worker.fit("line", LinearRegression(), X[["a"]], sign * X["a"]).artefact for sign in (1, -1))
        answers = [worker.predict("line", artefact, X[["a"]])[3] for artefact in (rising, falling, rising)]
    np.testing.assert_allclose(answers, [3.0, -3.0, 3.0])
