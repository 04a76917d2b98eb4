"""What holds a worker to its bounds: the deadline of a call, and the memory that it may use."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import PATIENCE_S, Hive, WorkerProcess, author_module, fit_request, floats, until
from tests.workers.test_worker_process import MODELS, refused
from triglot.dispatch.blocking import Client
from triglot.errors import ConfigError, DeadlineExceeded, WorkerLost, WorkerUnavailable
from triglot.estimators import JuliaRegressor, RRegressor
from triglot.languages.launch import MEMORY_VARIABLE, memory_of, memory_text
from triglot.protocol.messages import Request
from triglot.transport.request_ids import new_id
from triglot.workers.ending import EXIT_MEMORY, EXIT_STUCK

GREEDY = Path(__file__).parent / "greedy"
CEILING = "700M"


def greedy(language: str, **params: Any) -> Request:
    """Return the request of a fit that never ends by itself."""
    X, y = floats((1.0, 2.0), (2.0, 1.0), (3.0, 5.0)), [1.0, 2.0, 3.0]
    if language == "python":
        made = author_module(GREEDY, "greedy").Greedy(**params)
        return fit_request(made, X, y, None, python_path=[str(GREEDY)])
    kind, name = (RRegressor, "greedy.R") if language == "r" else (JuliaRegressor, "greedy.jl")
    spec, sources = kind(script=str(GREEDY / name), params=params).author()
    request = fit_request(None, X, y, None)
    return Request(
        op="fit",
        id=request.id,
        model="m",
        tables=request.tables,
        spec={"task": "regression", "classes": None, "spec": spec, "sources": sources},
    )


@pytest.fixture
def bounded(hive: Hive, language: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Hold a client of one worker with a ceiling of memory, which inherits that SIGINT is ignored.

    So do all that a script starts in the background: their calls must be stopped all the same.
    """
    monkeypatch.setenv(MEMORY_VARIABLE, f"{language}={CEILING}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # another fixture puts back what was there
    hive.start(language, "bounded")
    client = Client(hive.run_dir)
    yield client
    client.close()


@pytest.mark.usefixtures("language")
def test_a_long_call_is_interrupted_and_one_that_takes_too_much_memory_says_so(
    hive: Hive, language: str, bounded: Client
) -> None:
    bounded.wait_for({language: 1}, PATIENCE_S)
    with pytest.raises(DeadlineExceeded):
        bounded.call(greedy(language, seconds=60), language, 1.0)
    until(lambda: not hive.busy("bounded"))
    (worker,) = hive.workers
    assert worker.process.poll() is None, worker.said()

    with pytest.raises(WorkerLost) as lost:
        bounded.call(greedy(language), language, PATIENCE_S)

    assert "GiB of memory, and its ceiling (worker_memory) is 0.68 GiB" in str(lost.value)
    assert worker.process.wait(PATIENCE_S) == EXIT_MEMORY
    assert lost.value.reason in worker.said()


IMPATIENT = """
import sys, time
from triglot.workers import __main__, deadlines
deadlines.KILL_GRACE_S, deadlines.LAST_RESORT_S = 1.0, 0.5
sys.exit(__main__.main(sys.argv[1:]))
"""
# a thread that waits for ever for a lock which nobody will open again
HELPLESS = IMPATIENT.replace(
    "sys.exit", "from triglot.workers import process\nprocess.ending = lambda _: lambda *_: time.sleep(600)\nsys.exit"
)


def after_a_deaf_call(hive: Hive, client: Client, language: str, program: str = IMPATIENT) -> WorkerProcess:
    """Return the worker in which a call past its deadline does not hear that it is to stop.

    One that is stopped before its author's code has begun is called again, with more time.
    """
    worker = hive.start(language, "stuck", wait=False, program=program)
    hive.wait_for(worker)
    client.wait_for({language: 1}, PATIENCE_S)
    begun = hive.run_dir / "begun"
    deadline_s = 0.3
    while not begun.exists() and worker.process.poll() is None:
        # the second and third where it is the call before that turns out to be deaf
        with pytest.raises((DeadlineExceeded, WorkerLost, WorkerUnavailable)):
            client.call(greedy(language, deaf=str(begun)), language, deadline_s)
        deadline_s *= 2
    return worker


@pytest.mark.parametrize("language", ["python", "r", "julia"])
def test_a_worker_whose_call_cannot_be_stopped_ends_itself(hive: Hive, client: Client, language: str) -> None:
    worker = after_a_deaf_call(hive, client, language)
    assert worker.process.wait(PATIENCE_S) == EXIT_STUCK
    assert "does not stop: this worker ends itself" in worker.said()


def test_a_call_right_after_one_that_was_stopped_has_all_its_time(hive: Hive, client: Client) -> None:
    worker = hive.start("python", "busy", program=IMPATIENT)
    client.wait_for({"python": 1}, PATIENCE_S)
    model = author_module(MODELS, "echo").Echo()
    request = fit_request(model, floats((0.0, 0.0)), [0.0], None, python_path=[str(MODELS)])
    fitted = client.call(request, "python", PATIENCE_S).reply.artefact
    assert fitted is not None

    def ask(number: float, timeout_s: float, nap: float) -> float:
        request = Request("predict", new_id(), "echo", 1, tables=(floats((number, 0.0)),), params={"nap": nap})
        reply = client.call(request, "python", timeout_s, fetch=lambda: fitted).reply
        return float(reply.tables[0].matrix()[0, 0])

    assert ask(1.0, PATIENCE_S, 0.0) == 1.0
    with ThreadPoolExecutor(2) as pool:
        stopped = pool.submit(ask, 2.0, 1.0, 10 * PATIENCE_S)
        until(lambda: hive.busy("busy"))
        after = pool.submit(ask, 3.0, PATIENCE_S, 3.0)  # waits in the queue by then
        assert after.result() == 3.0
    assert isinstance(stopped.exception(), DeadlineExceeded)
    assert worker.process.poll() is None, worker.said()


def test_the_kernel_ends_a_worker_that_cannot_even_end_itself(hive: Hive, client: Client) -> None:
    assert after_a_deaf_call(hive, client, "python", HELPLESS).process.wait(PATIENCE_S) == -signal.SIGVTALRM


def test_an_idle_worker_beyond_its_ceiling_goes_in_order(hive: Hive, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import os, sys\nfrom triglot.workers import __main__, memory_ceiling\n"
        "memory_ceiling.rss_bytes = lambda: 2**31 if os.path.exists(os.environ['READY']) else 2**20\n"
        "sys.exit(__main__.main(sys.argv[1:]))"
    )
    monkeypatch.setenv("READY", str(hive.run_dir / "leaky.json"))
    monkeypatch.setenv(MEMORY_VARIABLE, "1G")
    worker = hive.start("python", "leaky", wait=False, program=program)
    assert worker.process.wait(PATIENCE_S) == 0
    assert "it goes, to be started again" in worker.said()


def test_a_ceiling_below_what_the_language_takes_is_refused_at_the_start(hive: Hive) -> None:
    code, said = refused(hive.run_dir, **{MEMORY_VARIABLE: "10M"})
    assert code == 2
    assert "worker_memory is 0.01 GiB, and python takes" in said


def test_sizes_are_read_as_people_write_them() -> None:
    assert memory_of("2G", "r") == memory_of("2 GiB", "r") == memory_of("2048MB", "r") == 2**31
    assert memory_of("r=1.5G, julia=4G", "r") == 3 * 2**29
    assert memory_of("r=1.5G,julia=4G", "python") == memory_of("", "r") == 0
    assert memory_text({"r": "2G", "julia": "4G"}) == "r=2G,julia=4G"
    for wrong in ("much", "-1G", "perl=2G", "2X", {"perl": "2G"}):
        with pytest.raises(ConfigError, match="worker_memory"):
            memory_text(wrong)
