"""Views that change something: what they take, who may call them, and where a configuration may put them."""

import hmac
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from flask.testing import FlaskClient

from tests.helpers import Hive
from tests.server.conftest import Open, without_workers
from triglot.dispatch.blocking import Client
from triglot.errors import ConfigError, TriglotError
from triglot.project import Project
from triglot.server import admin
from triglot.server.app import create_app
from triglot.server.predict import PredictService
from triglot.server.rules import add_url_rule
from triglot.server.wsgi import build
from triglot.serving.service import Service
from triglot.store import ModelStore
from triglot.store.jobs import JobStore

TOKEN = "a long word that only öperators know"
SENT = TOKEN.encode().decode("latin-1")  # as a header's bytes are read, whatever they are
AS_ADMIN = {"Authorization": f"Bearer {SENT}"}
ROUTES = [
    ("POST", "/fit"),
    ("POST", "/activate"),
    ("POST", "/release"),
    ("POST", "/refresh"),
    ("GET", "/jobs"),
    ("GET", "/jobs/x"),
    ("DELETE", "/jobs/x"),
]


@pytest.fixture
def store(tmp_path: Path, models: ModelStore) -> Iterator[ModelStore]:
    """Hold a store of the test's own with two versions of a model, the first one active."""
    made = ModelStore(f"sqlite:///{tmp_path / 'models.db'}")
    for _ in range(2):
        made.write("iris", models.read("iris", 1).artefact)
    made.activate("iris", 1)
    yield made
    made.close()


@pytest.fixture
def start(store: ModelStore, hive: Hive) -> Iterator[Open]:
    """Give the function that returns a client of an application of that store."""
    with without_workers(store, hive) as opened:
        yield opened


@pytest.fixture
def http(start: Open) -> FlaskClient:
    """Hold a client of an application with an admin token."""
    return start(admin_token=TOKEN)


def error(answer: Any, status: int) -> dict[str, Any]:
    """Return the metadata of an error, which has the one shape."""
    assert answer.status_code == status
    assert list(answer.json)[:4] == ["metadata", "error", "message", "code"]
    metadata: dict[str, Any] = answer.json["metadata"]
    assert (metadata["status"], metadata["error_code"]) == ("ERROR", -1)
    assert metadata["request_id"] == answer.headers["X-Request-Id"]
    return metadata


# --- what they take


def test_a_fit_of_a_model_that_is_not_configured_is_refused_at_once(start: Open) -> None:
    http = start(admin_token=TOKEN, models=("iris", "wine"))

    told = error(http.post("/fit?model=iris&model=zzz", headers=AS_ADMIN), 404)

    assert (told["code"], told["error_message"]) == (
        "model-not-found",
        "no model 'zzz' is configured; known are iris, wine",
    )
    assert http.get("/jobs", headers=AS_ADMIN).json == {"jobs": []}
    assert http.post("/fit?model=iris", headers=AS_ADMIN).status_code == 200
    told = error(start(admin_token=TOKEN, models=()).post("/fit?model=zzz", headers=AS_ADMIN), 404)
    assert told["error_message"] == "no model 'zzz' is configured, nor any other: add one under 'model' or 'models'"


# --- who may


def test_without_a_token_in_the_configuration_there_are_no_such_routes(start: Open) -> None:
    http = start()
    for method, route in ROUTES:
        assert error(http.open(route, method=method, headers=AS_ADMIN), 404)["code"] == "http"


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {SENT}x",
        f"Basic {SENT}",
        SENT,
        f"Bearer {TOKEN}",
    ],
)
def test_without_the_token_nothing_is_done(http: FlaskClient, jobs: JobStore, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}
    for method, route in ROUTES:
        answer = http.open(route, method=method, headers=headers, query_string={"model_version": "2"})

        metadata = error(answer, 401)
        assert "send the admin token as 'Authorization: Bearer TOKEN'" in metadata["error_message"]
        assert answer.headers["WWW-Authenticate"] == "Bearer realm=triglot"
        assert TOKEN not in answer.text
    assert jobs.list() == []
    assert http.get("/list").json["properties"]["active-model"] == "1"


def test_tokens_are_compared_in_a_time_that_says_nothing(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    truly = hmac.compare_digest

    def compare(sent: bytes, token: bytes) -> bool:
        compared.append((sent, token))
        return truly(sent, token)

    monkeypatch.setattr(admin.hmac, "compare_digest", compare)
    http.get("/jobs", headers={"Authorization": "Bearer guess"})

    assert compared == [(b"guess", TOKEN.encode())]


def test_the_scheme_may_be_written_as_one_likes(http: FlaskClient) -> None:
    assert http.get("/jobs", headers={"Authorization": f"bearer  {SENT}"}).json == {"jobs": []}


# --- fit


def test_a_fit_is_a_job_whose_id_is_told_at_once(http: FlaskClient, jobs: JobStore) -> None:
    answer = http.post("/fit", headers=AS_ADMIN)

    assert answer.status_code == 200
    assert list(answer.json) == ["job_id"]
    job = jobs.get(answer.json["job_id"])
    assert (job.kind, job.parameters, job.state) == ("fit", {}, "queued")


@pytest.mark.parametrize("place", ["query_string", "data"])
def test_a_fit_takes_its_parameters_from_the_query_and_from_a_form(
    http: FlaskClient, jobs: JobStore, place: str
) -> None:
    given = {"persist": "T", "activate": "false", "evaluate": "1", "persist_if_better_than": "0.9", "model": ["a", "b"]}
    answer = http.post("/fit", headers=AS_ADMIN, **{place: given})

    assert jobs.get(answer.json["job_id"]).parameters == {
        "persist": True,
        "activate": False,
        "evaluate": True,
        "persist_if_better_than": 0.9,
        "models": ["a", "b"],
    }


@pytest.mark.parametrize("text", ["good", "", "nan", "inf", "1e999", "0,9"])
def test_a_number_that_is_none_is_named(http: FlaskClient, jobs: JobStore, text: str) -> None:
    answer = http.post("/fit", headers=AS_ADMIN, query_string={"persist_if_better_than": text})

    assert f"persist_if_better_than must be a number, not '{text}'" in error(answer, 400)["error_message"]
    assert jobs.list() == []


def test_the_same_idempotency_key_is_the_same_job(http: FlaskClient, jobs: JobStore) -> None:
    keyed = AS_ADMIN | {"Idempotency-Key": "night-7"}
    first = http.post("/fit", headers=keyed, data={"evaluate": "1"})
    again = http.post("/fit", headers=keyed, query_string={"evaluate": "true"})

    assert first.json == again.json == {"job_id": "night-7"}
    assert len(jobs.list()) == 1
    assert "is another one" in error(http.post("/fit", headers=keyed), 400)["error_message"]
    odd = http.post("/fit", headers=AS_ADMIN | {"Idempotency-Key": "a/b"})
    assert "a job's id has 1 to 64 letters" in error(odd, 400)["error_message"]


def test_a_fit_is_asked_for_by_post(http: FlaskClient) -> None:
    answer = http.get("/fit", headers=AS_ADMIN)

    assert error(answer, 405)["code"] == "http"
    assert answer.headers["Allow"] == "OPTIONS, POST"


# --- activate and refresh


@pytest.mark.parametrize("place", ["query_string", "data"])
def test_a_version_that_is_activated_answers_like_the_listing(http: FlaskClient, store: ModelStore, place: str) -> None:
    answer = http.post("/activate", headers=AS_ADMIN, **{place: {"model_version": "2"}})

    assert answer.status_code == 200
    assert answer.json == http.get("/list").json
    assert answer.json["properties"]["active-model"] == "2"
    assert [model["aliases"] for model in answer.json["models"]] == [[], ["active"]]
    assert store.active() == {"iris": 2}


def test_a_version_that_is_activated_answers_in_this_process_at_once(start: Open) -> None:
    http = start(admin_token=TOKEN, required=("iris",))
    assert http.get("/alive").json["iris"]["metadata"]["version"] == 1
    http.post("/activate", headers=AS_ADMIN, data={"model_version": "2", "model": "iris"})

    assert http.get("/alive").json["iris"]["metadata"]["version"] == 2


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        ({}, 400, "model_version is missing"),
        ({"model_version": "two"}, 400, "model_version must be a whole number, not 'two'"),
        ({"model_version": "1.0"}, 400, "model_version must be a whole number, not '1.0'"),
        ({"model_version": "1_0"}, 400, "model_version must be a whole number, not '1_0'"),
        ({"model_version": "\u0661"}, 400, "model_version must be a whole number, not '\u0661'"),
        ({"model_version": "9" * 5000}, 400, "model_version must be a whole number, not '9999"),
        ({"model_version": "7"}, 404, "model 'iris' has no version 7; known versions: 1, 2"),
        ({"model_version": "-1"}, 404, "model 'iris' has no version -1"),
        ({"model_version": "9" * 30}, 404, "model 'iris' has no version 9999"),
        ({"model_version": "1", "model": "rose"}, 404, "there is no model 'rose'; known models: iris"),
    ],
)
def test_what_cannot_be_activated_is_told(
    http: FlaskClient, store: ModelStore, sent: dict[str, str], status: int, message: str
) -> None:
    found = error(http.post("/activate", headers=AS_ADMIN, data=sent), status)["error_message"]

    assert message in found
    assert len(found) < 300
    assert store.active() == {"iris": 1}


def test_of_several_models_one_must_be_named(http: FlaskClient, store: ModelStore) -> None:
    store.write("tooth", store.read("iris", 1).artefact)
    answer = http.post("/activate", headers=AS_ADMIN, data={"model_version": "1"})

    assert "say which model: iris, tooth" in error(answer, 400)["error_message"]
    sent = {"model_version": "1", "model": "tooth"}
    answer = http.post("/activate", headers=AS_ADMIN, data=sent)
    assert answer.json["properties"]["active-models"] == {"iris": "1", "tooth": "1"}


def test_a_refresh_looks_into_the_store_now(start: Open, store: ModelStore, jobs: JobStore) -> None:
    http = start(admin_token=TOKEN, required=("iris",))
    http.get("/alive")
    store.activate("iris", 2)
    answer = http.post("/refresh", headers=AS_ADMIN)

    job = jobs.get(answer.json["job_id"])
    assert (job.kind, job.state) == ("update_model_cache", "finished")
    assert http.get("/alive").json["iris"]["metadata"]["version"] == 2


# --- jobs


def test_the_jobs_are_listed_newest_first_with_all_that_is_known(http: FlaskClient, jobs: JobStore) -> None:
    old = jobs.submit("fit", {"evaluate": True}).id
    jobs.claim("one")
    jobs.end(old, "one", "error", "the dataset is empty")
    new = jobs.submit("fit", {}).id
    listed = http.get("/jobs", headers=AS_ADMIN).json["jobs"]

    assert [job["id"] for job in listed] == [new, old]
    assert listed[1] == http.get(f"/jobs/{old}", headers=AS_ADMIN).json
    assert listed[1] | {"created": "", "started": "", "finished": ""} == {
        "id": old,
        "func": "fit",
        "parameters": {"evaluate": True},
        "status": "error",
        "created": "",
        "started": "",
        "finished": "",
        "info": "the dataset is empty",
    }


def test_a_job_that_is_deleted_is_cancelled(http: FlaskClient, jobs: JobStore) -> None:
    running, waiting = (jobs.submit("fit", {}).id for _ in range(2))
    jobs.claim("one")

    assert http.delete(f"/jobs/{running}", headers=AS_ADMIN).json["status"] == "cancelling"
    assert http.delete(f"/jobs/{waiting}", headers=AS_ADMIN).json["status"] == "cancelled"
    assert http.get(f"/jobs/{waiting}", headers=AS_ADMIN).json["finished"] is not None


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_job_that_is_not_there_is_a_404(http: FlaskClient, method: str) -> None:
    answer = http.open("/jobs/gone", method=method, headers=AS_ADMIN)

    assert error(answer, 404)["code"] == "job-not-found"
    assert "there is no job 'gone'" in answer.json["metadata"]["error_message"]


def test_alive_shows_the_jobs_and_none_of_what_they_hold(http: FlaskClient, jobs: JobStore) -> None:
    assert http.get("/alive").json["process_metadata"] == {}
    job_id = jobs.submit("fit", {"models": ["secret-name"]}).id
    jobs.claim("one")
    jobs.end(job_id, "one", "error", "Traceback: secret-path")
    answer = http.get("/alive")

    started = jobs.get(job_id).started
    assert answer.json["process_metadata"]["jobs"] == {job_id: {"func": "fit", "started": started, "status": "error"}}
    assert "secret" not in answer.text


def test_alive_of_a_service_without_jobs_says_nothing_of_them(store: ModelStore, hive: Hive) -> None:
    service = Service(store, Client(hive.run_dir))
    try:
        assert create_app(service).test_client().get("/alive").json["process_metadata"] == {}
    finally:
        service.close()


# --- rules and decorators


def test_rules_put_our_views_and_the_users_where_the_configuration_says(start: Open, jobs: JobStore) -> None:
    def hello(name: str) -> str:
        return f"hello {name}"

    rules = [
        add_url_rule("/train", view_func="triglot.server.admin.fit", methods=["POST"]),
        add_url_rule("/hello/<name>", view_func=hello, endpoint="greeting"),
        add_url_rule("/hello/<name>", view_func=hello, methods=["PUT"], app="palladium.server.app"),
    ]
    http = start(rules=rules)

    job_id = http.post("/train", data={"persist": "0"}).json["job_id"]
    assert jobs.get(job_id).parameters == {"persist": False}
    assert http.get("/hello/you").text == http.put("/hello/you").text == "hello you"
    assert http.get("/train").status_code == 405
    for method, route in ROUTES:
        assert http.open(route, method=method).status_code == 404


def test_a_view_of_ours_that_anybody_may_use_is_told_in_the_log(start: Open, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "triglot.server"):
        start(rules=[add_url_rule("/train", view_func=admin.fit, methods=["POST"])])

    assert caplog.messages == [
        "whoever reaches /train may use it: set an admin token, or guard it by server_fit_decorators"
    ]


def test_a_view_of_ours_at_another_route_wants_the_token_unless_decorators_guard_it(
    start: Open, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(view: Callable[..., Any]) -> Callable[..., Any]:
        return lambda: Response("by a decorator", status=403)

    rules = [
        add_url_rule("/train", view_func=admin.fit, methods=["POST"]),
        add_url_rule("/activate", view_func=admin.activate, methods=["POST"]),
    ]
    http = start(admin_token=TOKEN, rules=rules, decorators={"activate_decorators": [refuse]})

    assert http.post("/train").status_code == 401
    assert "job_id" in http.post("/train", headers=AS_ADMIN).json
    # the route is the configuration's now, and guarded by its own
    assert http.post("/activate").text == "by a decorator"
    assert http.post("/fit").status_code == 401
    assert [record for record in caplog.records if record.name != "triglot.audit"] == []


@pytest.mark.parametrize(
    ("key", "route"),
    [
        ("server_fit_decorators", "/fit"),
        ("activate_decorators", "/activate"),
        ("update_model_cache_decorators", "/refresh"),
    ],
)
def test_the_decorators_of_a_view_wrap_it_once_and_stand_behind_the_token(start: Open, key: str, route: str) -> None:
    seen: list[str] = []

    def note(name: str) -> Callable[..., Any]:
        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            def call() -> Any:
                seen.append(name)
                return view()

            return call

        return decorate

    http = start(admin_token=TOKEN, decorators={key: [note("inner"), note("outer")]})
    http.post(route)
    assert seen == []
    assert http.post(route, headers=AS_ADMIN, data={"model_version": "2"}).status_code == 200
    assert seen == ["outer", "inner"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": "fit", "view_func": admin.fit}, "the rule 'fit' must start with '/'"),
        ({"rule": "/fit"}, "the view of '/fit' cannot be called"),
        ({"rule": "/fit", "view_func": "triglot.server.admin"}, "the view of '/fit' cannot be called"),
        ({"rule": "/fit", "view_func": "triglot.server.admin.fitt"}, "fitt"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TriglotError, match=message):
        add_url_rule(**arguments)


def test_a_rule_at_a_route_of_the_service_is_refused(start: Open) -> None:
    for route in ("/alive", "/mine"):
        with pytest.raises(ConfigError, match=f"'{route}' is a route of the service itself"):
            start(
                services=[PredictService(entry_point="/mine")],
                rules=[add_url_rule(route, view_func=admin.fit, methods=["POST"])],
            )


# --- from the configuration


CONFIG = """{
    'service_metadata': {'service_name': 'flowers'},
    'server': {'admin_token_file': 'token'},
    'activate_decorators': ['authors_of_rules.counted'],
    'flask_add_url_rules': [
        {'!': 'triglot.server.rules.add_url_rule', 'rule': '/hello', 'view_func': 'authors_of_rules.hello'},
        {'!': 'palladium.server.add_url_rule', 'rule': '/choose',
         'view_func': 'palladium.server.activate', 'methods': ['POST']},
    ],
}"""
MODULE = """
calls = []
def counted(view):
    def call():
        calls.append(view.__name__)
        return view()
    return call
def hello():
    return {'hello': len(calls)}
"""


def test_an_application_has_the_rules_token_and_decorators_of_its_configuration(
    tmp_path: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "config"
    place.mkdir()
    (place / "triglot-config.py").write_text(CONFIG)
    (place / "authors_of_rules.py").write_text(MODULE)
    (place / "token").write_text("a token of the file\n")
    monkeypatch.syspath_prepend(place)
    (place / "triglot.db").hardlink_to(tmp_path / "models.db")
    project = Project([place / "triglot-config.py"], {"TRIGLOT_ADMIN_TOKEN": "not this one"}, place)
    http = build(project).test_client()

    assert http.get("/hello").json == {"hello": 0}
    assert http.post("/choose", data={"model_version": "2"}).json["properties"]["active-model"] == "2"
    assert http.get("/hello").json == {"hello": 1}
    assert http.get("/jobs", headers={"Authorization": "Bearer not this one"}).status_code == 401
    assert http.get("/jobs", headers={"Authorization": "Bearer a token of the file"}).json == {"jobs": []}


def test_a_predict_service_that_can_answer_no_route_is_refused(tmp_path: Path) -> None:
    (tmp_path / "triglot-config.py").write_text("{'predict_service': {'!': 'collections.Counter'}}")
    project = Project([tmp_path / "triglot-config.py"], {}, tmp_path)
    with pytest.raises(ConfigError, match=r"predict_service: collections\.Counter answers no route; derive it from"):
        build(project)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "admin_token_file: .*make the file"),
        (b" \n", "'token' is empty; write a long random"),
        (b"\xff\xfe", "admin_token_file: .*utf-8.*make the file"),
    ],
)
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    (tmp_path / "triglot-config.py").write_text("{'server': {'admin_token_file': 'token'}}")
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    project = Project([tmp_path / "triglot-config.py"], {}, tmp_path)
    with pytest.raises(ConfigError, match=message):
        _ = project.admin_token


def test_the_environment_gives_the_token_where_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "triglot-config.py").write_text("{'server': {}}")
    config = [tmp_path / "triglot-config.py"]

    assert Project(config, {"TRIGLOT_ADMIN_TOKEN": " secret \n"}, tmp_path).admin_token == "secret"
    assert Project(config, {}, tmp_path).admin_token == ""
