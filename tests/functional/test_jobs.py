"""What HTTP sets going: a fit as a job, whose version then answers in every process of the front end."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.functional.running import EXAMPLES, Answer, Running, descendants, folder, quick
from tests.helpers import until
from triglot.supervision.status import programs

TOKEN = "the token of this test"
AS_ADMIN = {"Authorization": f"Bearer {TOKEN}"}
FLOWER = {"sepal length": 5.2, "sepal width": 3.5, "petal length": 1.5, "petal width": 0.2}
CONFIG = f"""{{
    'model_name': 'iris',
    'model': {{'!': 'sklearn.linear_model.LogisticRegression', 'C': 0.3, 'max_iter': 1000}},
    'dataset_loader_train': {{
        '!': 'triglot.dataset.CSV',
        'path': {str(EXAMPLES / "data" / "iris.data")!r},
        'names': ['sepal length', 'sepal width', 'petal length', 'petal width', 'species'],
        'target_column': 'species',
    }},
    'model_persister': {{
        '!': 'palladium.persistence.CachedUpdatePersister',
        'impl': {{'!': 'palladium.persistence.Database', 'url': 'sqlite:///triglot.db'}},
        'update_cache_rrule': {{'freq': 'YEARLY'}},
    }},
    'server': {{'processes': 3, 'threads': 2, 'admin_token_file': here + '/token'}},
    'workers': {{'python': 1}},
    'flask_add_url_rules': [
        {{'!': 'triglot.server.rules.add_url_rule', 'rule': '/train',
          'view_func': 'triglot.server.admin.fit', 'methods': ['POST']}},
        {{'!': 'palladium.server.add_url_rule', 'rule': '/update-model-cache',
          'view_func': 'palladium.server.update_model_cache', 'methods': ['POST']}},
    ],
}}"""
# Each connection goes to any of three processes: that one of them gets none of so many happens once in 10**10.
ASKED = 60


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    """Hold a service of one model with three front-end processes, a token and a job runner."""
    with folder() as place:
        config = place / "jobs-config.py"
        config.write_text(CONFIG)
        (place / "token").write_text(f"{TOKEN}\n")
        fitted = quick("-c", str(config), "fit", "--no-proof", cwd=place)
        assert fitted.returncode == 0, fitted.stderr
        made = Running(place, config)
        try:
            made.wait_until_ready()
            yield made
        finally:
            made.close()


def post(service: Running, path: str, **form: str) -> Answer:
    """Return the answer to a POST of a form, with the token."""
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    return service.ask("POST", path, body, AS_ADMIN | {"Content-Type": "application/x-www-form-urlencoded"})


def job(service: Running, job_id: str) -> Mapping[str, Any]:
    """Return what is known of a job."""
    found: Mapping[str, Any] = service.get(f"/jobs/{job_id}", AS_ADMIN).body
    return found


def ended(service: Running, job_id: str) -> Mapping[str, Any]:
    """Return a job once it has ended."""
    until(lambda: job(service, job_id)["finished"] is not None)
    return job(service, job_id)


def versions(service: Running) -> set[int]:
    """Return the versions that answer, asked so often that every process has had its turn."""
    answers = [service.post("/predict", [FLOWER]) for _ in range(ASKED)]
    assert all(answer.result == ["Iris-setosa"] for answer in answers)
    return {answer.body["metadata"]["version"] for answer in answers}


def test_the_runner_of_jobs_is_supervised(service: Running) -> None:
    states = dict(line.split()[:2] for line in service.ctl("status").stdout.splitlines())

    assert states["jobs"] == "RUNNING"
    assert set(states.values()) == {"RUNNING"}


def test_a_fit_by_http_answers_in_all_processes_once_one_was_told_and_its_job_is_known_to_all(
    service: Running,
) -> None:
    assert versions(service) == {1}
    asked = post(service, "/fit", evaluate="1")
    assert asked.status == 200, asked.body
    job_id = asked.body["job_id"]
    done = ended(service, job_id)

    assert done["status"] == "finished", done["info"]
    assert "Wrote model with version 2 to " in done["info"]
    assert versions(service) == {1}  # the rule says when to follow
    assert post(service, "/update-model-cache").body["job_id"]
    until(lambda: versions(service) == {2})
    shown = [service.get("/alive").body["process_metadata"]["jobs"] for _ in range(ASKED)]
    assert all(jobs[job_id] == {"func": "fit", "started": done["started"], "status": "finished"} for jobs in shown)
    listed = service.get("/list").body["models"]
    assert [model.get("job") for model in listed] == [None, job_id]
    assert listed[1]["score_train"] > 0.9


def test_an_older_version_is_active_again_everywhere(service: Running) -> None:
    answer = post(service, "/activate", model_version="1")

    assert answer.body["properties"]["active-model"] == "1"
    assert versions(service) == {2}
    post(service, "/refresh")
    until(lambda: versions(service) == {1})


def test_a_job_that_waits_is_cancelled_and_never_begun(service: Running) -> None:
    first, second = (post(service, "/train", activate="0").body["job_id"] for _ in range(2))
    cancelled = service.ask("DELETE", f"/jobs/{second}", None, AS_ADMIN)

    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    assert ended(service, first)["status"] == "finished"
    assert job(service, second)["started"] is None


def test_jobs_outlive_the_front_end_and_the_runner_and_are_known_to_commands(service: Running) -> None:
    known = service.get("/jobs", AS_ADMIN).body["jobs"]
    assert len(known) >= 1
    assert service.ctl("restart", "web", "jobs").returncode == 0
    service.wait_until_ready()

    assert service.get("/jobs", AS_ADMIN).body["jobs"] == known
    listed = service.triglot("jobs", "list", "--json")
    assert [json.loads(line) for line in listed.stdout.splitlines()] == known
    assert "there is no job 'gone'" in service.triglot("jobs", "cancel", "gone").stderr


@pytest.mark.parametrize("program", ["jobs", "web"])
def test_a_program_is_restarted_by_http_even_the_one_that_answers(service: Running, program: str) -> None:
    before = programs(service.folder / "run")[program]

    answer = service.ask("POST", f"/programs/{program}/restart", b"", AS_ADMIN)

    assert (answer.status, answer.body["program"]) == (200, program)
    until(lambda: programs(service.folder / "run")[program]["starts"] == before["starts"] + 1)
    after = programs(service.folder / "run")[program]
    assert after["pid"] not in (0, before["pid"])
    assert "crash" not in after
    service.wait_until_ready()


def test_without_the_token_nothing_changes(service: Running) -> None:
    for path in ("/fit", "/train", "/activate?model_version=2", "/refresh"):
        refused = service.ask("POST", path, b"", {"Authorization": "Bearer guess"})
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer realm=triglot")
    assert service.get("/jobs").status == 401


def test_nobody_but_its_owner_reads_the_token(service: Running) -> None:
    below = Path(f"/proc/{service.pid('workers-python:python-0')}")
    assert TOKEN.encode() not in (below / "environ").read_bytes() + (below / "cmdline").read_bytes()
    assert TOKEN not in service.said()


def test_a_killed_supervisord_leaves_no_process_behind(service: Running) -> None:
    below = descendants(service.process.pid)
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in below]
    for program in (b"triglot.server", b"triglot.workers", b"jobs"):
        assert any(program in line for line in lines)
    service.process.kill()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
