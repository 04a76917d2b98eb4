"""Runs of pipelines by HTTP: asked for as jobs, seen and fetched by those who may, refused where they are wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers import Hive
from tests.server.conftest import Open, without_workers
from triglot.access.access import access_of
from triglot.pipelines.declared import pipelines_of
from triglot.store import ModelStore
from triglot.store.jobs import JobStore

TOKEN = "a long word that only operators know"
AS_ADMIN = {"Authorization": f"Bearer {TOKEN}"}
STEPS = [{"!": "nowhere.that_the_front_end_looks"}]
PIPELINES = pipelines_of(
    {
        "nightly": {"steps": STEPS, "parameters": {"day": {"type": "date"}}, "about": "each night"},
        "rows": {"steps": STEPS, "rows": True},
    }
)
KEYS = {"runner": ("run",), "reader": ("read", "predict"), "operator": ("admin",)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ModelStore]:
    made = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    made.upgrade()
    yield made
    made.close()


@pytest.fixture
def start(store: ModelStore, hive: Hive) -> Iterator[Open]:
    """Give the function that returns a client of an application with pipelines."""
    with without_workers(store, hive, pipelines=PIPELINES) as opened:
        yield opened


@pytest.fixture
def http(start: Open) -> FlaskClient:
    return start(admin_token=TOKEN)


def carried_out(jobs: JobStore, job_id: str, result: bytes | None, kind: str = "jsonl") -> None:
    """Do what a runner and its command do, but for the steps."""
    job = jobs.claim("here")
    assert job is not None
    assert job.id == job_id
    jobs.note(job_id, {"step": "clean", "number": 1, "of": 2, "rows": 7})
    jobs.beat(job_id, "here", "step 1 of 2\n")
    if result is not None:
        types = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
        jobs.keep_result(job_id, {"type": types[kind], "kind": kind, "rows": 2}, result)
    jobs.end(job_id, "here", "finished", "all of it\n")


def test_the_pipelines_are_listed_with_what_they_take(http: FlaskClient) -> None:
    listed = http.get("/pipelines", headers=AS_ADMIN).json["pipelines"]
    assert [each["name"] for each in listed] == ["nightly", "rows"]
    assert listed[0]["parameters"] == {"day": {"type": "date", "required": True}}
    assert [each["rows"] for each in listed] == [False, True]


def test_a_run_is_a_job_whose_progress_lines_and_result_are_seen(http: FlaskClient, jobs: JobStore) -> None:
    body = {"parameters": {"day": "2026-11-30"}}
    started = http.post("/pipelines/nightly", json=body, headers=AS_ADMIN)
    job_id = started.json["job_id"]
    assert (started.status_code, started.json["status"]) == (202, "queued")
    assert started.headers["Location"] == f"/jobs/{job_id}"

    early = http.get(f"/jobs/{job_id}/result", headers=AS_ADMIN)
    assert (early.status_code, early.json["code"]) == (404, "result-not-found")
    assert "is not over: queued; ask again later" in early.json["message"]
    claimed = jobs.claim("here")
    assert claimed is not None
    jobs.note(job_id, {"step": "clean", "number": 1, "of": 2, "rows": 7})
    jobs.beat(job_id, "here", "step 1 of 2\n")
    running = http.get(f"/jobs/{job_id}", headers=AS_ADMIN).json
    assert running["progress"] == {"step": "clean", "number": 1, "of": 2, "rows": 7}
    assert (running["status"], running["info"]) == ("running", "step 1 of 2\n")
    assert "result" not in running

    jobs.keep_result(job_id, {"type": "application/x-ndjson", "kind": "jsonl", "rows": 2}, b'{"x":1}\n{"x":2}\n')
    jobs.end(job_id, "here", "finished", "all of it\n")
    done = http.get(f"/jobs/{job_id}", headers=AS_ADMIN).json
    assert done["result"] == {
        "type": "application/x-ndjson",
        "kind": "jsonl",
        "rows": 2,
        "bytes": 16,
        "url": f"/jobs/{job_id}/result",
        "data": [{"x": 1}, {"x": 2}],
    }


def test_a_large_result_is_streamed_as_what_it_is(http: FlaskClient, jobs: JobStore) -> None:
    job_id = http.post("/pipelines/rows", json={"rows": [{"x": 1}]}, headers=AS_ADMIN).json["job_id"]
    assert jobs.given(job_id) == b'[{"x":1}]'
    text = b"x\n" + b"0123456789\n" * 300_000  # several pieces of what a database holds
    carried_out(jobs, job_id, text, "csv")

    told = http.get(f"/jobs/{job_id}", headers=AS_ADMIN).json["result"]
    assert (told["bytes"], told["url"], "data" in told) == (len(text), f"/jobs/{job_id}/result", False)
    fetched = http.get(f"/jobs/{job_id}/result", headers=AS_ADMIN)
    assert (fetched.status_code, fetched.content_type, fetched.content_length) == (200, "text/csv", len(text))
    assert fetched.data == text
    assert fetched.headers["Content-Disposition"] == f'attachment; filename="{job_id}.csv"'
    assert jobs.given(job_id) is None  # what it was given goes when it is over


def test_a_result_that_is_none_or_gone_or_of_a_failure_says_which(
    http: FlaskClient, jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(job_id: str) -> str:
        answer = http.get(f"/jobs/{job_id}/result", headers=AS_ADMIN)
        assert (answer.status_code, answer.json["code"]) == (404, "result-not-found")
        return str(answer.json["message"])

    rows = {"rows": [{"x": 1}]}
    ids = [http.post("/pipelines/rows", json=rows, headers=AS_ADMIN).json["job_id"] for _ in range(3)]
    carried_out(jobs, ids[0], None)
    assert "gives no result to be fetched" in asked(ids[0])
    carried_out(jobs, ids[1], b"0" * 60)
    monkeypatch.setattr("triglot.store.job_data.KEPT_BYTES", 100)
    carried_out(jobs, ids[2], b"1" * 60)
    assert "is gone, as newer ones needed the room; start it again" in asked(ids[1])
    assert "data" not in http.get(f"/jobs/{ids[1]}", headers=AS_ADMIN).json["result"]
    assert http.get(f"/jobs/{ids[2]}/result", headers=AS_ADMIN).data == b"1" * 60
    failed = http.post("/pipelines/rows", json=rows, headers=AS_ADMIN).json["job_id"]
    assert jobs.claim("here") is not None
    jobs.end(failed, "here", "error", "triglot: no")
    assert "has no result: error; its info says more" in asked(failed)
    nowhere = http.get("/jobs/nowhere/result", headers=AS_ADMIN)
    assert (nowhere.status_code, nowhere.json["code"]) == (404, "job-not-found")


def test_the_same_key_is_the_same_run_and_another_request_under_it_is_refused(
    http: FlaskClient, jobs: JobStore
) -> None:
    def ask(x: int) -> Any:
        sent = {**AS_ADMIN, "Idempotency-Key": "monday"}
        return http.post("/pipelines/rows", json={"rows": [{"x": x}]}, headers=sent)

    assert ask(1).json["job_id"] == ask(1).json["job_id"] == "monday"
    assert len(jobs.list()) == 1
    other = ask(2)
    assert (other.status_code, other.json["code"]) == (400, "bad-request")
    assert "'monday' is there already and is another one" in other.json["message"]
    assert "x" not in jobs.list()[0].parameters  # rows are beside the job


def test_a_run_that_waits_is_ended_by_delete(http: FlaskClient, jobs: JobStore) -> None:
    job_id = http.post("/pipelines/rows", json={"rows": [{"x": 1}]}, headers=AS_ADMIN).json["job_id"]
    assert http.delete(f"/jobs/{job_id}", headers=AS_ADMIN).json["status"] == "cancelled"
    assert jobs.given(job_id) is None


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("hourly", {}, 404, "no pipeline 'hourly' is declared; known are nightly, rows"),
        ("nightly", {}, 400, "field 'day': is missing; say a date"),
        (
            "nightly",
            {"parameters": {"day": "today"}},
            400,
            "field 'day': must be a date such as 2026-11-30, not 'today'",
        ),
        ("nightly", {"parameters": {"day": "2026-11-30", "dya": 1}}, 400, "field 'dya': is no parameter"),
        ("nightly", {"parameters": {"day": "2026-11-30"}, "rows": [{}]}, 400, "field 'rows': are not taken"),
        ("nightly", {"parameters": ["day"]}, 400, "'parameters' must be an object"),
        ("nightly", {"day": "2026-11-30"}, 400, "a JSON object of 'parameters', an object, and 'rows'"),
        ("nightly", [], 400, "a JSON object of 'parameters'"),
        ("rows", {}, 400, "field 'rows': are missing"),
        ("rows", {"rows": {}}, 400, "'rows' a list of objects"),
        ("rows", {"rows": [{"x": 1}, 2]}, 400, "row 1, field 'rows': must be objects"),
    ],
)
def test_what_cannot_be_run_is_refused_at_once(
    http: FlaskClient, jobs: JobStore, path: str, body: Any, status: int, why: str
) -> None:
    answer = http.post(f"/pipelines/{path}", json=body, headers=AS_ADMIN)
    assert (answer.status_code, why in answer.json["message"]) == (status, True), answer.json
    assert jobs.list() == []


def test_an_answer_to_nonsense_is_no_longer_than_it_need_be(http: FlaskClient) -> None:
    body = {"parameters": {f"{'x' * 1_000}{number}": number for number in range(1_000)}}
    answer = http.post("/pipelines/nightly", json=body, headers=AS_ADMIN)
    problems = answer.json["problems"]
    assert (answer.status_code, len(problems), problems[0]["field"]) == (400, 50, "day")  # what is missing comes first
    assert len(answer.data) < 40_000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/pipelines/rows", 405),
        ("PUT", "/pipelines/rows", 405),
        ("DELETE", "/jobs/x/result", 405),
        ("POST", "/pipelines/ro%00ws", 404),
        ("POST", "/pipelines/ro%ffws", 404),
        ("POST", "/pipelines/a%2Frows", 404),
        ("POST", "/pipelines/%2e%2e", 404),
        ("POST", f"/pipelines/{'x' * 10_000}", 404),
        ("GET", "/jobs/a%00b", 404),
        ("GET", "/jobs/%ff", 404),
        ("GET", f"/jobs/{'x' * 10_000}/result", 404),
        ("DELETE", "/jobs/%2e%2e%2fetc", 404),
        ("HEAD", "/pipelines", 200),
    ],
)
def test_odd_names_and_methods_are_told_shortly(http: FlaskClient, method: str, path: str, status: int) -> None:
    answer = http.open(path, method=method, headers=AS_ADMIN)
    assert answer.status_code == status, answer.data
    assert len(answer.data) < 2_500


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"null", 400),
        (b" ", 400),
        (b'{"rows": null}', 400),
        (b'{"parameters": null}', 400),
        (b'{"rows": [{"x": 1}], "rows": 2}', 400),
        (b"[" * 100_000, 400),
        (b'{"rows": [{"x": "\\ud800"}]}', 400),
        (b"\xff\xfe", 400),
        (b'{"rows": [' + b'{"x": 1},' * 100_000 + b"{}]}", 413),
    ],
)
def test_bodies_that_are_no_request_are_refused_and_leave_no_job(
    start: Open, jobs: JobStore, body: bytes, status: int
) -> None:
    http = start(admin_token=TOKEN, max_body_bytes=500_000)
    answer = http.post("/pipelines/rows", data=body, content_type="application/json", headers=AS_ADMIN)
    assert answer.status_code == status, answer.data
    assert jobs.list() == []


def test_a_key_that_is_no_id_is_refused_and_one_of_a_fit_is_not_taken_over(http: FlaskClient, jobs: JobStore) -> None:
    fit = jobs.submit("fit", {}, "fit-7")

    def ask(key: str) -> Any:
        return http.post("/pipelines/rows", json={"rows": [{"x": 1}]}, headers={**AS_ADMIN, "Idempotency-Key": key})

    for key in ("a b", "\u00e4", "x" * 65, "../x", fit.id):
        assert ask(key).status_code == 400
    assert [job.id for job in jobs.list()] == ["fit-7"]


def test_a_body_that_is_no_json_is_refused(http: FlaskClient) -> None:
    for sent, status in ((b"day=2026-11-30", 415), (b"{", 400)):
        kind = "application/x-www-form-urlencoded" if status == 415 else "application/json"
        answer = http.post("/pipelines/nightly", data=sent, content_type=kind, headers=AS_ADMIN)
        assert answer.status_code == status


def test_nobody_runs_anything_without_a_token_or_the_scope(start: Open, tmp_path: Path) -> None:
    for path in ("/pipelines", "/jobs/x/result"):
        assert start().get(path).status_code == 404
        assert start(admin_token=TOKEN).get(path).status_code == 401
    assert start(admin_token=TOKEN).post("/pipelines/rows", json={"rows": [{}]}).status_code == 401


def test_the_scope_run_runs_and_sees_runs_and_nothing_else(start: Open, jobs: JobStore, tmp_path: Path) -> None:
    import hashlib

    lines = [
        {"name": name, "key": f"sha256:{hashlib.sha256(name.encode()).hexdigest()}", "scopes": list(scopes)}
        for name, scopes in KEYS.items()
    ]
    http = start(access=access_of({"callers": lines}, tmp_path, {}, ""))
    fit = jobs.submit("fit", {}).id

    def status(name: str, method: str, path: str, **more: Any) -> int:
        return http.open(path, method=method, headers={"X-API-Key": name}, **more).status_code

    body = {"json": {"rows": [{"x": 1}]}}
    assert status("reader", "POST", "/pipelines/rows", **body) == status("reader", "GET", "/pipelines") == 403
    assert (
        status("runner", "POST", "/pipelines/rows", **body)
        == status("operator", "POST", "/pipelines/rows", **body)
        == 202
    )
    run = next(job.id for job in jobs.list() if job.kind == "pipeline")
    for name in ("runner", "operator"):
        assert (status(name, "GET", f"/jobs/{run}"), status(name, "GET", "/pipelines")) == (200, 200)
    assert (status("runner", "GET", f"/jobs/{fit}"), status("operator", "GET", f"/jobs/{fit}")) == (404, 200)
    assert status("runner", "DELETE", f"/jobs/{fit}") == 404
    assert jobs.get(fit).state == "queued"
    assert (status("runner", "GET", "/jobs"), status("runner", "POST", "/fit")) == (403, 403)
