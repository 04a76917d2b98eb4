"""Clients that others wrote for other servers, unchanged, against a real service."""

import functools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import python_of
from tests.functional.running import Running
from tests.helpers import PATIENCE_S, require, require_r_package
from tests.reading import blocks
from triglot import __version__

CLIENTS = Path(__file__).parents[1] / "clients"
IRIS = ["Iris-setosa", "Iris-versicolor"]
PROBABILITIES = [f".pred_Iris-{each}" for each in ("setosa", "versicolor", "virginica")]

DOCUMENT = Path(__file__).parents[2] / "docs" / "clients.md"


def test_the_document_names_the_versions_of_the_clients_that_are_asked_here() -> None:
    pinned = dict(re.findall(r"(?m)^(.+)==(.+)$", (CLIENTS / "requirements" / "clients.txt").read_text("ascii")))
    told = re.findall(r"(?m)^\| `([a-z-]+)` ([0-9.]+)[ ,]", DOCUMENT.read_text("utf-8"))

    assert {client for client, _ in told} >= {"kserve", "mlflow-skinny", "vetiver"}
    assert [(client, version) for client, version in told if pinned[client] != version] == []


@functools.cache
def _said(program: str, *command: str) -> dict[str, Any]:
    """Return what a program of clients printed; each is run once for all tests of this file."""
    run = subprocess.run([program, *command], capture_output=True, text=True, timeout=PATIENCE_S)
    assert run.returncode == 0, run.stderr
    said: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return said


def _url(service: Running) -> str:
    return f"http://127.0.0.1:{service.port}"


def _mlflow(service: Running) -> dict[str, Any]:
    return _said(str(python_of("mlflow-skinny")), str(CLIENTS / "mlflow_calls.py"), str(service.port))


@pytest.mark.parametrize(
    "data",
    ["frame", "other order and another column", "array", "list", "records", "instances", "columns", "no params"],
)
def test_mlflows_client_gets_a_prediction_for_each_row(service: Running, data: str) -> None:
    assert _mlflow(service)[data] == IRIS


def test_mlflows_client_waits_asks_for_the_version_and_is_told_what_does_not_fit(service: Running) -> None:
    said = _mlflow(service)

    assert said["version"] == __version__
    for case, status, reason in (
        ("unknown params", 400, "field 'k': is no argument"),
        ("missing column", 400, "field 'sepal length': is missing"),
        ("gap", 400, "row 0, field 'sepal width': must not be null"),
    ):
        assert f"error code {status}" in said[case]
        assert reason in said[case]


def _vetiver(service: Running) -> dict[str, Any]:
    url = f"{_url(service)}/vetiver/iris-python"
    return _said(str(python_of("vetiver")), str(CLIENTS / "vetiver_calls.py"), url)


def test_vetivers_client_in_python_gets_a_frame(service: Running) -> None:
    said = _vetiver(service)

    for data in ("frame", "named rows and another column", "list", "headers"):
        assert said[data] == {".pred_class": IRIS}
    assert said["series"] == said["dict"] == {".pred_class": IRIS[:1]}
    assert list(said["probabilities"]) == PROBABILITIES


def test_vetivers_client_in_python_shows_which_column_does_not_fit(service: Running) -> None:
    said = _vetiver(service)

    assert said["missing column"].startswith("TypeError: ")
    assert "field 'sepal length': is missing" in said["missing column"]
    assert "row 0, field 'sepal width': must not be null" in said["gap"]


def _r(service: Running) -> dict[str, Any]:
    require("r")
    for package in ("httr", "jsonlite"):
        if subprocess.run(["Rscript", "-e", f"packageVersion('{package}')"], capture_output=True).returncode:
            require_r_package(package)
    return _said("Rscript", str(CLIENTS / "vetiver_calls.R"), _url(service))


@pytest.mark.parametrize("data", ["frame", "named_rows", "other_column", "basic", "key", "json"])
def test_vetivers_requests_from_r_are_answered_as_a_column_of_classes(service: Running, data: str) -> None:
    assert _r(service)[data] == {".pred_class": IRIS}


def test_vetivers_requests_from_r_may_be_of_one_row_of_none_and_of_factors(service: Running) -> None:
    said = _r(service)

    assert said["one_row"] == {".pred_class": IRIS[:1]}
    assert said["no_rows"] == 0
    assert said["probabilities"] == [name.replace("-", ".") for name in PROBABILITIES]  # by as.data.frame of R
    teeth = [{"supp": "VC", "dose": 0.5}, {"supp": "OJ", "dose": 1}]
    assert said["factor"][".pred"] == pytest.approx(service.post("/models/tooth-r/predict", teeth).result)


def test_vetivers_requests_from_r_are_refused_with_a_message_that_names_the_column(service: Running) -> None:
    said = _r(service)

    assert "field 'sepal length': is missing" in said["missing_column"]
    assert "row 0, field 'sepal width': must not be null" in said["gap"]
    assert "'water' is none of the levels 'OJ', 'VC'" in said["level"]
    assert "'rose'" in said["unknown"]


def test_kserves_client_of_the_first_protocol_gets_predictions_and_reasons(service: Running) -> None:
    said = _said(str(python_of("kserve")), str(CLIENTS / "kserve_v1_calls.py"), _url(service))

    assert (said["live"], said["ready"]) == (True, True)
    assert said["lists"] == said["objects"] == {"predictions": IRIS}
    assert "instances must be a list of rows" in said["no list"]
    assert "field 'sepal width': is missing" in said["missing column"]
    assert "'rose'" in said["unknown"]


@pytest.mark.parametrize(
    ("document", "program", "client"),
    [
        ("docs/clients.md", "ask-mlflow.py", "mlflow-skinny"),
        ("docs/clients.md", "ask-vetiver.py", "vetiver"),
        ("docs/clients.md", "ask-kserve.py", "kserve"),
        ("docs/open-inference.md", "ask-triton.py", "tritonclient"),
        ("docs/open-inference.md", "ask-kserve.py", "kserve"),
    ],
)
def test_the_programs_of_the_documents_print_what_stands_behind_each_print(
    service: Running, tmp_path: Path, document: str, program: str, client: str
) -> None:
    (text,) = [block.text for block in blocks(document) if block.file == program]
    file = tmp_path / program
    file.write_text(text.replace(":8000", f":{service.port}").replace(", 8000", f", {service.port}"), "utf-8")

    run = subprocess.run([str(python_of(client)), str(file)], capture_output=True, text=True, timeout=PATIENCE_S)

    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == re.findall(r"(?m)^print\(.*\)  # (.*)$", text) != []
