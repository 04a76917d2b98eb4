"""A process keeps one worker a language: it survives crashes, threads and forks, and ends with the process."""

import _thread
import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import children
from tests.helpers import PATIENCE_S, require, until
from triglot.errors import LanguageUnavailable, WorkerLost
from triglot.estimators import RRegressor, session

SCRIPT = str(Path(__file__).parent / "plain.R")
X = np.arange(20.0).reshape(10, 2) ** 2
y = X @ [1.0, 2.0]


@pytest.fixture(scope="module", autouse=True)
def _sessions_end_with_the_module() -> Iterator[None]:
    require("r")
    yield
    session.close()


def model(fit: str = "fit") -> RRegressor:
    return RRegressor(script=SCRIPT, fit_function=fit)


def worker_id() -> int:
    """Return the process that answers now."""
    return int(model("process").fit(X, y).predict(X[:1])[0])


def test_a_session_outlives_the_thread_that_started_it_and_serves_many() -> None:
    session.close()
    others = children()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(worker_id).result()
    with ThreadPoolExecutor(4) as pool:
        fitted = list(pool.map(lambda k: model().fit(X, k * y), range(1, 9)))
        answers = list(pool.map(lambda each: each.predict(X), fitted))
    for k, answer in enumerate(answers, start=1):
        np.testing.assert_allclose(answer, k * y)
    assert worker_id() == first
    assert len(children() - others) == 1


def test_a_fit_that_ends_its_worker_is_an_error_and_the_next_gets_another() -> None:
    before = worker_id()
    fitted = model().fit(X, y)
    with pytest.raises(WorkerLost, match=r"the r worker was ended by SIGKILL .* its last words: .*"):
        model("fit_deadly").fit(X, y)
    assert fitted.predict(X) == pytest.approx(y)
    assert worker_id() != before


def test_a_worker_that_is_killed_between_two_calls_costs_time_and_no_answer() -> None:
    fitted = model().fit(X, y)
    os.kill(worker_id(), signal.SIGKILL)
    assert fitted.predict(X) == pytest.approx(y)


def test_an_interrupt_ends_the_call_and_the_worker_with_it(tmp_path: Path) -> None:
    before = worker_id()
    mark = tmp_path / "mark"

    def interrupt() -> None:
        until(mark.exists)
        _thread.interrupt_main()

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        model("fit_slow").set_params(params__mark=str(mark)).fit(X, y)
    interrupting.join()
    assert worker_id() != before


def test_a_fork_has_a_session_of_its_own_and_leaves_the_parents_alone() -> None:
    fitted = model().fit(X, y)
    before = worker_id()
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()

    def child() -> None:
        results.put((worker_id(), fitted.predict(X).tolist()))
        session.close()

    process = context.Process(target=child)
    process.start()
    its_worker, answer = results.get()
    process.join(PATIENCE_S)
    assert process.exitcode == 0
    assert answer == pytest.approx(y.tolist())
    assert its_worker != before
    assert worker_id() == before


def test_an_unpickled_model_predicts_in_a_new_process_whose_worker_ends_with_it_even_in_a_call(tmp_path: Path) -> None:
    # not pytest's own folder: a socket's path may have 107 bytes
    places, mark = Path(tempfile.mkdtemp(prefix="tg-")), tmp_path / "mark"
    slow = model("fit_slow").set_params(params__mark=str(mark))
    (tmp_path / "models").write_bytes(pickle.dumps((model().fit(X, y), model("process"), slow, X, y)))
    program = (
        "import pickle, sys; model, process, slow, X, y = pickle.load(open(sys.argv[1], 'rb')); "
        "print(*model.predict(X)); print(int(process.fit(X, y).predict(X)[0]), flush=True); slow.fit(X, y)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "models")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(places)},
    ) as process:
        assert process.stdout is not None
        answers = [float(number) for number in process.stdout.readline().split()]
        its_worker = int(process.stdout.readline())
        assert list(places.glob("triglot-*/session.json"))
        until(mark.exists)
        process.kill()
    assert answers == pytest.approx(y.tolist())
    until(lambda: not _is_alive(its_worker))
    until(lambda: os.listdir(places) == [])
    places.rmdir()


def test_a_language_that_is_missing_is_told_at_the_first_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    session.close()
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("TRIGLOT_R_HOME", raising=False)
    with pytest.raises(LanguageUnavailable, match="r is off: R is not installed"):
        model().fit(X, y)


def test_a_worker_that_does_not_start_is_told_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    session.close()
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")
    with pytest.raises(LanguageUnavailable, match=r"the r worker did not start: .*no Python frame"):
        model().fit(X, y)
    monkeypatch.delenv("PYTHONHOME")
    session.close()
    assert model().fit(X, y).predict(X) == pytest.approx(y)


def _is_alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
