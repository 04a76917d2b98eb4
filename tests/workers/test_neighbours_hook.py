"""When the versions of a worker are asked for their golden rows again; a clock stands still but where it is moved."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import KEY
from triglot.artefact import Artefact, seal
from triglot.errors import ArtefactRefused, EstimatorFailed
from triglot.hooks import LoadedVersion, WorkerCall
from triglot.languages.launch import HELD_VERSIONS
from triglot.manifest import Golden, Manifest
from triglot.protocol.messages import Op, Request
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table
from triglot.workers.activity import Activity
from triglot.workers.doubts import AGAIN_S
from triglot.workers.ending import EXIT_SPOILT
from triglot.workers.neighbours import BUDGET_S, COMING_S, Neighbours

X = Table(["x"], matrix=np.array([[1.0]]))


class Process:
    """Versions in one process, what each answers now, and how long it takes."""

    def __init__(self, run_dir: Path, held: int = HELD_VERSIONS) -> None:
        self.now = 0.0
        self.activity = Activity()
        self.ended: list[tuple[int, str]] = []
        self.asked: list[str] = []
        self.answers: dict[str, float] = {}
        self.takes: dict[str, float] = {}
        self.held = held
        self.hook = Neighbours(dict, run_dir, self.activity, self._end, held=held, clock=lambda: self.now)

    def _end(self, code: int, why: str) -> None:
        self.ended.append((code, why))
        raise SystemExit(code)

    def load(self, model: str, changes: str = "", version: int = 1) -> None:
        """Load a version, which may change what another one answers."""
        name = f"{model}{version}"
        golden = Golden("predict", X, np.array([[1.0]])).to_json()
        fields = {"blob_sha256": name, "golden": golden, "schema": Schema.learn(X).to_json(), "runtime": {}}
        fields |= {"spec": {}, "sources": {}}
        loaded = LoadedVersion(model, version, Manifest(fields))
        with suppress(SystemExit):
            self._take(name, loaded, changes)

    def _take(self, name: str, loaded: LoadedVersion, changes: str) -> None:
        model, version = loaded.model, loaded.version
        self.hook.version_offered(loaded)
        self.answers |= {name: 1.0, **({changes: 5.0} if changes else {})}
        self.hook.version_loaded(loaded._replace(ask=self._ask(name), forget=lambda: self._forget(model, version)))
        self.activity.holds = (*self.activity.holds, (model, version, name))[-self.held :]

    def idle(self) -> None:
        with suppress(SystemExit):
            self.hook.worker_idle()

    def call(self, model: str) -> None:
        request = Request(op="predict", id="1", model=model, version=1)
        with suppress(SystemExit):
            self.hook.call_begun(WorkerCall([request], time.monotonic() + 10))

    def _forget(self, model: str, version: int) -> None:
        self.activity.holds = tuple(held for held in self.activity.holds if held[:2] != (model, version))

    def _ask(self, name: str) -> Callable[[Op, Table], Array]:
        def ask(op: Op, table: Table) -> Array:
            self.asked.append(name)
            self.now += self.takes.get(name, 0.0)
            if self.answers[name] == 5.0 and name.startswith("broken"):
                raise EstimatorFailed("a word of its author's")
            return np.array([[self.answers[name]]])

        return ask


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path)


def fitted_nowhere() -> Artefact:
    card = {"language": "r", "task": "regression", "spec": {}, "sources": {}, "runtime": {}, "created": "2026-01-01"}
    return seal(card, b"", KEY)


def test_those_that_were_loaded_last_are_asked_first_and_within_the_budget_alone(process: Process) -> None:
    process.takes = {"slow1": BUDGET_S + 1}
    for model in ("first", "slow", "last"):
        process.load(model)
    process.idle()
    process.asked.clear()
    process.load("new")
    assert process.asked == ["new1", "last1", "first1", "new1"]
    process.idle()
    assert process.asked[4:] == ["slow1"]
    process.idle()
    assert process.asked[5:] == []


def test_who_is_given_up_for_one_that_the_same_code_has_made_is_not_asked_once_more(tmp_path: Path) -> None:
    for held, asked in ((1, ["shops/milk1"]), (2, ["shops/milk1", "shops/tea1", "shops/milk1"])):
        process = Process(tmp_path, held)
        process.load("shops/tea")
        process.asked.clear()
        process.load("shops/milk")
        assert process.asked == asked


def test_who_is_given_up_for_one_of_other_code_is_asked(tmp_path: Path) -> None:
    process = Process(tmp_path, held=1)
    for model in ("shops/tea", "shops/milk"):
        process.load(model)
    process.asked.clear()
    process.load("other")
    assert process.asked == ["other1", "shops/milk1", "other1"]


def test_those_for_whom_there_was_no_time_are_asked_before_anything_of_the_next_one_runs(process: Process) -> None:
    process.takes = {"slow1": BUDGET_S + 1}
    process.load("slow")
    process.load("bad", changes="slow1")
    process.load("innocent")
    [(_, why)] = process.ended
    assert "'bad'" in why
    assert "'innocent'" not in why
    assert "innocent1" not in process.asked


@pytest.mark.parametrize("how", ["idle", "its own next request"])
def test_one_for_whom_there_was_no_time_never_answers_wrongly(process: Process, how: str) -> None:
    process.takes = {"slow1": BUDGET_S + 1}
    process.load("slow")
    process.load("bad", changes="slow1")
    assert process.ended == []
    process.call("bad")
    assert process.ended == []
    if how == "idle":
        process.idle()
    else:
        process.call("slow")
    [(code, why)] = process.ended
    assert code == EXIT_SPOILT
    assert "version 1 of model 'bad' changes what version 1 of model 'slow' answers" in why


def test_what_an_author_says_of_a_failure_is_told_to_no_caller_of_another_model(process: Process) -> None:
    process.load("broken")
    process.load("bad", changes="broken1")
    [(_, why)] = process.ended
    assert "'broken'" in why
    assert "a word of its author's" not in why


def test_a_call_that_is_past_its_deadline_proves_nothing(process: Process) -> None:
    process.load("slow")
    with process.activity.working(time.monotonic() - 1, 1):
        process.load("bad", changes="slow1")
    assert process.ended == []
    process.idle()
    assert len(process.ended) == 1


def test_a_refused_version_waits_for_its_elder_only_so_long(process: Process, tmp_path: Path) -> None:
    process.load("elder")
    process.load("bad", changes="elder1")
    after = Process(tmp_path)
    with pytest.raises(ArtefactRefused, match="'elder'"):
        after.load("bad")
    assert after.asked == []
    after.now = COMING_S + 1
    after.load("bad")
    another = Process(tmp_path)
    another.load("bad")
    assert another.ended == []


def test_a_worker_that_holds_what_harms_a_version_gives_way_to_it(process: Process, tmp_path: Path) -> None:
    other = Process(tmp_path)
    other.load("bad")
    process.load("elder")
    process.load("bad", changes="elder1")
    other.load("elder")
    [(code, why)] = other.ended
    assert code == EXIT_SPOILT
    assert why.startswith("version 1 of model 'elder' comes to a process that holds what was found to harm it")


def test_a_version_that_does_not_load_has_run_and_the_others_are_asked_once(process: Process) -> None:
    process.load("elder")
    process.asked.clear()
    artefact = fitted_nowhere()
    failed = WorkerCall([Request(op="load", id="1", model="bad", version=1, artefact=artefact)], time.monotonic() + 10)
    for _ in range(3):
        process.hook.call_failed(failed, EstimatorFailed("it does not load"), 0.1)
    assert process.asked == ["elder1"]


def test_a_version_is_asked_again_before_it_answers_where_others_were_called_since_long_ago(process: Process) -> None:
    for model in ("plain", "lazy"):
        process.load(model)
    process.asked.clear()
    process.call("plain")
    process.call("lazy")
    process.now += AGAIN_S
    process.call("plain")
    assert process.asked == ["plain1"]
    process.now += AGAIN_S
    process.call("plain")
    assert process.asked == ["plain1"]
    process.answers["plain1"] = 5.0
    process.call("lazy")
    process.now += AGAIN_S
    process.call("plain")
    [(code, why)] = process.ended
    assert code == EXIT_SPOILT
    assert why.startswith("version 1 of model 'plain' answers otherwise than at its fit")
    assert "Since then were called: version 1 of model 'lazy'" in why


def test_what_a_call_has_changed_is_not_laid_at_a_newcomers_door(process: Process) -> None:
    for model in ("plain", "lazy"):
        process.load(model)
    process.call("lazy")
    process.answers["plain1"] = 5.0
    process.load("innocent")
    [(_, why)] = process.ended
    assert "innocent" not in why
    assert "Since then were called: version 1 of model 'lazy'" in why
    assert "innocent1" not in process.answers
