"""`/overview`: how the service is, as one value; and what restarts a program of it."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers import Hive
from tests.server.conftest import FLOWER, Open, without_workers
from tests.server.test_access import access
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.supervision.status import Program, note_programs, note_troubles

TOKEN = "the token of this test"
AS_ADMIN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def store(tmp_path: Path, models: ModelStore) -> Iterator[ModelStore]:
    """Hold a store of the test's own: three versions of a model, the second active and the first a rival."""
    made = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    artefact = models.read("iris", 1).artefact
    for metadata in ({}, {}, {"not_proved": "row 3 of the data: 'secret'"}):
        made.write("iris", artefact, metrics={"score_test": 0.9, "cv_results": [{}]}, metadata=metadata)
    made.activate("iris", 2)
    made.activate("iris", 1, "rival")
    yield made
    made.close()


@pytest.fixture
def start(store: ModelStore, hive: Hive) -> Iterator[Open]:
    """Give the function that returns a client of an application of that store, with jobs and without workers."""
    with without_workers(store, hive) as opened:
        yield opened


def overview(http: FlaskClient) -> dict[str, Any]:
    """Return the overview."""
    answer = http.get("/overview")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_a_model_is_told_with_its_versions_its_aliases_and_its_scores(start: Open) -> None:
    (model,) = overview(start())["models"]

    assert (model["name"], model["active"], model["answers"], model["language"]) == ("iris", 2, 2, "python")
    assert (model["stored"], [each["version"] for each in model["versions"]]) == (3, [3, 2, 1])
    assert [each["aliases"] for each in model["versions"]] == [[], ["active"], ["rival"]]
    assert [each["proved"] for each in model["versions"]] == [False, True, True]
    assert {name: value for name, value in model["versions"][0]["scores"].items()} == {"score_test": 0.9}
    assert "secret" not in json.dumps(model)  # what a fit says of its data
    assert datetime.fromisoformat(model["versions"][0]["created"]) <= datetime.now(UTC)


def test_requests_are_told_with_their_pace_and_their_count(service: Service, open_app: Open) -> None:
    http = open_app()
    overview(http)  # what came before it is not what came lately
    for _ in range(3):
        assert http.post("/models/iris/predict", json=[FLOWER, FLOWER]).status_code == 200

    seen = overview(http)

    (model,) = (each for each in seen["models"] if each["name"] == "iris")
    assert model["workers"] == 1
    assert model["lately"]["requests"] >= 3
    assert (model["lately"]["failed"], model["lately"]["codes"]) == (0, {})
    assert model["lately"]["rows"] >= model["lately"]["requests"] + 3  # of these three each had two
    assert 0 < model["lately"]["p50_ms"] <= model["lately"]["p95_ms"]
    (version,) = model["versions"]
    assert version["since_start"]["requests"] >= 3
    assert version["since_start"]["seconds"] > 0
    assert seen["since_start"]["requests"] >= seen["lately"]["requests"] >= model["lately"]["requests"]
    assert [(each["language"], each["state"], each["program"]) for each in seen["workers"]] == [("python", "ready", "")]


def test_a_model_without_workers_is_a_trouble_with_its_remedy(start: Open) -> None:
    seen = overview(start())

    (trouble,) = seen["troubles"]
    assert (seen["condition"], trouble["kind"], trouble["about"], trouble["now"]) == (
        "unwell",
        "worker-unavailable",
        "iris",
        True,
    )
    assert "triglot doctor python" in trouble["do"]


def test_processes_are_told_as_their_supervisor_knows_them(start: Open, hive: Hive) -> None:
    how, pid = "exit code 71 (more memory in use than it may have)", os.getpid()
    worker: Program = {"pid": pid, "starts": 3, "exits": {how: 2, "stopped": 1}}
    worker["crash"] = {"how": how, "at": datetime.now(UTC).timestamp()}
    programs: dict[str, Program] = {
        "web": {"pid": pid, "starts": 1, "exits": {}},
        "workers-python:python-0": worker,
        "workers-r-apart:r-apart-0": {"pid": 0, "starts": 0, "exits": {}},
    }
    note_programs(hive.run_dir, programs)
    note_troubles(hive.run_dir, {"workers-r-apart:r-apart-0": "has been given up: it ended at every start"})

    seen = overview(start())

    (web,) = seen["programs"]
    python, r = seen["workers"]
    assert (web["name"], web["state"], web["restarts"]) == ("web", "running", 0)
    assert web["memory"] > 0
    assert (python["state"], python["restarts"], python["crashes"]) == ("starting", 2, {how: 2})
    assert (r["language"], r["pool"], r["state"], r["memory"]) == ("r", "r-apart", "down", None)
    told = [(each["kind"], each["about"]) for each in seen["troubles"] if each["about"] != "iris"]
    assert told == [("program-down", "workers-r-apart:r-apart-0"), ("exit code 71", "workers-python:python-0")]


def test_jobs_are_told_without_what_they_were_asked_and_what_they_said(start: Open, store: ModelStore) -> None:
    http = start(admin_token=TOKEN)
    job = store.jobs.submit("fit", {"models": ["secret"]})
    store.jobs.claim("runner")
    store.jobs.note(job.id, {"step": "load", "number": 1, "of": 2, "rows": 7, "error": "secret"})
    store.jobs.beat(job.id, "runner", "secret")

    jobs = overview(http)["jobs"]

    assert jobs["states"]["running"] == 1
    (told,) = jobs["newest"]
    assert (told["id"], told["func"], told["status"]) == (job.id, "fit", "running")
    assert told["progress"] == {"step": "load", "number": 1, "of": 2, "rows": 7}
    assert "secret" not in json.dumps(jobs)


def test_a_version_that_was_activated_here_is_shown_at_once(start: Open) -> None:
    http = start(admin_token=TOKEN)
    assert overview(http)["models"][0]["active"] == 2
    http.post("/activate", headers=AS_ADMIN, data={"model": "iris", "model_version": "1"})

    (model,) = overview(http)["models"]

    assert model["active"] == 1
    assert [each["aliases"] for each in model["versions"]] == [[], [], ["active", "rival"]]


def test_it_says_whether_there_are_routes_that_change_something(start: Open) -> None:
    assert overview(start())["changeable"] is False
    assert overview(start(admin_token=TOKEN))["changeable"] is True


def test_where_access_is_configured_it_wants_the_scope_read_and_the_page_nothing(
    service: Service, models: ModelStore
) -> None:
    options = Options(access=access({}), admin_token=TOKEN)
    http = create_app(service, options, models.jobs).test_client()

    assert http.get("/overview").status_code == 401
    assert http.get("/", headers={"Accept": "text/html"}).status_code == 200
    assert http.get("/page/overview.js").status_code == 200


# --- the files of the page


def test_the_page_s_policy_lets_nothing_in_but_the_service_s_own_files(http: FlaskClient) -> None:
    for path, framed_by in (("/", "'none'"), ("/docs", "'self'")):
        answer = http.get(path, headers={"Accept": "text/html"})
        policy = dict(each.split(" ", 1) for each in answer.headers["Content-Security-Policy"].split("; "))
        assert policy == {
            "default-src": "'none'",
            **dict.fromkeys(("script-src", "style-src", "connect-src", "img-src"), "'self'"),
            **dict.fromkeys(("base-uri", "form-action"), "'none'"),
            "frame-ancestors": framed_by,
        }
        assert "style=" not in answer.text
        assert answer.text.count("<script") == 1


@pytest.mark.parametrize(
    ("part", "kind"), [("overview.js", "text/javascript"), ("base.css", "text/css"), ("icon.svg", "image/svg+xml")]
)
def test_a_part_is_sent_once_and_then_said_to_be_the_same(http: FlaskClient, part: str, kind: str) -> None:
    answer = http.get(f"/page/{part}")
    again = http.get(f"/page/{part}", headers={"If-None-Match": answer.headers["ETag"]})

    assert (answer.status_code, answer.mimetype, answer.headers["X-Content-Type-Options"]) == (200, kind, "nosniff")
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("part", ["overview.html", "gone.js", "../app.py", "%2e%2e%2fapp.py"])
def test_what_is_no_part_is_not_found(http: FlaskClient, part: str) -> None:
    assert http.get(f"/page/{part}").status_code == 404


# --- restarting


def test_a_program_that_is_not_supervised_is_not_restarted(start: Open, hive: Hive) -> None:
    http = start(admin_token=TOKEN)
    answer = http.post("/programs/web/restart", headers=AS_ADMIN)
    assert (answer.status_code, answer.json["code"]) == (404, "program-not-found")
    assert "nobody supervises" in answer.json["message"]
    note_programs(hive.run_dir, {"web": {"pid": 1, "starts": 1, "exits": {}}})

    answer = http.post("/programs/jobs/restart", headers=AS_ADMIN)

    assert "no program 'jobs' is supervised here; there are web" in answer.json["message"]


def test_a_restart_wants_the_admin_token(start: Open) -> None:
    assert start(admin_token=TOKEN).post("/programs/web/restart").status_code == 401
    assert start().post("/programs/web/restart", headers=AS_ADMIN).status_code == 404
