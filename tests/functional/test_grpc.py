"""gRPC beside HTTP: supervised, with the real client, and the same models behind both."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.functional.running import EXAMPLES, Running, descendants, folder, free_port, quick
from tests.helpers import PATIENCE_S, require, until
from triglot.server.grpc import messages

CALLS = Path(__file__).parents[1] / "clients" / "triton_grpc_calls.py"
TOKEN = "a long token of the tests"
FLOWER = {"sepal length": 5.1, "sepal width": 3.5, "petal length": 1.4, "petal width": 0.2}
LABELS = ["Iris-setosa", "Iris-versicolor"]


def triton(*arguments: str) -> Any:
    """Return what the client's script prints, in the client's own environment."""
    environments = pytest.importorskip("tests.clients.environments")
    python = environments.python_of("tritonclient")
    done = subprocess.run(
        [str(python), str(CALLS), *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def configured(place: Path, **server: Any) -> Path:
    """Return a configuration of one model of irises in a folder, with these entries of `server`."""
    config = place / "triglot-config.py"
    config.write_text(
        f"""{{
            'dataset_loader_train': {{
                '!': 'triglot.dataset.CSV', 'path': {str(EXAMPLES / "data" / "iris.data")!r},
                'names': {[*FLOWER, "species"]!r}, 'target_column': 'species',
            }},
            'models': {{'iris': {{'model': {{'!': 'sklearn.linear_model.LogisticRegression', 'max_iter': 1000}}}}}},
            'workers': {{'python': 1}},
            'server': {server!r},
        }}"""
    )
    return config


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Running, int]]:
    """Hold a service of irises, and the port at which it answers by gRPC."""
    require("python")
    with folder() as place:
        port = free_port()
        config = configured(place, grpc_port=port, processes=2, timeout_s=100)
        assert quick("fit", "--no-proof", cwd=place).returncode == 0
        service = Running(place, config, TRIGLOT_ADMIN_TOKEN=TOKEN)
        try:
            service.wait_until_ready()
            yield service, port
        finally:
            service.close()


@pytest.fixture(scope="module")
def found(both: tuple[Running, int]) -> dict[str, Any]:
    """Hold what the client got, call by call."""
    answers: dict[str, Any] = triton(f"127.0.0.1:{both[1]}", TOKEN)
    return answers


def test_the_messages_have_the_names_numbers_and_types_of_the_client_s_own() -> None:
    theirs = triton("--fields")
    wrong = []
    waiting = [message.DESCRIPTOR for message in messages.CLASSES.values()]
    while waiting:
        ours = waiting.pop()
        waiting += ours.nested_types
        for field in ours.fields:
            told = [field.name, field.number, field.type, field.message_type.full_name if field.message_type else ""]
            if told not in theirs[ours.full_name]:
                wrong.append((ours.full_name, told))
    assert not wrong


def test_health_is_told(found: dict[str, Any]) -> None:
    names = ("live", "ready", "model_ready", "model_ready_version")
    assert [found[name] for name in names] == [True] * 4
    assert found["model_ready_unknown"]["status"] == "StatusCode.NOT_FOUND"


def test_metadata_name_columns_and_outputs(found: dict[str, Any]) -> None:
    assert {"model_repository", "statistics", "classification"} <= set(found["server"]["extensions"])
    assert [each["name"] for each in found["model"]["inputs"]] == list(FLOWER)
    assert [each["name"] for each in found["model"]["outputs"]] == ["predict", "predict_proba"]
    assert "no model 'rose' is active" in found["model_unknown"]["error"]


@pytest.mark.parametrize(
    "name", ["infer", "infer_version", "infer_columns", "infer_parameters", "infer_gzip", "infer_deflate"]
)
def test_rows_are_answered(found: dict[str, Any], name: str) -> None:
    assert found[name]["arrays"]["predict"] == LABELS
    assert found[name]["shapes"] == {"predict": [2, 1], "predict_proba": [2, 3]}
    assert found[name]["model"] == ["iris", "1"]
    assert found[name]["id"] == ("my-id 42/ü" if name == "infer" else "")


def test_answers_are_those_of_http(both: tuple[Running, int], found: dict[str, Any]) -> None:
    shares = both[0].post("/models/iris/predict_proba", [FLOWER]).result
    assert found["infer_output"]["arrays"]["predict_proba"][:3] == pytest.approx(shares[0])
    assert list(found["infer_output"]["arrays"]) == ["predict_proba"]
    assert found["asynchronous"]["infer"]["arrays"]["predict"] == LABELS


def test_the_best_classes_are_told(found: dict[str, Any]) -> None:
    assert found["infer_best"]["shapes"] == {"predict_proba": [2, 2]}
    assert found["infer_best"]["arrays"]["predict_proba"][0].endswith(":0:Iris-setosa")


@pytest.mark.parametrize(
    "dtype", ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
)
def test_numbers_of_any_datatype_are_taken(found: dict[str, Any], dtype: str) -> None:
    assert "arrays" in found[dtype], found[dtype]
    if np.dtype(dtype).kind == "f":
        assert found[dtype]["arrays"]["predict"] == LABELS


def test_many_requests_in_flight_get_their_own_answers(found: dict[str, Any]) -> None:
    assert found["in_flight"] == [str(number) for number in range(40)]


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("unknown_model", "NOT_FOUND", "no model 'rose' is active"),
        ("unknown_version", "NOT_FOUND", "version '9' of model 'iris' does not answer"),
        ("unknown_output", "INVALID_ARGUMENT", "field 'no': is no output"),
        ("wrong_columns", "INVALID_ARGUMENT", "has shape [2, 3]"),
        ("too_late", "DEADLINE_EXCEEDED", ""),
        ("load_stranger", "UNAUTHENTICATED", "authorization: Bearer TOKEN"),
        ("load_wrong_token", "UNAUTHENTICATED", "authorization: Bearer TOKEN"),
        ("load_unknown", "NOT_FOUND", "rose"),
        ("load_config", "INVALID_ARGUMENT", "'config'"),
        ("config", "UNIMPLEMENTED", "offered are ServerLive"),
        ("trace", "UNIMPLEMENTED", "offered are ServerLive"),
    ],
)
def test_errors_are_the_statuses_that_clients_know(found: dict[str, Any], name: str, status: str, text: str) -> None:
    assert found[name]["status"] == f"StatusCode.{status}", found[name]
    assert text in found[name]["error"]


def test_models_are_unloaded_and_loaded(found: dict[str, Any]) -> None:
    assert found["index"]["models"] == [{"name": "iris", "version": "1", "state": "READY"}]
    assert (found["load"], found["unload"], found["load_again"]) == (None, None, None)
    assert found["unloaded"] is False or found["unloaded"]["status"] == "StatusCode.NOT_FOUND"


def test_what_came_by_either_way_is_counted_together(both: tuple[Running, int], found: dict[str, Any]) -> None:
    service, _ = both
    (by_grpc,) = found["statistics"]["model_stats"]
    service.post("/models/iris/predict", [FLOWER] * 3)
    (by_http,) = service.get("/v2/models/iris/stats").body["model_stats"]
    assert by_http["inference_count"] >= int(by_grpc["inference_count"]) + 3 > 80


def test_a_killed_process_is_replaced_and_the_port_goes_on(both: tuple[Running, int]) -> None:
    service, _ = both
    killed = service.pid("grpc:grpc-0")
    os.kill(killed, signal.SIGKILL)
    until(lambda: service.pid("grpc:grpc-0") not in (0, killed))
    assert not descendants(killed)
    service.wait_until_ready()


def test_a_port_that_is_taken_or_cannot_be_is_refused_before_anything_starts(both: tuple[Running, int]) -> None:
    _, taken = both
    with folder() as place:
        for server, told in (
            (
                {"grpc_port": taken, "port": free_port()},
                f"port {taken}: Address already in use; choose another grpc_port",
            ),
            ({"grpc_port": 8000, "port": 8000}, "8000 is the port of HTTP"),
            ({"grpc_port": "x"}, "write a whole number from 1 to 65535"),
        ):
            config = configured(place, **server)
            done = quick("-c", str(config), "serve", cwd=place)
            assert (done.returncode, told in done.stderr) == (1, True), done.stderr


def test_a_service_whose_predictions_decorators_guard_has_no_way_round_them() -> None:
    with folder() as place:
        config = configured(place, grpc_port=free_port())
        config.write_text(
            config.read_text().replace("'models'", "'predict_decorators': ['flask.copy_current'], 'models'", 1)
        )
        done = quick("-c", str(config), "supervisor-config", cwd=place)
        assert done.returncode == 1
        assert "predict_decorators wrap routes of HTTP and would not guard gRPC" in done.stderr


def test_it_stops_in_order(both: tuple[Running, int]) -> None:
    service, _ = both
    assert service.stop() == 0
    assert "Traceback" not in service.said()
