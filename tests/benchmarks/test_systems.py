"""The systems of the benchmarks: who is chosen, who is absent and why, which answers are refused."""

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks import servers
from benchmarks.__main__ import chosen
from benchmarks.alternatives import environments
from benchmarks.data import MANY, ONE, flowers, many
from benchmarks.preparation import check
from benchmarks.processes import ROOT, family, served
from benchmarks.suite import FLOORS, estimate
from benchmarks.systems import (
    BENTOML,
    KSERVE,
    LITSERVE,
    MLFLOW,
    OWN,
    PLAIN,
    PLUMBER,
    SYSTEMS,
    TRIGLOT,
    V2,
    VETIVER,
)
from tests.helpers import until

# A server that puts a process into a session of its own, as some alternatives do.
FORKING = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_systems_are_chosen_by_name_and_an_unknown_name_is_said() -> None:
    systems, floors = chosen("nginx,triglot,mlserver")
    assert ([system.name for system in systems], floors) == (["mlserver", "triglot"], ["nginx"])
    assert len(chosen("default")[0]) < len(chosen("all")[0]) == len(SYSTEMS)
    with pytest.raises(SystemExit, match="no system clipper"):
        chosen("triglot,clipper")


def test_every_system_and_every_limit_is_documented() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    assert not [name for name in (*FLOORS, *(system.name for system in SYSTEMS)) if f"`{name}`" not in text]


def test_the_default_systems_take_a_quarter_of_an_hour() -> None:
    assert 10 < estimate(chosen("default")[0], list(FLOORS), seconds=3, rounds=3) <= 17


def test_every_environment_has_requirements_that_are_pinned_and_a_version() -> None:
    for name in environments.names():
        lines = (environments.REQUIREMENTS / f"{name}.txt").read_text("ascii").split()
        assert not [line for line in lines if "==" not in line]
        assert environments.version(name)
    needed = {servers.ENVIRONMENT, *(system.environment for system in SYSTEMS)}
    assert needed == {OWN, environments.PLUMBER, *environments.names()}


def test_an_environment_is_absent_until_it_is_installed_and_a_failure_is_remembered(tmp_path: Path) -> None:
    assert environments.absent("vetiver", tmp_path) == environments.HINT
    (tmp_path / "vetiver.reason").write_text("pip could not install it: no network", "utf-8")
    assert environments.absent("vetiver", tmp_path) == "pip could not install it: no network"
    mark = tmp_path / "vetiver" / "installed"
    mark.parent.mkdir()
    mark.write_text("the digest of other requirements", "ascii")
    assert environments.absent("vetiver", tmp_path) is not None


@pytest.mark.parametrize(
    ("speech", "path", "answer"),
    [
        (TRIGLOT, "/models/logistic/predict", {"result": ["a", "b"]}),
        (PLAIN, "/logistic/predict", {"result": ["a", "b"]}),
        (PLUMBER, "/predict", {"result": ["a", "b"]}),
        (V2, "/v2/models/logistic/infer", {"outputs": [{"name": "predict", "data": ["a", "b"]}]}),
        (BENTOML, "/logistic", ["a", "b"]),
        (KSERVE, "/v1/models/logistic:predict", {"predictions": ["a", "b"]}),
        (LITSERVE, "/logistic", {"result": ["a", "b"]}),
        (MLFLOW, "/invocations", {"predictions": ["a", "b"]}),
        (VETIVER, "/predict", {"predict": ["a", "b"]}),
    ],
)
def test_two_rows_are_posted_as_json_and_two_labels_are_found(speech, path: str, answer: object) -> None:  # type: ignore[no-untyped-def]
    asked, body = speech.request("logistic", [ONE, [5.0, 3.0, 1.4, 0.2]])
    assert asked == path
    assert b"6.3" in body
    assert json.loads(body)
    assert speech.labels(answer) == ["a", "b"]


def test_answers_that_are_not_the_models_own_are_refused_before_anything_is_timed() -> None:
    truth = flowers()[1]
    check(many(truth), truth)
    with pytest.raises(RuntimeError, match="999 labels for 1000 rows"):
        check(many(truth)[1:], truth)
    one_wrong = ["Iris-nothing", *many(truth)[1:]]
    check(one_wrong, None)
    with pytest.raises(RuntimeError, match="labels are as expected"):
        check(one_wrong, truth)
    with pytest.raises(RuntimeError, match="only 33% of the labels"):
        check(["Iris-setosa"] * MANY, None)


def test_all_processes_of_a_server_end_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served([sys.executable, "-c", FORKING], dict(os.environ), log, lambda: b"\n" in log.read_bytes()) as running:
        child = int(log.read_text())
        assert child in family(running.pid)
        assert running.memory_mb() > 1
        assert running.start_s > 0
    until(lambda: not Path(f"/proc/{child}").exists())


def test_a_server_that_ends_says_its_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="no models here"),
        served([sys.executable, "-c", "raise SystemExit('no models here')"], dict(os.environ), tmp_path / "log", bool),
    ):
        pass


def test_the_front_end_is_measured_under_each_web_server_with_one_process_and_with_two() -> None:
    titles = list(servers.commands(8000))
    assert sorted(title for title in titles if title.startswith("granian, ASGI")) == [
        "granian, ASGI, 1 process",
        "granian, ASGI, 2 processes",
    ]
    slow, quick = (servers.Figures(*[{1: rate, 16: rate, 64: rate}] * 3, 0.1, 50.0) for rate in (1.0, 2.0))
    lines = servers.table({"slow": [slow], "quick": [quick, slow, quick]}).splitlines()
    assert [line.split(" | ")[:4] for line in lines[2:]] == [["| quick", "2", "2", "2"], ["| slow", "1", "1", "1"]]
