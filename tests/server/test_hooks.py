"""What hooks hear of the front end: each answer whichever way it was made, each call of a worker, each version."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.server.conftest import FLOWER, TIMEOUT_S
from tests.server.test_asgi import Caller, http
from triglot.access_log import AccessLog
from triglot.bodies.media import CSV
from triglot.dispatch.blocking import Client
from triglot.hooks import Answered, Hook, Hooks, LoadedVersion, WorkerCall
from triglot.logs import TextLines
from triglot.protocol.messages import Spent
from triglot.server.app import Options, create_app
from triglot.server.predict import PredictService
from triglot.serving.service import Service
from triglot.store import ModelStore

QUERY = urlencode(FLOWER)
BODY = json.dumps([FLOWER, FLOWER]).encode()


class Ear(Hook):
    """Writes down what it hears, without the times."""

    def __init__(self) -> None:
        self.answers: list[Answered] = []
        self.calls: list[str] = []
        self.versions: set[tuple[str, int, str]] = set()

    def call_begun(self, call: WorkerCall) -> None:
        self.calls.append(f"begun {call.op} {call.model} {call.version} {call.ids[0]} {call.rows}")

    def call_timed(self, call: WorkerCall, spent: Spent) -> None:
        assert min(spent) >= 0
        self.calls.append(f"timed {call.ids[0]} {spent.rows}")

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        assert seconds > 0
        self.calls.append(f"ended {call.ids[0]}")

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        self.calls.append(f"failed {call.ids[0]} {type(error).__name__}")

    def version_loaded(self, loaded: LoadedVersion) -> None:
        assert loaded.ask is None
        self.versions.add((loaded.model, loaded.version, loaded.manifest.language))

    def request_answered(self, answered: Answered) -> None:
        assert answered.seconds > 0
        self.answers.append(answered._replace(seconds=0.0))


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear()


class Own(PredictService):
    """Takes part in its own answers."""

    def response_from_prediction(self, *args: object, **options: object) -> object:
        return super().response_from_prediction(*args, **options)


@pytest.fixture(scope="module")
def caller(models: ModelStore, run_dir: Path, ear: Ear) -> Iterator[Caller]:
    service = Service(models, Client(run_dir), hooks=Hooks([ear, AccessLog(1.0)]))
    own = Own(entry_point="/own", model="iris")
    made = Caller(create_app(service, Options(services=(own,), timeout_s=TIMEOUT_S)))
    yield made
    made.close()
    service.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "known"),
    [
        ("GET", "/models/iris/predict", b"", 200, ("predict", "iris", 1, 1, "")),
        ("POST", "/models/iris/predict_proba", BODY, 200, ("predict_proba", "iris", 1, 2, "")),
        ("POST", "/models/iris/predict", b"[", 400, ("predict", "iris", 1, 0, "bad-request")),
        ("POST", "/models/rose/predict", BODY, 404, ("", "", 0, 0, "model-not-found")),
        ("GET", "/own", b"", 200, ("predict", "iris", 1, 0, "")),
        ("GET", "/nowhere", b"", 404, ("", "", 0, 0, "http")),
        ("GET", "/alive", b"", 200, ("", "", 0, 0, "")),
    ],
)
@pytest.mark.parametrize("way", ["asgi", "wsgi"])
def test_every_answer_is_heard_once_with_what_is_known_of_it(
    caller: Caller, ear: Ear, way: str, method: str, path: str, body: bytes, status: int, known: tuple[object, ...]
) -> None:
    ear.answers.clear()
    if way == "asgi":
        sent = http(method, path, QUERY if method == "GET" else "", content_length=str(len(body) or ""))
        sent["headers"] += [(b"x-request-id", b"mine")] + ([(b"content-type", b"application/json")] if body else [])
        assert caller.answer(sent, body)[0] == str(status)
    else:
        answer = caller.flask.test_client().open(
            path,
            method=method,
            query_string=QUERY if method == "GET" else None,
            data=body or None,
            headers={"X-Request-Id": "mine"} | ({"Content-Type": "application/json"} if body else {}),
        )
        assert answer.status_code == status
    op, model, version, rows, code = known
    route = re.sub("/models/\\w+/", "/models/<name>/", path) if path != "/nowhere" else ""
    assert ear.answers == [Answered("mine", op, model, version, rows, code, 0.0, path, status, method, route)]


def test_a_body_that_is_read_in_pieces_is_heard_without_its_rows(caller: Caller, ear: Ear) -> None:
    ear.answers.clear()
    body = ",".join(FLOWER) + "\n" + ",".join(map(str, FLOWER.values())) + "\n"
    answer = caller.flask.test_client().post("/models/iris/predict", data=body, content_type=CSV)
    assert answer.status_code == 200
    (heard,) = ear.answers
    at = ("/models/iris/predict", 200, "POST", "/models/<name>/predict")
    assert heard._replace(id="") == Answered("", "predict", "iris", 1, 0, "", 0.0, *at)


@pytest.mark.parametrize("way", ["asgi", "wsgi"])
def test_the_access_log_has_a_line_for_each_answer_and_nothing_of_what_the_address_holds(
    caller: Caller, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    def ask(method: str, path: str, query: str, body: bytes) -> None:
        if way == "asgi":
            sent = http(method, path, query, x_request_id="a7", content_length=str(len(body) or ""))
            sent["headers"] += [(b"content-type", b"application/json")] if body else []
            caller.answer(sent, body)
        else:
            headers = {"X-Request-Id": "a7"} | ({"Content-Type": "application/json"} if body else {})
            asked = {"query_string": query, "data": body or None, "headers": headers}
            caller.flask.test_client().open(path, method=method, **asked)

    caplog.set_level(logging.INFO, "triglot.requests")
    ask("GET", "/models/iris/predict", f"{QUERY}&token=secret", b"")
    ask("POST", "/models/iris/predict", "", BODY)
    ask("POST", "/models/iris/predict", "token=secret", b"[")
    ask("GET", "/secret/", "token=secret", b"")
    lines = [TextLines().format(record) for record in caplog.records if record.name == "triglot.requests"]
    told = [re.sub(r"latency_ms=\d+\.\d\d$", "in time", line.partition(": ")[2]) for line in lines]
    where = "route=/models/<name>/predict"
    assert told == [
        f"[a7 iris 1] answered method=GET {where} status=400 code=bad-request in time",
        f"[a7 iris 1] answered method=POST {where} status=200 rows=2 in time",
        f"[a7 iris 1] answered method=POST {where} status=400 code=bad-request in time",
        "[a7] answered method=GET status=404 code=http in time",
    ]
    assert "secret" not in "".join(lines)


def test_a_share_of_the_access_log_is_about_that_share(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "triglot.requests")
    few = AccessLog(0.1)
    for _ in range(2_000):
        few.request_answered(Answered("a", "", "", 0, 0, "", 0.001))
    assert 100 < len(caplog.records) < 320


def test_each_call_of_a_worker_is_heard_and_each_version_that_answers(caller: Caller, ear: Ear) -> None:
    ear.calls.clear()
    client = caller.flask.test_client()
    client.get("/models/iris/predict", query_string=QUERY, headers={"X-Request-Id": "good"})
    scope = http("GET", "/models/iris/predict", QUERY, x_request_id="soon")
    assert caller.answer(scope)[0] == "200"
    client.get("/models/moody/predict?mood=1", headers={"X-Request-Id": "bad"})
    assert ear.calls == [
        "begun predict iris 1 good 1",
        "timed good 1",
        "ended good",
        "begun predict iris 1 soon 1",
        "timed soon 1",
        "ended soon",
        "begun predict moody 1 bad 1",
        "failed bad EstimatorFailed",
    ]
    assert ("iris", 1, "python") in ear.versions
