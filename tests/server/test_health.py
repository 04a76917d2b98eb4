"""`/alive` of a process and `/ready` of the whole."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.helpers import Hive, until
from tests.server.conftest import FLOWER, TIMEOUT_S, Open
from triglot import __version__
from triglot.dispatch.blocking import Client
from triglot.process_store import process_store
from triglot.server.app import Options, create_app
from triglot.serving.service import Service
from triglot.store import ModelStore


def test_alive_has_palladium_s_keys_and_sound_numbers(open_app: Open) -> None:
    answer = open_app(service_metadata={"service_name": "flowers"}).get("/alive")

    assert answer.status_code == 200
    assert list(answer.json) == [
        "memory_usage",
        "memory_usage_vms",
        "triglot_version",
        "palladium_version",
        "service_metadata",
        "process_metadata",
    ]
    assert 20 < answer.json["memory_usage"] <= answer.json["memory_usage_vms"]
    assert answer.json["triglot_version"] == __version__
    assert answer.json["service_metadata"] == {"service_name": "flowers"}


def test_alive_tells_of_what_is_required(open_app: Open) -> None:
    answer = open_app(required=("iris", "model_persister")).get("/alive")

    assert answer.status_code == 200
    told = answer.json["iris"]["metadata"]
    assert (told["version"], told["model"], told["language"], told["score_train"]) == (1, "iris", "python", 0.5)
    assert datetime.fromisoformat(answer.json["iris"]["updated"]).tzinfo is not None
    assert answer.json["model_persister"] != "N/A"


def test_alive_is_a_503_while_something_required_is_missing(open_app: Open) -> None:
    answer = open_app(required=("iris", "rose")).get("/alive")

    assert answer.status_code == 503
    assert answer.json["rose"] == "N/A"
    assert answer.json["iris"]["metadata"]["version"] == 1


def test_alive_may_require_what_something_of_the_users_keeps(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    http = open_app(required=("lookup",))
    assert (http.get("/alive").status_code, http.get("/alive").json["lookup"]) == (503, "N/A")
    monkeypatch.setattr(process_store, "_entries", {**process_store})  # and forgotten afterwards
    process_store["lookup"] = {"some": "table"}
    assert http.get("/alive").status_code == 200
    assert list(http.get("/alive").json["lookup"]) == ["updated"]


def test_ready_tells_of_every_model(http: FlaskClient) -> None:
    until(lambda: http.get("/ready").status_code == 200)

    body = http.get("/ready").json

    assert body["ready"] is True
    assert list(body["models"]) == ["fruit", "iris", "ja-nein", "moody", "pair"]
    assert body["models"]["iris"] == {"version": 1, "language": "python", "workers": 1}


def test_a_store_that_is_away_is_told_and_makes_nobody_unwell(
    models: ModelStore, run_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "models.db"
    store = ModelStore(f"sqlite:///{file}")
    store.activate("iris", store.write("iris", models.read("iris").artefact))
    service = Service(store, Client(run_dir))
    try:
        http = create_app(service, Options(timeout_s=TIMEOUT_S)).test_client()
        until(lambda: http.get("/models/iris/ready").status_code == 200)
        assert "store" not in http.get("/alive").json
        store.close()
        hidden = file.rename(tmp_path / "hidden.db")
        file.mkdir()

        until(lambda: "store" in http.get("/alive").json)
        answer = http.get("/alive")
        assert answer.status_code == 200
        assert answer.json["store"] == "cannot be read at the moment; what was active last is served on"
        assert http.get("/models/iris/predict", query_string=FLOWER).status_code == 200

        file.rmdir()
        hidden.rename(file)
        until(lambda: "store" not in http.get("/alive").json)
    finally:
        service.close()
        store.close()


def test_a_model_that_is_not_ready_says_why(lonely: FlaskClient) -> None:
    answer = lonely.get("/models/iris/ready")

    assert answer.status_code == 503
    assert (answer.json["ready"], answer.json["code"]) == (False, "worker-unavailable")
    assert answer.json["cause"] == "no worker that is there has loaded it yet"


@pytest.fixture
def lonely(models: ModelStore) -> Iterator[FlaskClient]:
    """Hold a client of a service that has no worker and does not wait for one."""
    hive = Hive()
    service = Service(models, Client(hive.run_dir), absence_s=0.0)
    yield create_app(service, Options(timeout_s=5.0)).test_client()
    service.close()
    hive.close()


def test_without_a_worker_ready_is_a_503_and_alive_a_200(lonely: FlaskClient) -> None:
    answer = lonely.get("/ready")

    assert answer.status_code == 503
    assert answer.json["ready"] is False
    assert answer.json["models"]["iris"]["workers"] == 0
    assert lonely.get("/alive").status_code == 200


def test_without_a_worker_a_prediction_is_a_503_at_once_with_retry_after(lonely: FlaskClient) -> None:
    answer = lonely.get("/models/pair/predict?mood=1")

    assert answer.status_code == 503
    assert answer.json["metadata"]["code"] == "worker-unavailable"
    assert answer.json["metadata"]["error_message"].startswith("there has been no worker for python for ")
    assert answer.headers["Retry-After"] == "1"
