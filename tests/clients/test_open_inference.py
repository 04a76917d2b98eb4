"""Clients of the Open Inference Protocol, as others wrote them, against a service as users start it."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import python_of
from tests.functional.running import Running, folder, quick
from tests.helpers import PATIENCE_S
from tests.server.v2.conftest import COLUMNS, ROWS

HERE = Path(__file__).parent
CONFIG = HERE / "open-inference-config.py"
TOKEN = "a token that only this operator knows"
CLASSES = ["Iris-setosa", "Iris-versicolor"]
DTYPES = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]

Said = dict[str, Any]


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(folder())
        fitted = quick("-c", str(CONFIG), "fit", cwd=place, PYTHONPATH=str(HERE))
        assert fitted.returncode == 0, fitted.stderr
        made = Running(place, CONFIG, "--workers=python=1", TRIGLOT_ADMIN_TOKEN=TOKEN, PYTHONPATH=str(HERE))
        stack.callback(made.close)
        made.wait_until_ready()
        yield made


def answers(client: str, script: str, *arguments: str) -> Said:
    """Return what a script of calls printed, run by the Python of a client."""
    command = [str(python_of(client)), str(HERE / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    found: Said = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def shares(service: Running) -> list[float]:
    """The probabilities of the two rows, as the service's own route has them."""
    rows = [dict(zip(COLUMNS, ROWS[start : start + 4], strict=True)) for start in (0, 4)]
    return [share for row in service.post("/models/iris/predict_proba", rows).result for share in row]


@pytest.fixture(scope="module")
def triton(service: Running, shares: list[float]) -> Said:
    """What tritonclient got; it unloads the model and loads it again."""
    return answers("tritonclient", "triton_calls.py", f"127.0.0.1:{service.port}", TOKEN)


@pytest.fixture(scope="module")
def kserve(service: Running, triton: Said) -> Said:
    """What KServe's client got, once the other has loaded again what it unloaded."""
    return answers("kserve", "kserve_calls.py", f"127.0.0.1:{service.port}")


# --- tritonclient


def test_triton_s_client_finds_the_service_live_and_its_models_ready(triton: Said) -> None:
    health = {"live": True, "ready": True, "model": True, "version": True, "other version": False, "unknown": False}
    assert triton["health"] == health
    assert triton["aio"]["health"] == [True, True, True]


def test_triton_s_client_reads_the_metadata(triton: Said) -> None:
    found = triton["metadata"]
    known = {"binary_tensor_data", "classification", "parameters", "statistics", "model_repository"}
    assert set(found["server"]["extensions"]) == known
    assert found["model"] == found["version"] == triton["aio"]["metadata"][1]
    assert [tensor["name"] for tensor in found["model"]["inputs"]] == list(COLUMNS)
    assert [found[name]["status"] for name in ("other version", "unknown")] == ["404", "404"]


def test_triton_s_client_infers_however_it_sends_and_wants(triton: Said, shares: list[float]) -> None:
    assert len(triton["pairs"]) == 6
    for found in (*triton["pairs"].values(), triton["aio"]["binary"], triton["aio"]["json"]):
        assert found["arrays"] == {"predict": CLASSES, "predict_proba": shares}
        assert found["shapes"] == {"predict": [2, 1], "predict_proba": [2, 3]}


def test_triton_s_client_sends_every_datatype_of_numbers(triton: Said) -> None:
    found = triton["datatypes"]
    assert set(found) == {*DTYPES, *(f"{dtype} JSON" for dtype in DTYPES if dtype != "float16")}
    assert len({json.dumps(answer["arrays"]) for answer in found.values()}) == 1


def test_triton_s_client_asks_a_model_of_mixed_columns(triton: Said) -> None:
    for found in triton["mixed"]:
        assert found["arrays"] == {"predict": [1.5 + 400 + 1_000 + 0.25, 2.5 + 300 + 2_000]}


def test_triton_s_client_says_id_version_parameters_and_classification(triton: Said, shares: list[float]) -> None:
    found = triton["options"]
    assert found["id"]["response"]["id"] == "my-id 42/ü"
    for name in ("version", "parameters", "query", "columns"):
        assert found[name]["arrays"] == {"predict": CLASSES, "predict_proba": shares}
    assert found["other version"]["status"] == "404"
    assert found["best"]["shapes"] == {"predict_proba": [2, 2]}
    assert found["best"]["arrays"]["predict_proba"][0] == f"{shares[0]:.6f}:0:Iris-setosa"
    assert found["best as JSON"]["shapes"] == {"predict_proba": [2, 3]}
    assert found["no rows"]["shapes"] == {"predict": [0, 1], "predict_proba": [0, 3]}


def test_triton_s_client_compresses_both_ways(triton: Said, shares: list[float]) -> None:
    assert len(triton["codings"]) == 9
    for found in triton["codings"].values():
        assert found["arrays"] == {"predict": CLASSES, "predict_proba": shares}


def test_triton_s_client_has_forty_requests_in_flight(triton: Said) -> None:
    assert triton["many"] == [str(number) for number in range(40)]
    assert triton["aio"]["many"] == [str(number) for number in range(8)]


def test_triton_s_client_reads_every_error(triton: Said) -> None:
    for name, found in triton["errors"].items():
        assert found["status"] == ("404" if name in ("unknown model", "name with a slash") else "400")
        assert "exception occurred" not in found["error"]
    assert "field 'petal length': must be a finite number" in triton["errors"]["infinity in JSON"]["error"]
    assert triton["aio"]["unknown"]["status"] == "404"
    for found in triton["nothing_here"].values():
        assert found["status"] == "404"
        assert "there is no route" in found["error"]


def test_triton_s_client_lists_unloads_and_loads(triton: Said) -> None:
    found = triton["repository"]
    ready = [{"name": name, "version": "1", "state": "READY"} for name in ("iris", "people")]
    assert found["index"] == triton["aio"]["index"] == ready
    assert [error["status"] for error in found["nobody may"]] == ["401", "401"]
    assert (found["unknown"]["status"], found["files"]["status"]) == ("404", "400")
    index, health, error = found["unloaded"]
    assert index == [{"name": "iris", "version": "1", "state": "UNAVAILABLE", "reason": "not active"}, ready[1]]
    assert (health["ready"], health["model"], error["status"]) == (True, False, "404")
    index, health = found["loaded"]
    assert (index, health["model"]) == (ready, True)


# --- KServe's client


def test_kserve_s_client_finds_the_service_live_and_its_models_ready(kserve: Said) -> None:
    assert (kserve["live"], kserve["ready"], kserve["model"]) == (True, True, True)
    assert kserve["unknown model"] is False


def test_kserve_s_client_infers_however_it_sends_and_wants(kserve: Said, shares: list[float]) -> None:
    for name in ("dict", "json", "bytes", "answer in bytes"):
        assert kserve[name]["arrays"] == {"predict": CLASSES, "predict_proba": shares}
        assert kserve[name]["model"] == "iris"
    for name in ("fp16", "fp32"):
        assert kserve[name]["arrays"]["predict"] == CLASSES
    assert kserve["json"]["id"] == "a-17"


def test_kserve_s_client_shows_the_text_of_an_error(kserve: Said) -> None:
    assert (kserve["unknown"]["status"], kserve["wrong"]["status"]) == (404, 400)
    assert "no model 'nobody' is active" in kserve["unknown"]["error"]
    assert "field 'petal width': must be a number, not 'x'" in kserve["wrong"]["error"]
