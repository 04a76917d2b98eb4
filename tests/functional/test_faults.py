"""What goes wrong, and how little of it a caller sees."""

import contextlib
import http.client
import os
import signal
from pathlib import Path

import pytest

from tests.functional.conftest import WORKERS, Benches
from tests.functional.running import AUTHORS, Load, Running, descendants
from tests.helpers import require, until
from triglot.dataset import CSV
from triglot.errors import BadRequest, EstimatorFailed
from triglot.estimators import JuliaRegressor, RRegressor

FINE = {"mood": 0, "seconds": 0}
BRIEF = {"mood": 0, "seconds": 0.05}
FITS = {
    "r": RRegressor(script=str(AUTHORS / "moody.R")),
    "julia": JuliaRegressor(script=str(AUTHORS / "Moody.jl"), fit_function="Moody.fit"),
}


def path(language: str) -> str:
    """Return the route of the moody model of a language."""
    require(language)
    return f"/models/moody-{language}/predict"


def crash(service: Running, process: str) -> int:
    """Kill a supervised process by -9; return its id."""
    pid = service.pid(process)
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_killed_worker_costs_no_request_in_flight(service: Running, language: str) -> None:
    with Load(service, [path(language)], [BRIEF], threads=4) as load:
        load.after(8)
        killed = [crash(service, f"workers-{language}:{language}-{number}") for number in range(WORKERS[language])]
        load.after(12)

    assert load.failures() == []
    assert {answer.result[0] for _, answer in load.answers} == {1.0}
    assert service.pid(f"workers-{language}:{language}-0") not in killed


def test_a_killed_front_end_process_is_replaced_and_the_service_goes_on(service: Running) -> None:
    def answers() -> bool:
        # connections to the dead process break, so that callers ask again
        with contextlib.suppress(OSError, http.client.HTTPException):
            return service.post(path("python"), [FINE]).result == [1.0]
        return False

    before = descendants(service.pid("web"))
    os.kill(before[0], signal.SIGKILL)

    until(answers)
    until(lambda: before[0] not in (now := descendants(service.pid("web"))) and len(now) == len(before))
    until(lambda: all(answers() for _ in range(20)))
    assert service.post(path("python"), [FINE]).result == [1.0]


def test_processes_of_the_front_end_share_what_each_of_them_imports(service: Running) -> None:
    for pid in descendants(service.pid("web")):
        memory = Path(f"/proc/{pid}/smaps_rollup").read_text()
        shared = int(next(line.split()[1] for line in memory.splitlines() if line.startswith("Shared_Dirty:")))
        assert shared > 15_000, memory  # kB; 4,500 where each has imported for itself


def test_a_model_that_raises_fails_its_own_request_and_no_other(service: Running, language: str) -> None:
    with Load(service, [path(language)], [BRIEF], threads=3) as load:
        load.after(3)
        failed = [service.post(path(language), [{"mood": 1, "seconds": 0}]) for _ in range(5)]
        load.after(3)

    assert load.failures() == []
    for answer in failed:
        assert answer.status == 500
        assert answer.body["metadata"]["code"] == "estimator-failed"
        assert answer.message.endswith("see the log for this request_id")
        assert "mood" not in answer.message
        assert "problems" not in answer.body["metadata"]
    until(lambda: failed[0].headers["x-request-id"] in service.said())
    assert "no answer in mood 1" in service.said()


def test_a_model_that_ends_its_process_is_refused_after_two_and_the_others_are_answered(
    service: Running, language: str
) -> None:
    answer = service.post(path(language), [{"mood": 2, "seconds": 0}])

    # The model of Julia calls C's _exit, which nothing catches; exit() and quit() are errors of the model.
    expected = {"julia": (422, "poison-request")}.get(language, (500, "estimator-failed"))
    assert (answer.status, answer.body["metadata"]["code"]) == expected
    assert service.post(path(language), [FINE]).result == [1.0]


def test_a_version_that_does_not_exist_cannot_be_activated(service: Running) -> None:
    done = service.triglot("activate", "99", "moody-python")

    assert done.returncode == 1
    assert done.stderr.startswith("triglot: ")
    assert "99" in done.stderr
    assert service.post(path("python"), [FINE]).result == [1.0]


@pytest.mark.parametrize("name", ["moody-python", "moody-r"])
def test_a_new_version_and_the_rollback_lose_no_request(service: Running, name: str) -> None:
    route = path(name.removeprefix("moody-"))

    def answers_version(wanted: int) -> bool:
        # both front-end processes must have switched, and a new connection goes to either
        return all(service.post(route, [FINE]).body["metadata"]["version"] == wanted for _ in range(8))

    with Load(service, [route], [BRIEF]) as load:
        for version in (2, 1):
            load.after(5)
            assert service.triglot("activate", str(version), name).returncode == 0
            until(lambda version=version: answers_version(version))  # type: ignore[misc]

    assert load.failures() == []
    # the answer is the tag of the version that is said to have given it
    said = {(answer.body["metadata"]["version"], answer.result[0]) for _, answer in load.answers}
    assert said == {(1, 1.0), (2, 2.0)}


@pytest.mark.parametrize(
    ("script", "function", "told"),
    [
        ("broken.R", "fit", "unexpected '*'"),
        ("moody.R", "fitt", "fitt"),
        ("moody.R", "fit_stop", "too few rows: 4"),
        ("moody.R", "fit_quit", "quit() was called"),
        ("nowhere.R", "fit", "there is no file"),
        ("Moody.jl", "Moody.fit_throws", "too few rows: 4"),
        ("Moody.jl", "Moody.fitt", "fitt"),
        ("lost.jl", "fit", "NoSuchPackageAnywhere"),
    ],
)
def test_a_fit_that_fails_says_why_and_leaves_the_worker_alive(
    benches: Benches, script: str, function: str, told: str
) -> None:
    kind, language = (RRegressor, "r") if script.endswith(".R") else (JuliaRegressor, "julia")
    worker = benches(language)
    X, y = CSV(str(AUTHORS / "moody.csv"), "answer").frame()

    with pytest.raises((EstimatorFailed, BadRequest)) as failed:
        worker.fit("failing", kind(script=str(AUTHORS / script), fit_function=function), X, y)

    assert told in str(failed.value)
    assert worker.fit("fine", FITS[language], X, y).task == "regression"
