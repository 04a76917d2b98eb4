"""The tables of docs/palladium.md: every feature has a row, every row a test that is there, every name a module."""

import ast
import functools
import importlib
import re
from pathlib import Path

import pytest

from tests.palladium.promises import AS_IT_IS, NOT_KEPT, told
from tests.palladium.test_names import PAIRS
from triglot.aliases import install

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "palladium.md"

# What must have a row, word for word as its users know it.
FEATURES = {
    "Configuration": "PALLADIUM_CONFIG environ here ! __factory__ __copy__ __default__ __python__ initialize_component "
    "__pld_config_key__ get_config initialize_config args_from_config logging palladium",
    "Dataset loaders": "CSV Table SQL OpenML EmptyDatasetLoader ScheduledDatasetLoader",
    "Models": "Model PredictError annotate scriptname funcname palladium.R.DatasetLoader ClassificationModel "
    "RegressionModel encode_labels Rpy2Transform fit_kwargs quit()",
    "Commands": "--help pld-fit scoring --save-if-better-than --no-activate --no-save pld-test pld-grid-search "
    "--save-results --persist-best with_parallel_backend cv pld-list pld-admin pld-upgrade pld-export pld-stream "
    "pld-devserver pld-dockerize -d pld-version",
    "Stores of models": "active-model File FileLike Rest S3 Database DatabaseCLOB CachedUpdatePersister",
    "HTTP": "/predict /alive /list palladium.wsgi:app mapping params entry_point unwrap_sample PredictService "
    "create_predict_function PredictError N/A process_store_required add_url_rule fit activate update_model_cache /fit "
    "predict_decorators alive_ list_decorators activate_ server_fit_ update_model_cache_decorators fit_ load_data_ "
    "write_model_decorators read_model_decorators update_model_decorators update_data_decorators "
    "get_metadata_decorators",
    "Utilities": "diskcache picklediskcache compute_key_attrs RruleThread process_store mtime Partial apply_kwargs "
    "timer session_scope palladium.fit.fit grid_search palladium.eval.test PredictStream process_config UpgradeSteps "
    "run_smoke_tests_with_config",
}
WEAKNESSES = 25


@functools.cache
def tables() -> dict[str, list[list[str]]]:
    """Return the rows of each table of the document, cell by cell, under the heading before it."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in DOCUMENT.read_text("utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("| "):
            found.setdefault(heading, []).append([cell.strip() for cell in line.strip("|").split(" | ")])
    return {heading: rows[1:] for heading, rows in found.items()}


@functools.cache
def functions(path: Path) -> set[str]:
    """Return the names of the functions of a module."""
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("heading", FEATURES)
def test_every_feature_has_a_row(heading: str) -> None:
    named = {name for row in tables()[heading] for name in re.findall(r"`([^`]+)`", " ".join(row[:2]))}
    words = named | {word for name in named for word in name.split()}
    assert set(FEATURES[heading].split()) <= words


@pytest.mark.parametrize("heading", [*FEATURES, "What was weak"])
def test_every_row_names_a_test_that_is_there(heading: str) -> None:
    rows = tables()[heading]
    assert len(rows) >= (WEAKNESSES if heading == "What was weak" else 5)
    for row in rows:
        proof = re.fullmatch(r"`(\S+\.py)::(test_\w+)`", row[-1])
        assert proof, row
        assert proof[2] in functions(TESTS / proof[1]), row


def test_every_promise_of_palladiums_tests_is_held_by_a_test_that_is_there_or_is_said_not_to_be_kept() -> None:
    said = told()
    assert len({test for test, _ in said}) == len(said) > 250
    for test, here in said:
        proof = re.search(r"`(\S+\.py)::(test_\w+)`", here)
        assert proof or here == AS_IT_IS or here.startswith(NOT_KEPT), test
        assert here.startswith(NOT_KEPT) or here == AS_IT_IS or (proof and proof[0] == here), test
        assert proof is None or proof[2] in functions(TESTS / proof[1]), here


def test_every_name_is_told_and_can_be_imported() -> None:
    install()
    named = {(module.strip("`"), name) for module, names in tables()["Names"] for name in re.findall(r"`(\w+)`", names)}
    assert named == {(f"palladium.{module}", name) for module, name in PAIRS} | {
        ("palladium.server", "app"),
        ("palladium.wsgi", "app"),
    }
    for module, name in named:
        assert name == "app" or hasattr(importlib.import_module(module), name), f"{module}.{name}"
