"""The R runtime, driven for real in processes of its own; what is written in R is tested in R beside it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import PATIENCE_S

HERE = Path(__file__).parent / "r"
Seen = dict[str, Any]
Drive = Callable[..., Seen]

# A laptop may lack R; the machine that guards the branch may not.
pytestmark = pytest.mark.skipif(shutil.which("R") is None and not os.environ.get("CI"), reason="R is not installed")


def run(group: str, *args: str, environ: dict[str, str] | None = None) -> Seen:
    done = subprocess.run(
        [sys.executable, str(HERE / "drive.py"), group, *args],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, **(environ or {})},
    )
    assert done.returncode == 0, done.stderr
    seen: Seen = json.loads(done.stdout)
    return seen


@pytest.fixture(scope="module")
def blob(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("r") / "forest")


@pytest.fixture(scope="module")
def forest(blob: str) -> Seen:
    return run("forest", blob)


@pytest.fixture(scope="module")
def tooth() -> Seen:
    return run("tooth")


@pytest.fixture(scope="module")
def data() -> Seen:
    return run("data")


@pytest.fixture(scope="module")
def failures() -> Seen:
    return run("failures")


@pytest.fixture(scope="module")
def towns() -> Seen:
    return run("unseen")


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return run("drawing", str(tmp_path_factory.mktemp("drawing")))


def test_the_r_files_pass_their_own_tests() -> None:
    done = subprocess.run(["Rscript", str(HERE / "run.R")], capture_output=True, text=True, timeout=4 * PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout


def test_a_forest_answers_codes_in_class_order(forest: Seen) -> None:
    assert forest["dtype"] == "int32"
    assert np.mean(np.array(forest["answers"]) == forest["truth"]) > 0.99


def test_probabilities_come_one_column_a_class(forest: Seen) -> None:
    shares = np.array(forest["shares"])
    assert shares.shape == (150, 3)
    assert np.allclose(shares.sum(axis=1), 1)
    assert (shares.argmax(axis=1) == forest["truth"]).mean() > 0.99


def test_a_seed_makes_a_fit_repeatable(forest: Seen) -> None:
    assert forest["same_seed_same_model"]


def test_parameters_of_a_request_are_named_arguments_of_predict(forest: Seen) -> None:
    assert sum(forest["shares"][0]) == 1
    assert max(forest["votes"][0]) <= 1


def test_versions_name_what_the_model_needs(forest: Seen) -> None:
    assert forest["versions"]["language"].count(".") == 2
    assert forest["versions"]["randomForest"]
    assert forest["versions"]["attached"] == "randomForest"
    assert "stats" not in forest["versions"]


def test_a_model_is_described_by_its_classes(forest: Seen, tooth: Seen) -> None:
    assert forest["describe"]["native_class"] == "randomForest"
    assert forest["describe"]["predict_proba"] is True
    assert tooth["describe"]["native_class"] == "lm"
    assert tooth["describe"]["predict_proba"] is False


def test_no_rows_give_no_answers(forest: Seen) -> None:
    assert forest["empty"] == [[0], [0, 3]]


def test_a_fresh_process_without_the_authors_folder_answers_the_same(forest: Seen, blob: str) -> None:
    again = run("reload", blob)
    assert again["shares"] == forest["shares"]
    assert "cannot be loaded here: nowhere 1.0" in again["without_package"]["message"]
    assert again["damaged"]["code"] == "estimator-failed"


def test_a_formula_over_a_factor_answers_every_row_for_itself(tooth: Seen) -> None:
    assert tooth["shape"] == [60]
    assert tooth["residual"] < 900
    low, middle, high = tooth["doses"]
    assert low < middle < high
    assert tooth["loaded_is_equal"]


def test_several_outputs_come_as_a_matrix(tooth: Seen) -> None:
    assert tooth["bands"] == [3, 3]


@pytest.mark.parametrize("fit", ["fit", "fit_factor", "fit_tree"])
def test_text_that_a_model_has_made_a_factor_of_and_does_not_know_is_the_callers_fault(towns: Seen, fit: str) -> None:
    assert towns[fit]["code"] == "bad-request"
    assert towns[fit]["message"] == (
        "the rows do not fit the model; field 'home town': 'Atlantis', 'Ys' are none of the levels 'Bern', 'Köln'"
    )


def test_levels_that_an_authors_own_code_has_put_in_are_the_authors_fault(towns: Seen) -> None:
    assert towns["fit_own"]["code"] == "estimator-failed"
    assert "Atlantis" in towns["fit_own"]["message"]


def test_a_regression_has_no_probabilities(tooth: Seen) -> None:
    assert tooth["proba"]["code"] == "bad-request"


def test_an_author_sees_rs_own_types_under_the_tables_names(data: Seen) -> None:
    assert [line.strip() for line in data["plain"][:9]] == [
        "a b: c(1.5, NA, NaN)",
        "single: c(1, 2, 3)",
        "small: c(1L, NA, -3L)",
        "large: c(1, 2147483648, 3)",
        "lowest: c(-2147483648, 2, 3)",
        "flag: c(TRUE, NA, FALSE)",
        'text: c("Zürich", NA, "Zürich")',
        'kind: structure(c(2L, NA, 2L), levels = c("x", "y", "z"), class = "factor")',
        'rank: structure(c(2L, 1L, NA), levels = c("low", "high"), class = c("ordered", "factor"))',
    ]


def test_parameters_of_the_configuration_become_vectors_and_lists(data: Seen) -> None:
    assert data["plain"][9:17] == [
        "n= 5L",
        "ratio= 0.5",
        "flags= c(TRUE, NA)",
        "mixed= c(1, 2.5, NA)",
        'deep= list(a = "b", c = list(1L, "d"))',
        "empty= list()",
        "none= NULL",
        "big= 1099511627776",
    ]


def test_data_survive_a_collection_at_every_allocation(data: Seen) -> None:
    assert data["tortured"] == data["plain"]


def test_the_target_is_a_factor_or_codes_as_the_author_wishes(data: Seen) -> None:
    as_factor, as_codes = data["targets"]
    assert as_factor.strip() == 'y: structure(c(1L, 2L, 1L), levels = c("b", "a"), class = "factor")'
    assert as_codes.strip() == "y: c(0L, 1L, 0L)"


def test_x_can_be_a_matrix_with_column_names(data: Seen) -> None:
    mixed, whole, holes, doubles = data["matrices"]
    assert "c(1, 2, 1, 0), dim = c(2L, 2L)" in mixed
    assert 'structure(1:4, dim = c(2L, 2L), dimnames = list(NULL, c("a", "b")))' in whole
    assert "c(1L, NA)" in holes
    assert "c(6.3, 5.1, 3.3, 3.8, 6, 1.5, 2.5, 0.3)" in doubles
    assert "column 'text'" in data["text_in_matrix"]["message"]


def test_text_that_r_cannot_hold_is_the_callers_fault(data: Seen) -> None:
    assert data["nul"]["code"] == "bad-request"
    assert "column 't'" in data["nul"]["message"]


def test_a_failure_carries_message_class_and_the_authors_calls(failures: Seen) -> None:
    error = failures["fit_stop"]
    assert error["message"] == "too few rows: 150"
    assert error["native_class"] == "simpleError"
    assert error["traceback"].splitlines()[1:] == ["2: broken(x) at flip.R#8", "1: fit_stop(x, y)"]
    assert error["traceback"].startswith("3: stop(")


def test_a_script_with_a_syntax_error_is_told_with_file_and_line(failures: Seen) -> None:
    assert failures["broken"]["message"].startswith("broken.R:2:6: unexpected '*'")


def test_what_is_missing_is_told_with_what_there_is(failures: Seen) -> None:
    assert failures["nobody"]["code"] == "bad-request"
    assert "no function 'nobody'; it defines broken, fit," in failures["nobody"]["message"]
    assert "name one of the stored files: b.R" in failures["no_script"]["message"]


def test_quit_and_endless_recursion_are_errors(failures: Seen) -> None:
    assert "quit() was called" in failures["fit_quit"]["message"]
    assert "nested too deeply" in failures["fit_deep"]["message"]
    assert "C stack usage" in failures["fit_deeper"]["message"]


def test_answers_that_are_no_answers_are_refused(failures: Seen) -> None:
    assert "'nobody' for row 1, which is none of the classes" in failures["unknown"]["message"]
    assert "NA for rows 1" in failures["missing"]["message"]
    assert "1 answers for 150 rows" in failures["short"]["message"]


def test_output_and_warnings_are_kept_until_they_are_taken(failures: Seen) -> None:
    assert failures["output"] == "fitting 150 rows\na message\n"
    assert failures["warned"] == [[0, 0], ["rows: 150"], []]


def test_two_scripts_with_the_same_names_do_not_touch_each_other(failures: Seen) -> None:
    assert failures["two_scripts"] == [1, 0, 1]


def test_a_running_call_can_be_interrupted_and_r_stays_good(failures: Seen) -> None:
    assert failures["interrupted"]["native_class"] == "interrupt"
    assert failures["after"] == [1, 1]


def test_a_model_that_plots_leaves_no_file(drawing: Seen) -> None:
    assert drawing["files"] == []


def test_functions_of_the_script_answer_for_a_model_of_which_nothing_is_known(drawing: Seen) -> None:
    assert drawing["answers"] == [[1, 1], [1, 1]]
    assert drawing["shares"] == [[1 / 3, 1 / 3, 1 / 3]]
    assert drawing["describe"]["native_classes"] == ["odd", "glm"]
    assert drawing["describe"]["predict_proba"] is True


def test_three_thousand_predictions_leave_memory_flat() -> None:
    warm, after = run("leak")["sizes"]
    assert after < 1.02 * warm


def test_no_second_r_is_started_to_ask_where_libraries_are() -> None:
    if version("rpy2") >= "3.6":
        pytest.skip("an rpy2 before 3.6 sets the path of libraries")
    seen = run("start_alone")
    asked = ["R", "CMD", "sh", "-c", 'printf %s "$LD_LIBRARY_PATH"']
    libraries = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
    assert libraries
    assert seen["libraries"].startswith(libraries)
    assert "Rscript" not in seen["programs"]


def test_r_is_refused_outside_the_main_thread() -> None:
    assert run("off_thread")["code"] == "language-unavailable"


def test_a_host_without_r_is_told_what_to_do(tmp_path: Path) -> None:
    absent = run("absent", environ={"PATH": str(tmp_path), "TRIGLOT_R_HOME": ""})
    assert absent["code"] == "language-unavailable"
    assert "R is not on the PATH" in absent["message"]
    wrong = run("absent", environ={"TRIGLOT_R_HOME": str(tmp_path)})
    assert "no lib/libR.so" in wrong["message"]
