"""What hooks hear of a worker: in its loop, and in a real process that takes them from its environment."""

from pathlib import Path
from typing import Any

import pytest

from tests.helpers import Hive, ask, floats, raw, until
from tests.workers.test_worker_loop import GUILTY, Bed, Probe, bed, bundled, busy, fit
from triglot.hooks import Answered, Hook, LoadedVersion, NewFit, WorkerCall, variables
from triglot.protocol import wire
from triglot.protocol.messages import Fault, Request
from triglot.transport.discovery import scan

__all__ = ["bed"]

HERE = Path(__file__).parent


class Ear(Hook):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def message_received(self, request: Request) -> None:
        self.heard.append(f"received {','.join(request.ids)}")

    def call_planned(self, call: WorkerCall) -> None:
        self.heard.append(f"planned {call.op} {call.rows}")

    def call_begun(self, call: WorkerCall) -> None:
        self.heard.append(f"begun {call.op} {call.rows}")

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        self.heard.append(f"ended {call.op} {call.rows}")

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        self.heard.append(f"failed {call.op} {call.rows} {type(error).__name__}")

    def model_fitted(self, fit: NewFit) -> None:
        self.heard.append(f"fitted {fit.X.rows} {fit.fields['language']}")
        fit.fields["approved"] = "by nobody"

    def version_loaded(self, loaded: LoadedVersion) -> None:
        assert loaded.ask is not None
        answer = loaded.ask("predict", floats((7.0, 0.0))).tolist()
        self.heard.append(f"loaded {loaded.model} {loaded.version} {loaded.manifest['approved']} {answer}")

    def worker_idle(self) -> None:
        if self.heard and self.heard[-1] != "idle":
            self.heard.append("idle")

    def request_answered(self, answered: Answered) -> None:
        assert answered.seconds >= 0
        self.heard.append(f"answered {answered.id} {answered.rows} {answered.code}".rstrip())

    def between(self, before: str, after: str) -> list[str]:
        """Return what was heard from one event on, up to another."""
        begin = self.heard.index(before)
        return [event for event in self.heard[begin : self.heard.index(after, begin) + 1] if event != "idle"]


def test_every_step_of_a_fit_and_of_a_load_is_heard(bed: Bed) -> None:
    ear = Ear()
    artefact = fit(bed.start(hooks=[ear]), Probe())
    assert artefact.card()["approved"] == "by nobody"
    until(lambda: ear.heard.count("idle") > 0)
    heard = [event for event in ear.heard if event != "idle"]
    assert heard[1:6] == [
        "planned fit 1",
        "begun fit 1",
        "fitted 1 python",
        "ended fit 1",
        f"answered {heard[0][9:]} 1",
    ]
    assert heard[6:] == [
        "received r1",
        "planned load 0",
        "begun load 0",
        "loaded m 1 by nobody [[7.0]]",
        "ended load 0",
        "answered r1 0",
    ]


def test_a_call_that_fails_is_heard_in_its_halves_and_each_request_s_own_answer(bed: Bed) -> None:
    ear = Ear()
    peer = bed.start(hooks=[ear])
    fit(peer, Probe())
    bundled(peer, [1.0], [GUILTY])
    peer.collect(2)
    until(lambda: "answered b1 1 estimator-failed" in ear.heard)
    assert ear.between("received b0,b1", "answered b1 1 estimator-failed") == [
        "received b0,b1",
        "planned predict 2",
        "begun predict 2",
        "failed predict 2 EstimatorFailed",
        "begun predict 1",
        "ended predict 1",
        "answered b0 1",
        "begun predict 1",
        "failed predict 1 EstimatorFailed",
        "answered b1 1 estimator-failed",
    ]


def test_what_waits_together_is_planned_before_any_of_it_begins(bed: Bed) -> None:
    ear = Ear()
    peer = bed.start(hooks=[ear])
    fit(peer, Probe())
    with busy(peer):
        first = peer.send(1.0)
        peer.send(2.0, 3.0, params={"add": 1.0})
    peer.collect(2)
    heard = ear.heard[ear.heard.index(f"received {first}") :]
    assert heard[2:5] == ["planned predict 1", "planned predict 2", "begun predict 1"]


class Strict(Hook):
    """Lets no model answer 13."""

    def version_loaded(self, loaded: LoadedVersion) -> None:
        raise ValueError("no version is good enough")


def test_a_version_that_a_hook_refuses_does_not_answer(bed: Bed) -> None:
    artefact = fit(bed.start(), Probe())
    bed.close()
    bed.activity.draining = False
    bed.address = "inproc://another"
    peer = bed.start(hooks=[Strict()])
    peer.send(op="load", tables=(), artefact=artefact, version=1)
    refused = peer.receive()
    assert isinstance(refused, Fault)
    assert "no version is good enough" in refused.message
    peer.send(1.0)
    assert peer.receive().code == "artefact-needed"


@pytest.mark.usefixtures("language")
def test_a_worker_process_has_the_hooks_that_its_environment_names(
    hive: Hive, language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    for name, value in variables(["note.Note"], [str(HERE / "notes")]).items():
        monkeypatch.setenv(name, value)
    worker = hive.start(language)
    asked = Request("predict", "who", "nobody", 1, tables=(floats((1.0, 2.0)),))
    with raw(scan(hive.run_dir)[worker.name].address) as socket:
        answer: Any = ask(socket, *wire.encode_request(asked))
    assert isinstance(answer, Fault)
    notes = tmp_path / "notes"
    until(lambda: notes.exists() and "heartbeat" in notes.read_text() and "worker_idle" in notes.read_text())
    assert "request_answered who artefact-needed" in notes.read_text().splitlines()


def test_a_worker_whose_hook_is_not_there_says_so_and_does_not_start(
    hive: Hive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGLOT_HOOKS", "note.Note")
    worker = hive.start("python", wait=False)
    assert worker.process.wait(60) == 2
    assert "hooks: 'note.Note' is not found: No module named 'note'" in worker.said()
