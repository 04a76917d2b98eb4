"""The Julia runtime as authors and workers see it, in processes of their own (`julia/drive.py`)."""

import atexit
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from tests.helpers import PATIENCE_S
from triglot.errors import LanguageUnavailable
from triglot.languages.julia import julia_executable
from triglot.languages.launch import worker_environment
from triglot.workers.julia.interpreter import OPTIMISATION, find
from triglot.workers.julia.runtime import JuliaRuntime

HERE = Path(__file__).parent / "julia"
Seen = dict[str, Any]


@cache
def unavailable() -> str:
    try:
        find(os.environ)
    except LanguageUnavailable as error:
        return str(error)
    return ""


@pytest.fixture(autouse=True)
def _julia() -> None:
    """Skip without Julia on a laptop; fail where TRIGLOT_REQUIRE says that it must be there."""
    if reason := unavailable():
        (pytest.fail if "julia" in os.environ.get("TRIGLOT_REQUIRE", "").split() else pytest.skip)(reason)


def run(*command: str | Path, **settings: str) -> str:
    environ = {**os.environ, **settings}
    environ |= worker_environment("julia", environ)
    done = subprocess.run(
        [str(part) for part in command],
        env=environ,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def blob() -> Path:
    folder = Path(mkdtemp(prefix="triglot-julia-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / "iris.blob"


@cache
def drive(*groups: str, **settings: str) -> Seen:
    """Return what these groups saw, one after the other, in one Julia."""
    lines = run(sys.executable, HERE / "drive.py", blob(), *groups, **settings).splitlines()
    seen: Seen = json.loads(lines[-1])
    return {**seen, "stdout": lines[:-1]}


def shared() -> Seen:
    return drive("calls", "iris", "data", "labels", "failures", "packages")


def lean() -> Seen:
    """Where the load path does not lead to Julia's own packages."""
    return drive("standard_library", "late_fit", "memory", JULIA_LOAD_PATH="@")


def reading() -> Seen:
    """In a Julia that has never fitted what it reads."""
    shared()
    lean()
    return drive("reload", "late_load", "leaving")


def test_julias_own_tests_pass() -> None:
    julia = julia_executable(os.environ)
    assert julia is not None
    assert "Test Summary" in run(julia, "--startup-file=no", "--compile=min", HERE / "runtests.jl")


def test_iris_is_classified_and_an_artefact_answers_as_before() -> None:
    seen = shared()["iris"]
    assert seen["dtype"] == "int32"
    assert seen["correct"] > 0.93
    assert seen["shares"] == [150, 3]
    assert sum(a == b for a, b in zip(seen["most_likely"], seen["answer"], strict=True)) == 150
    assert seen["after_load"] == seen["answer"]
    assert seen["one_row"] == seen["answer"][3:4]
    assert seen["no_rows"] == [0]


def test_a_model_is_described_in_the_authors_own_words() -> None:
    seen = shared()["iris"]
    compiled = seen["described"].pop("compile_seconds")
    assert seen["described"] == {"native_class": "IrisNeighbours.Neighbours", "predict_proba": True, "beyond": []}
    assert compiled > 0
    assert seen["versions"]["language"].count(".") == 2
    assert shared()["ready_s"] < 20


def test_another_process_reads_the_artefact() -> None:
    answer = shared()["iris"]["answer"]
    seen = reading()["reload"]
    assert seen["answer"] == answer
    assert seen["still"] == answer


def test_an_artefact_is_refused_with_other_sources_or_an_older_julia() -> None:
    seen = reading()["reload"]
    assert "other source files" in seen["edited"]["message"]
    assert "cannot read it" in seen["later"]["message"]
    assert "cannot read it" in seen["other_major"]["message"]
    assert "cannot read the stored model" in seen["cut"]["message"]
    assert "holds no Julia model" in seen["foreign"]["message"]


def test_predict_sees_the_callers_memory_and_fit_its_own_copy() -> None:
    seen = shared()["data"]
    assert seen["received"] == seen["given"]
    assert seen["remembered"] == seen["sum"]
    assert seen["echoed"] is True


def test_a_matrix_has_the_type_of_its_table() -> None:
    seen = shared()["data"]
    matrix, vector = r"(Array\{Float64,2\}|Matrix\{Float64\})", r"(Array\{Float64,1\}|Vector\{Float64\})"
    assert re.fullmatch(rf"ArgumentError: {matrix} after \1 and {vector}", seen["matrix"])
    assert "{Int64" in seen["integers"]
    assert "{Float32" in seen["float32"]


def test_a_fitted_value_may_be_a_function_or_a_number_and_is_read_again_and_again() -> None:
    seen = shared()["data"]
    assert len(set(seen["closures"])) == 1
    assert seen["integer"] == seen["closures"][0]


def test_the_linear_algebra_of_a_worker_has_one_thread() -> None:
    assert shared()["data"]["threads"] == 1


def test_samples_may_be_columns() -> None:
    seen = shared()["data"]
    assert seen["columns"] == seen["matrix"]
    assert seen["transposed"] == "ArgumentError: [1 3; 2 4] after [1, 2]"
    assert seen["one_answer_row"] == seen["weights"]
    assert "layout is columns" in seen["unturned"]["message"]


def named_tuple(*names: str) -> re.Pattern[str]:
    """Return what a named tuple's type looks like, before Julia 1.10 and since."""
    before = rf"NamedTuple{{\({', '.join(f':{name}' for name in names)}\)"
    since = rf"@NamedTuple{{{', '.join(f'{name}::[^,]*(?:{{[^}}]*}}+)?' for name in names)}}}"
    return re.compile(f"{before}|{since}")


def test_the_type_of_a_table_is_known_in_both_spellings() -> None:
    pattern = named_tuple("a", "b")
    assert pattern.search("NamedTuple{(:a, :b),Tuple{Array{Int64,1},Array{Int64,1}}} after 1")
    assert pattern.search("@NamedTuple{a::Vector{Int64}, b::Vector{Union{Missing, Int64}}} after 1")
    assert not pattern.search("@NamedTuple{b::Vector{Int64}, a::Vector{Int64}}")


def test_a_table_is_a_named_tuple_with_missing_values() -> None:
    seen = shared()["data"]
    assert named_tuple("height", "count", "name", "size", "level").search(seen["table_types"])
    assert "Union{Missing, Int64}" in seen["table_types"]
    assert "Union{Missing, String}" in seen["table_types"]
    table = seen["table"]
    assert "height = [1.5, 2.5]" in table
    assert '["Zoë", missing]' in table
    assert '["large", "small"]' in table
    assert 'missing, "low"]' in table
    assert named_tuple("a", "b").search(seen["as_table"])
    assert seen["as_matrix"]["kind"] == "BadRequest"
    assert "'name'" in seen["as_matrix"]["message"]


def test_parameters_are_keyword_arguments_and_a_target_may_be_absent() -> None:
    seen = shared()["data"]
    assert seen["no_target"].endswith("after nothing")
    for part in ("k = 3", "w = [1.5, 2.5]", 'name = "a"', "deep = nothing"):
        assert part in seen["keywords"]


def test_a_seed_makes_a_fit_repeatable() -> None:
    seen = shared()["data"]
    assert seen["same_seed"] is True
    assert seen["other_seed"] is False


def test_labels_come_back_as_codes_whatever_holds_them() -> None:
    seen = shared()["labels"]
    for kind in ("words", "numbers", "bits", "codes", "encoded"):
        assert seen[kind], kind
        assert set(map(tuple, seen[kind].values())) == {tuple(seen["right"])}, kind
    assert seen["range"] == [0, 1]
    assert seen["from_plan"] == seen["right"]


def test_probabilities_come_in_class_order() -> None:
    seen = shared()["labels"]
    for form, shares in seen["shares"].items():
        assert shares == seen["right_shares"], form
    assert seen["turned_shares"] == seen["right_shares"]


@pytest.mark.parametrize(
    ("form", "part"),
    [
        ("unknown", 'sample 1: "maybe" is none of the classes'),
        ("short", "1 answers for 2 samples"),
        ("nothing", "Nothing"),
        ("zeros", "codes go from 1 to 2"),
        ("three", "3 columns for 2 classes"),
        ("gone", "NaN or missing for sample 2"),
        ("nothing_at_all", "Nothing"),
    ],
)
def test_an_answer_that_cannot_be_right_is_the_authors_failure(form: str, part: str) -> None:
    failed = shared()["labels"]["wrong"][form]
    assert failed["kind"] == "EstimatorFailed"
    assert part in failed["message"]


def test_an_exception_comes_with_class_text_and_the_authors_lines() -> None:
    seen = shared()["failures"]
    thrown = seen["thrown"]
    assert (thrown["native_class"], thrown["message"]) == ("TooCold", "too cold: -3.0")
    assert "check at " in thrown["traceback"]
    assert "trouble.jl:10" in thrown["traceback"]
    assert "Bridge.jl" not in thrown["traceback"]
    assert "Sources_" not in thrown["traceback"]
    assert seen["after"] == [0, 3, 6, 9, 12, 15]


def test_failures_say_what_is_wrong() -> None:
    seen = shared()["failures"]
    assert (
        "the script has no fti; it has busy, check, deep, fit, leaving, level, only_strings, predict"
        in seen["missing"]["message"]
    )
    assert "there is no Silent.predict, and what Silent.fit returned is no function" in seen["no_answer"]["message"]
    assert "has no predict_proba" in seen["no_shares"]["message"]
    assert "has no shares" in seen["named_shares"]["message"]
    assert seen["method"]["native_class"] == "MethodError"
    assert "::String" in seen["method"]["message"]
    assert seen["keyword"]["native_class"] == "MethodError"
    assert seen["overflow"]["native_class"] == "StackOverflowError"
    assert "broken.jl:4" in seen["syntax"]["message"] + seen["syntax"]["traceback"]
    assert "Package NotHere not found" in seen["package"]["message"]


def test_wrong_plans_are_the_callers_fault() -> None:
    seen = shared()["failures"]
    for key in ("script", "layout", "params"):
        assert seen[key]["kind"] == "BadRequest", key
    assert "script: 'a.jl' is none of the model's files" in seen["script"]["message"]
    assert "use rows or columns" in seen["layout"]["message"]
    assert "use plain JSON values" in seen["params"]["message"]


def test_another_thread_is_turned_away() -> None:
    assert "by no other" in shared()["failures"]["outside"][0]


def test_other_threads_go_on_while_julia_computes() -> None:
    assert shared()["calls"]["beats"] > 20


def test_output_is_taken_once_and_warnings_are_kept_apart() -> None:
    seen = shared()["calls"]
    for part in ("in the author's words", "aside", "from C", "Info: by the way"):
        assert part in seen["text"]
    assert seen["warnings"] == ["too few samples\n  n = 3"]
    assert seen["quiet"] == ""
    assert shared()["stdout"] == ["python before", "python after"]


@pytest.mark.parametrize("kind", ["sleepy", "busy"])
def test_a_call_that_is_interrupted_ends_and_julia_goes_on(kind: str) -> None:
    stopped = shared()["calls"][kind]
    assert stopped["native_class"] == "InterruptException"
    assert stopped["seconds"] < 10
    assert shared()["calls"]["after"] == shared()["calls"]["first_column"]


SEVERAL_THREADS = ({"OPENBLAS_NUM_THREADS": "2", OPTIMISATION: "0"}, {"JULIA_NUM_THREADS": "2"})


@pytest.mark.parametrize("settings", SEVERAL_THREADS, ids=str)
def test_interrupts_reach_a_julia_of_several_threads(settings: dict[str, str]) -> None:
    seen = drive("threads", **settings)["threads"]
    for kind in ("sleepy", "busy"):
        assert seen[kind]["native_class"] == "InterruptException"
    assert seen["together"] == seen["first_column"]
    assert seen["count"] == int(settings.get("JULIA_NUM_THREADS", 1))


@pytest.mark.parametrize("settings", SEVERAL_THREADS, ids=str)
def test_julia_compiles_at_the_level_that_the_environment_says(settings: dict[str, str]) -> None:
    assert drive("threads", **settings)["threads"]["level"] == int({**os.environ, **settings}[OPTIMISATION])


def test_an_interrupt_between_calls_hits_none() -> None:
    assert shared()["calls"]["idle_interrupt"]["kind"] == "nothing"


def test_sigterm_reaches_python() -> None:
    assert shared()["calls"]["terminated"] == 1


def test_memory_stays_flat_over_predictions_failures_and_loads() -> None:
    seen = lean()["memory"]
    assert seen["after_kib"] < 1.02 * seen["before_kib"]


def test_packages_and_versions_of_one_script_live_side_by_side() -> None:
    seen = shared()["packages"]
    slope = 2 * 90 / 153
    assert seen["toy"] == pytest.approx([0, 3 * slope, 6 * slope, 9 * slope, 12 * slope, 15 * slope])
    assert seen["again"] == seen["toy"]
    assert seen["described"]["native_class"] == "Toy.Slope"
    assert seen["versions"]["Toy"] == "0.3.1"
    assert seen["old"] == -seen["new"] != 0


def test_a_package_beside_the_project_travels_with_the_model_and_is_its_own() -> None:
    seen = shared()["packages"]
    assert seen["files"] == [
        "model/Manifest.toml",
        "model/Project.toml",
        "model/Steps.jl",
        "shades/Project.toml",
        "shades/src/Shades.jl",
    ]
    assert (seen["shade"], seen["other_shade"]) == (5.0, -7.5)
    assert (seen["shade_elsewhere"], seen["shade_again"]) == (5.0, -7.5)
    assert seen["shade_type"] == "Shades.Shade"


def test_a_model_of_types_that_have_changed_is_refused_with_both_forms() -> None:
    message = shared()["packages"]["strange"]["message"]
    assert "fit it again" in message
    assert "Stored: Shades.Shade(level::Float64, name::String)" in message
    assert "Here: Shades.Shade(level::Float64)" in message


def test_a_stored_model_brings_the_packages_of_its_types_where_the_script_does_not() -> None:
    answer = lean()["late_fit"]["answer"]
    seen = reading()["late_load"]
    assert seen["answer"] == answer
    assert seen["versions"]["Toy"] == "0.3.1"


def test_the_standard_library_is_found_whatever_the_load_path_says() -> None:
    assert lean()["standard_library"]["path"] == square_column()


def test_what_an_author_registered_for_the_end_of_julia_is_called() -> None:
    assert reading()["leaving"]["early"] is False
    assert Path(f"{blob()}.left").exists()


def square_column() -> list[float]:
    return [0.0, 3.0, 6.0, 9.0, 12.0, 15.0]


def test_a_column_that_had_missing_values_keeps_its_type_where_none_is_missing() -> None:
    some, none = shared()["data"]["nullable"]
    assert some == none
    assert "Union{Missing, Int64}" in none


def test_a_julia_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JULIA_EXE", "/nowhere/bin/julia")
    with pytest.raises(LanguageUnavailable, match="/nowhere/bin/julia"):
        JuliaRuntime().start()
