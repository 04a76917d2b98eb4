"""`triglot status` of a service that answers by HTTP, and `triglot jobs list`."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.cli.conftest import run
from tests.helpers import KEY
from triglot.access.access import access_of
from triglot.artefact import seal
from triglot.cli import status
from triglot.dispatch.blocking import Client
from triglot.overview.asking import KEY_VARIABLE
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.supervision.status import Program, note_address, note_programs
from triglot.transport.discovery import run_directory

CARD = {"language": "r", "task": "regression", "spec": {}, "sources": {}, "runtime": {}, "created": "2026-01-01"}
TOKEN = "the admin token of this test"
Start = Callable[..., ModelStore]


@pytest.fixture
def start(here: Path) -> Iterator[Start]:
    """Give the function that has a service of two versions answer for the working directory, without workers."""
    closing: list[Callable[[], Any]] = []

    def started(**options: Any) -> ModelStore:
        store = ModelStore(f"sqlite:///{here / 'triglot.db'}")
        for score in (0.5, 0.875):
            artefact = seal({**CARD, "schema": [], "classes": None}, b"x", KEY)
            store.write("iris [red]", artefact, metrics={"score_train": 1.0, "score_test": score})
        store.activate("iris [red]", 2)
        store.activate("iris [red]", 1, "rival")
        service = Service(store, Client(run_directory(here / "run")))
        server = make_server("127.0.0.1", 0, create_app(service, Options(**options), store.jobs), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        note_address(here / "run", "127.0.0.1", server.port)
        closing.extend([server.shutdown, thread.join, server.server_close, service.close, store.close])
        return store

    yield started
    for close in closing:
        close()


def test_it_is_one_look_at_models_processes_jobs_and_troubles_with_what_to_do(
    start: Start, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = start()
    store.jobs.submit("fit", {})
    worker: Program = {"pid": 0, "starts": 2, "exits": {"a signal": 1}}
    worker["crash"] = {"how": "a signal", "at": 4e9}
    note_programs(here / "run", {"workers-r:r-0": worker, "web": {"pid": 0, "starts": 1, "exits": {}}})

    assert run("status") == 0

    said = capsys.readouterr().out
    lines = [line.split() for line in said.splitlines()]
    assert "unwell, no requests within the last minute, store ok" in said
    assert "NOW iris [red]: version 2 is active, and no worker of r has it loaded\n    -> " in said
    assert "was workers-r:r-0: ended: a signal; once since the service was started" in said
    (model,) = (line for line in lines if line[:2] == ["iris", "[red]"])
    assert model[2:12] == ["no", "worker", "has", "it,", "rival", "1", "2", "r", "test", "0.875"]
    (process,) = (line for line in lines if line[:1] == ["workers-r:r-0"])
    assert process[1:4] == ["r", "down", "1"]
    assert "1 queued" in said


def test_as_json_it_is_what_the_service_says(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    start()

    assert run("status", "--json") == 0

    (line,) = capsys.readouterr().out.splitlines()
    assert [each["aliases"] for each in json.loads(line)["models"][0]["versions"]] == [["active"], ["rival"]]


def test_who_watches_sees_it_again_until_an_interrupt(
    start: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(status.time, "sleep", nap)

    assert run("status", "--watch") == 0

    assert capsys.readouterr().out.count("Triglot ") == 2


def test_where_none_runs_that_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 1
    assert "no service runs in" in (said := capsys.readouterr().err)
    assert "none was started there); start one: triglot serve" in said
    note_address(run_directory(here / "run"), "127.0.0.1", 9)

    assert run("status") == 1

    assert "http://127.0.0.1:9 does not answer" in capsys.readouterr().err


def test_a_service_that_wants_a_key_gets_the_one_of_the_environment_or_the_admin_token(
    start: Start, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start(access=access_of({}, here, {}, TOKEN), admin_token=TOKEN)

    assert run("status") == 1
    assert f"the environment variable {KEY_VARIABLE}" in capsys.readouterr().err
    monkeypatch.setenv("TRIGLOT_ADMIN_TOKEN", TOKEN)
    assert run("status") == 0
    monkeypatch.setenv(KEY_VARIABLE, "another")
    assert run("status") == 1


def test_jobs_are_a_table_or_json_with_all_that_is_known(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("jobs", "list") == 0
    assert capsys.readouterr().out == ""
    with_store = ModelStore(f"sqlite:///{here / 'triglot.db'}")
    job = with_store.jobs.submit("fit", {"models": ["iris"]})
    with_store.jobs.claim("runner")
    with_store.jobs.note(job.id, {"step": "load", "number": 1, "of": 2, "rows": 7})
    with_store.jobs.beat(job.id, "runner", "\n\x1b[31mfitting [bold]iris\nmore")
    with_store.close()

    assert run("jobs", "list") == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "job", "state", "progress", "asked", "took", "says"]
    assert line.split()[:5] == [job.id, "fit", "running", "1/2", "load"]
    assert line.endswith(" [31mfitting [bold]iris")
    assert run("jobs", "list", "--json") == 0
    (told,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert told["parameters"] == {"models": ["iris"]}
