"""Data from functions in R and Julia: what an author's function returns is what the model gets, in every respect."""

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import run
from tests.functional.running import EXAMPLES, folder
from tests.helpers import KEY, require
from tests.lending import lend_to_commands
from triglot.errors import BadRequest, EstimatorFailed, WorkerLost
from triglot.foreign import JuliaDataset, RDataset
from triglot.protocol.messages import Reply
from triglot.store import ModelStore
from triglot.tables.frames import task_of, to_column, to_frame, to_target
from triglot.tables.table import Column, Table
from triglot.training.fit_worker import Bench

AUTHORS = Path(__file__).parent / "foreign"
GROWTH = EXAMPLES / "data" / "tooth_growth.csv"


@pytest.fixture(scope="module")
def r(benches: Callable[[str], Bench]) -> Bench:
    return benches("r")


@pytest.fixture(scope="module")
def julia(benches: Callable[[str], Bench]) -> Bench:
    return benches("julia")


def ask_r(worker: Bench, function: str, **params: Any) -> Reply:
    return worker.dataset(*RDataset(str(AUTHORS / "data.R"), function, params).author())


def ask_julia(worker: Bench, function: str, layout: Any = "rows", **params: Any) -> Reply:
    return worker.dataset(*JuliaDataset(str(AUTHORS / "data.jl"), f"Data.{function}", params, layout).author())


def told(table: Table) -> dict[str, tuple[str, list[Any]]]:
    return {name: (column.kind, column.to_list()) for name, column in zip(table.names, table.columns, strict=True)}


def column(table: Table, name: str) -> Column:
    return table.columns[table.names.index(name)]


def test_columns_of_r_keep_names_types_levels_and_what_is_missing(r: Bench) -> None:
    X, y = ask_r(r, "columns").tables
    assert told(X) == {
        "double": ("float64", [1.5, None, None]),
        "integer": ("int32", [1, None, -3]),
        "flag": ("bool", [True, None, False]),
        "text": ("string", ["grüße", None, ""]),
        "kind": ("category", ["x", None, "y"]),
        "rank": ("category", ["low", "high", "low"]),
        "latin": ("string", ["été", "a", "b"]),
        "sepal length": ("float64", [-1.0, 0.0, 1.0]),
        "added": ("category", ["u", None, "u"]),
        "as_is": ("float64", [1.0, 2.0, 3.0]),
    }
    missing = column(X, "double").missing
    assert missing is not None
    assert missing.tolist() == [False, True, False], "NA is missing, NaN is a number"
    assert (column(X, "kind").levels, column(X, "kind").ordered) == (("y", "x", "never"), False)
    assert (column(X, "rank").levels, column(X, "rank").ordered) == (("low", "mid", "high"), True)
    assert column(X, "added").levels == ("u",)
    assert (y.columns[0].levels, y.columns[0].to_list()) == (("yes", "no"), ["no", "yes", "no"])


def test_days_and_times_come_with_their_zone(r: Bench, julia: Bench) -> None:
    X = ask_r(r, "moments").tables[0]
    expected = {
        "day": ("date", ["2026-01-31", None, "1969-07-20"]),
        "there": ("datetime", ["2026-07-01T10:30:00.250000Z", None, "1969-07-20T20:17:40.000000Z"]),
    }
    assert told(X) == expected
    assert column(X, "there").zone == "Europe/Berlin"
    X = ask_julia(julia, "moments").tables[0]
    there = ("datetime", ["2026-07-01T12:30:00.250000", None, "1969-07-20T20:17:40.000000"])
    assert told(X) == {"day": expected["day"], "there": there}
    assert column(X, "there").zone == ""


def test_a_data_frame_or_a_matrix_alone_is_data_without_a_target(r: Bench) -> None:
    (whole,) = ask_r(r, "whole").tables
    assert whole.is_matrix
    assert told(whole) == {"a": ("int32", [1, 2]), "b": ("int32", [3, 4])}
    (plain,) = ask_r(r, "plain_matrix").tables
    assert told(plain) == {"V1": ("float64", [1, 2, 3]), "V2": ("float64", [4, 5, 6])}


def test_arguments_reach_the_r_function_and_a_target_of_text_is_a_category_with_sorted_levels(r: Bench) -> None:
    X, y = ask_r(r, "named_matrix", base=10).tables
    assert told(X) == {"a": ("int32", [10, 11]), "b": ("int32", [12, 13])}
    assert (y.columns[0].kind, y.columns[0].levels, y.columns[0].to_list()) == ("category", ("a", "b"), ["b", "a"])


def test_a_target_of_whole_numbers_stays_one(r: Bench) -> None:
    _, y = ask_r(r, "whole_numbers").tables
    codes, labels = to_target(y.columns[0], "classification")
    assert labels is not None
    assert (labels.classes, codes.tolist()) == ((3, 7), [0, 1])


def test_no_rows_of_r_are_no_rows(r: Bench) -> None:
    X, y = ask_r(r, "nothing").tables
    assert told(X) == {"a": ("float64", []), "t": ("string", []), "k": ("category", [])}
    assert column(X, "k").levels == ("x", "z")
    assert y.rows == 0


R_WRONG = {
    "a_number": r"a_number\(\): returned a double vector of length 1; return list\(x, y\)",
    "a_model": r"a_model\(\): x is an object of class lm; make it a data.frame",
    "three": r"three\(\): returned a list of length 3; return list\(x, y\)",
    "a_list": r"a_list\(\): x is a list of length 1; make it a data.frame",
    "durations": r"durations\(\): column 'took' is of class difftime, .*as.numeric\(\) or format\(\)",
    "version_target": r"version_target\(\): the target y is of class R_system_version",
    "complex_numbers": r"complex_numbers\(\): column 'z' is a complex vector of length 1; make it numbers",
    "nested": r"nested\(\): column 'deep' is a matrix of 2 columns; make each a column",
    "short": r"short\(\): y has 2 values for the 3 rows of x; return one a row",
    "doubled": r"doubled\(\): x has several columns 'a'; give each a name",
    "unnamed": r"unnamed\(\): column 2 of x has no name; name all",
    "not_utf8": r"not_utf8\(\): column 't' holds text that is not UTF-8, in place 2; convert it with iconv\(\)",
    "empty": r"empty\(\): x has no columns; return at least one",
    "failing": "the database is down",
}


@pytest.mark.parametrize("function", R_WRONG)
def test_what_r_cannot_mean_is_told_with_the_function_the_column_and_the_remedy(r: Bench, function: str) -> None:
    with pytest.raises(EstimatorFailed, match=R_WRONG[function]) as caught:
        ask_r(r, function)
    assert caught.value.language == "r"


def test_a_missing_function_is_told_with_those_that_are_there(r: Bench, julia: Bench) -> None:
    with pytest.raises(BadRequest, match=r"data.R defines no function 'dataset'; it defines .*growth"):
        r.dataset(*RDataset(str(AUTHORS / "data.R")).author())
    with pytest.raises(EstimatorFailed, match=r'there is no "dataset": the script has no dataset; it has Data'):
        julia.dataset(*JuliaDataset(str(AUTHORS / "data.jl")).author())


def test_a_missing_script_is_told_before_a_worker_starts() -> None:
    for loader in (RDataset("nowhere.R"), JuliaDataset("nowhere.jl")):
        with pytest.raises(BadRequest, match=r"there is no file .*nowhere.*relative to the working directory"):
            loader.frame()


def test_columns_of_julia_keep_names_types_levels_and_what_is_missing(julia: Bench) -> None:
    X, y = ask_julia(julia, "columns").tables
    assert told(X) == {
        "double": ("float64", [1.5, None, None]),
        "single": ("float32", [1.0, 2.0, 3.0]),
        "integer": ("int64", [1, None, -3]),
        "small": ("int32", [1, -2, 3]),
        "flag": ("bool", [True, None, False]),
        "bits": ("bool", [True, False, True]),
        "text": ("string", ["grüße", None, ""]),
        "symbol": ("string", ["a", "b", "a"]),
        "kind": ("category", ["OJ", None, "VC"]),
        "mixed": ("float64", [1.0, 2.5, None]),
        "gone": ("float64", [None, None, None]),
        "range": ("int64", [1, 2, 3]),
    }
    missing = column(X, "double").missing
    assert missing is not None
    assert missing.tolist() == [False, True, False], "missing is missing, NaN is a number"
    assert column(X, "kind").levels == ("VC", "OJ"), "an enumeration keeps the order of its declaration"
    assert (y.columns[0].kind, y.columns[0].levels) == ("category", ("no", "yes"))


def test_a_matrix_of_julia_has_its_samples_where_the_layout_says(julia: Bench) -> None:
    (rows,) = ask_julia(julia, "matrix").tables
    assert rows.is_matrix
    assert told(rows) == {"x1": ("float64", [1, 3, 5]), "x2": ("float64", [2, 4, 6])}
    X, y = ask_julia(julia, "wide", "columns", base=10).tables
    assert told(X) == {"x1": ("int64", [11, 12, 13]), "x2": ("int64", [14, 15, 16])}
    assert y.columns[0].to_list() == ["b", "a", "b"]
    assert ask_julia(julia, "row_target", "columns").tables[1].columns[0].to_list() == [1, 2, 3]


def test_a_table_of_julia_may_have_columns_named_x_and_y(julia: Bench) -> None:
    (table,) = ask_julia(julia, "a_table").tables
    assert told(table) == {"x": ("int64", [1, 2]), "y": ("int64", [3, 4])}


def test_no_rows_of_julia_are_no_rows(julia: Bench) -> None:
    X, y = ask_julia(julia, "nothing_there").tables
    assert told(X) == {"a": ("float64", []), "t": ("string", []), "k": ("category", []), "u": ("float64", [])}
    assert y.rows == 0


JULIA_WRONG = {
    "a_number": r"a_number\(\) returned a value of type Int64; return \(X, y\) or X alone",
    "no_table": r"no_table\(\) returned a value of type Dict.*; return \(X, y\)",
    "a_vector": r"a_vector\(\) returned a value of type (Array|Vector).*; return \(X, y\)",
    "durations": r"durations\(\): column took holds values of type (Dates.)?Day; make them numbers",
    "large": r"large\(\): column a holds a number beyond Int64; make it a Float64",
    "short": r"short\(\): y has 2 values for the 3 samples of X; .*layout",
    "ragged": r"ragged\(\): column b has 1 values, column a has 2",
    "square_target": r"square_target\(\): y is a matrix of size \(2, 2\); return a vector",
    "no_target": r"no_target\(\): y is a value of type String; return a vector",
    "not_utf8": r"not_utf8\(\): column t holds text that is not UTF-8, in place 2",
    "failing": "the database is down",
}


@pytest.mark.parametrize("function", JULIA_WRONG)
def test_what_julia_cannot_mean_is_told_with_the_function_the_column_and_the_remedy(
    julia: Bench, function: str
) -> None:
    with pytest.raises(EstimatorFailed, match=JULIA_WRONG[function]) as caught:
        ask_julia(julia, function)
    assert caught.value.language == "julia"


def test_what_the_function_prints_and_warns_of_comes_back(r: Bench, julia: Bench) -> None:
    for reply in (ask_r(r, "talkative"), ask_julia(julia, "talkative")):
        assert reply.output.splitlines() == ["reading the sheep"]
        assert reply.warnings == ("one sheep is missing",)
        assert reply.info["rows"] == 1


def test_a_loader_gives_pandas_when_called_and_logs_what_the_function_says(caplog: pytest.LogCaptureFixture) -> None:
    require("r")
    loader = RDataset(str(AUTHORS / "data.R"), "spoken")
    with caplog.at_level(logging.INFO, logger="triglot"):
        frame, target = loader()
    assert "spoken: reading the sheep" in caplog.messages
    assert "spoken: one sheep is missing" in caplog.messages
    assert frame["rank"].dtype.ordered
    assert frame["kind"].cat.categories.tolist() == ["y", "x", "never"]
    assert frame["integer"].isna().tolist() == [False, True, False]
    assert target is not None
    assert target.tolist() == ["no", "yes", "no"]


def test_a_function_that_ends_its_worker_is_told_at_once(tmp_path: Path) -> None:
    require("r")
    (tmp_path / "lost.R").write_text("dataset <- function() tools::pskill(Sys.getpid(), 9)")
    with pytest.raises(WorkerLost, match="in the middle of its work"):
        RDataset(str(tmp_path / "lost.R")).frame()


def test_a_category_as_target_gives_its_levels_as_classes_in_their_order(r: Bench) -> None:
    y = ask_r(r, "columns").tables[1].columns[0]
    codes, labels = to_target(y, "classification")
    assert labels is not None
    assert (labels.classes, codes.tolist(), codes.dtype) == (("yes", "no"), [1, 0, 1], np.int32)
    assert task_of(object(), y) == "classification"
    with pytest.raises(BadRequest, match="must be numbers"):
        to_target(y, "regression")


def test_a_target_that_is_missing_somewhere_is_refused(r: Bench) -> None:
    y = ask_r(r, "missing_target").tables[1].columns[0]
    with pytest.raises(BadRequest, match="missing values; remove these rows"):
        to_target(y, "classification")


def test_numbers_as_target_are_a_regression() -> None:
    y = Column.numeric(np.array([1.5, 2.5]))
    assert task_of(object(), y) == "regression"
    numbers, labels = to_target(y, "regression")
    assert (numbers.tolist(), labels) == ([1.5, 2.5], None)
    assert to_target(Column.strings(["b", "a"]), "classification")[0].tolist() == [1, 0]


def test_columns_and_data_frames_turn_into_each_other() -> None:
    table = Table.of(
        {
            "n": Column.numeric(np.array([1.0, 2.0])),
            "k": Column.category(np.array([1, 0]), ("a", "b"), ordered=True),
            "t": Column.strings(["x", None]),
        }
    )
    frame = to_frame(table)
    assert {name: to_column(frame[name]).to_list() for name in table.names} == {
        "n": [1.0, 2.0],
        "k": ["b", "a"],
        "t": ["x", None],
    }
    assert to_column(frame["k"]).levels == ("a", "b")
    assert to_column([[1], [2]]).to_list() == [1, 2]
    with pytest.raises(BadRequest, match=re.escape("shape (1, 2)")):
        to_column([[1, 2]])


def schema_of(place: Path, name: str) -> Mapping[str, Any]:
    store = ModelStore(f"sqlite:///{place / 'triglot.db'}")
    card = store.read(name).artefact.card()
    store.close()
    return {field["name"]: field for field in card["schema"]}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, benches: Callable[[str], Bench]) -> Iterator[Path]:
    """Hold the working directory of a command that is run in this process, by workers that are there already."""
    lend_to_commands(monkeypatch, benches)
    with folder() as made:
        monkeypatch.chdir(made)
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.setenv("TRIGLOT_SIGNING_KEY", KEY.decode())
        monkeypatch.setenv("TRIGLOT_STORE", f"sqlite:///{made}/triglot.db")  # the examples' configurations stay alone
        monkeypatch.delenv("TRIGLOT_CONFIG", raising=False)
        yield made


def train_score(caplog: pytest.LogCaptureFixture, *arguments: str) -> float:
    """Return what the command `fit` says of the model that it fitted."""
    with caplog.at_level(logging.INFO, logger="triglot"):
        assert run(*arguments, "fit", "--evaluate") == 0, caplog.text
    score = re.search(r"Train score: ([\d.]+)", caplog.text)
    assert score is not None
    return float(score[1])


def test_the_command_fits_an_r_model_on_data_of_an_r_function(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    require("r")
    config = EXAMPLES / "tooth-r" / "triglot-config-dataset-from-r.py"
    assert train_score(caplog, "-c", str(config)) == pytest.approx(0.7755, abs=0.001)
    schema = schema_of(place, "tooth-r")
    assert schema["supp"] == {"name": "supp", "kind": "category", "levels": ["OJ", "VC"], "ordered": False}
    assert schema["dose"]["kind"] == "float64"


def test_the_command_fits_a_julia_model_on_data_of_a_julia_function(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    require("julia")
    script = str(AUTHORS / "data.jl")
    loader = {"!": "triglot.foreign.JuliaDataset", "script": script, "function": "Data.growth"}
    model = {"!": "triglot.estimators.JuliaRegressor", "script": script, "fit_function": "Data.fit"}
    config = {
        "model_name": "tooth",
        "dataset_loader_train": {**loader, "params": {"path": str(GROWTH)}},
        "model": {**model, "predict_function": "Data.predict"},
    }
    (place / "triglot-config.py").write_text(repr(config))
    assert train_score(caplog) == pytest.approx(0.0595, abs=0.001)
    assert schema_of(place, "tooth")["supp"]["levels"] == ["VC", "OJ"]
