"""Runs in this process: tables through steps of all kinds, into files and databases, and what goes wrong on the way."""

import functools
import json
import os
import resource
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from tests.pipelines.conftest import pipeline
from triglot.dataset import CSV
from triglot.errors import BadRequest, ConfigError, EstimatorFailed, TooLarge, VersionNotFound
from triglot.pipelines import forms, load, write
from triglot.pipelines.context import Context
from triglot.pipelines.foreign import JuliaFunction, RFunction
from triglot.pipelines.predict import Predict
from triglot.pipelines.run import Pipeline, Progress
from triglot.store import ModelStore
from triglot.training.fit_worker import Bench

ORDERS = "id,shop,amount,day\n1,a,10.5,2026-11-29\n2,b,20,2026-11-30\n3,b,,2026-11-30\n"
DAY = {"day": {"type": "date"}}
AUTHORS = Path(__file__).parent / "authors"


def run(made: Pipeline, context: Context, rows: pd.DataFrame | None = None, **parameters: Any) -> pd.DataFrame:
    return made.run(context, made.declared.checked(parameters, None if rows is None else [{}]), rows, lambda at: None)


@pytest.fixture
def orders(here: Path) -> Path:
    (here / "orders.csv").write_text(ORDERS)
    with sqlite3.connect(here / "orders.db") as database:
        pd.read_csv(here / "orders.csv").to_sql("orders", database, index=False)
    return here


def of_day(table: pd.DataFrame, day: str) -> pd.DataFrame:
    return table[table["day"] == day]


def doubled(table: pd.DataFrame, by: int = 2) -> pd.DataFrame:
    return table.assign(amount=table["amount"] * by)


class Shops:
    """A step with a setting and no table of its own to begin with."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def __call__(self, **said: Any) -> pd.DataFrame:
        return pd.DataFrame({"shop": list(self.names), "day": said["day"]})


# --- tables through steps


def test_a_table_goes_from_step_to_step_and_parameters_reach_those_that_name_them(
    orders: Path, context: Context
) -> None:
    made = pipeline(
        load.File("orders.csv"), of_day, doubled, parameters={**DAY, "by": {"type": "integer", "default": 3}}
    )
    seen: list[Progress] = []

    found = made.run(context, made.declared.checked({"day": "2026-11-29"}), None, seen.append)

    assert found.to_dict("records") == [{"id": 1, "shop": "a", "amount": 31.5, "day": "2026-11-29"}]
    assert [(at.step, at.number, at.of, at.rows) for at in seen] == [
        ("File", 1, 3, 0),
        ("File", 1, 3, 3),
        ("of_day", 2, 3, 0),
        ("of_day", 2, 3, 1),
        ("doubled", 3, 3, 0),
        ("doubled", 3, 3, 1),
    ]
    assert made.result == "jsonl"


def test_a_step_may_be_an_object_a_partial_function_or_a_dataset_loader(orders: Path, context: Context) -> None:
    made = pipeline(Shops(["a", "b"]), parameters=DAY)
    assert run(made, context, day="2026-11-30").to_dict("list") == {"shop": ["a", "b"], "day": ["2026-11-30"] * 2}
    loader = CSV("orders.csv", target_column="shop", usecols=["amount", "shop"])
    made = pipeline(loader, functools.partial(doubled, by=10))
    assert run(made, context).fillna(0).to_dict("list") == {"amount": [105.0, 200.0, 0], "shop": ["a", "b", "b"]}


def test_a_query_gets_parameters_as_values_and_never_as_a_part_of_it(orders: Path, context: Context) -> None:
    made = pipeline(
        load.SQL("sqlite:///orders.db", "SELECT id FROM orders WHERE shop = :shop ORDER BY id"),
        parameters={"shop": {"type": "text"}},
    )
    assert run(made, context, shop="b")["id"].tolist() == [2, 3]
    assert run(made, context, shop="b' OR '1' = '1")["id"].tolist() == []


def test_rows_of_a_run_are_the_first_table(context: Context) -> None:
    made = pipeline(doubled, rows=True)
    assert run(made, context, pd.DataFrame({"amount": [1, 2]}))["amount"].tolist() == [2, 4]


def test_r_and_julia_functions_are_steps(orders: Path, context: Context) -> None:
    made = pipeline(
        load.File("orders.csv", dtype={"shop": "category"}),
        RFunction(str(AUTHORS / "steps.R"), "clean", params={"least": 1}),
        JuliaFunction(str(AUTHORS / "steps.jl"), "totals"),
        parameters={**DAY, "least": {"type": "number", "default": 15.0}},
    )
    found = run(made, context, day="2026-11-30")
    assert found.to_dict("list") == {"shop": ["b"], "total": [20.0], "rows": [1]}
    first = pipeline(RFunction(str(AUTHORS / "steps.R"), "shops"), parameters=DAY)
    assert run(first, context, day="2026-11-30").to_dict("list") == {"shop": ["a", "b"], "day": ["2026-11-30"] * 2}


# --- predictions


@pytest.fixture
def models(store: ModelStore, benches: Callable[[str], Bench]) -> ModelStore:
    """Hold a store with a regression in two versions, the first active, and a classifier."""
    amounts = pd.DataFrame({"amount": [1.0, 2.0, 3.0, 4.0]})
    for slope in (2.0, 5.0):
        fitted = benches("python").fit("price", LinearRegression(), amounts, amounts["amount"].to_numpy() * slope)
        store.write("price", fitted.artefact)
    store.activate("price", 1)
    kinds = np.array(["cheap", "cheap", "dear", "dear"], dtype=object)
    store.write("kind", benches("python").fit("kind", LogisticRegression(C=100.0), amounts, kinds).artefact)
    store.activate("kind", 1)
    return store


def amounts() -> pd.DataFrame:
    return pd.DataFrame({"id": ["x", "y"], "amount": [1.0, 4.0]})


def test_a_model_answers_beside_the_other_columns_by_the_active_version_or_a_fixed_one(
    models: ModelStore, context: Context
) -> None:
    made = pipeline(
        Predict("price"), Predict("price", version=2, column="dearer"), Predict("kind", column="kind"), rows=True
    )
    found = run(made, context, amounts())
    assert list(found.columns) == ["id", "amount", "prediction", "dearer", "kind"]
    np.testing.assert_allclose(found["prediction"], [2.0, 8.0])
    np.testing.assert_allclose(found["dearer"], [5.0, 20.0])
    assert found["kind"].tolist() == ["cheap", "dear"]
    shares = run(pipeline(Predict("kind", proba=True), rows=True), context, amounts())
    np.testing.assert_allclose(shares["cheap"] + shares["dear"], 1.0)
    assert run(made, context, amounts().head(0)).empty


def test_a_table_that_does_not_fit_a_model_is_refused_with_the_step_and_the_columns(
    models: ModelStore, context: Context
) -> None:
    with pytest.raises(
        BadRequest, match=r"step 1 of 1, Predict: the table does not fit the model; field 'amount': is missing"
    ):
        run(pipeline(Predict("price"), rows=True), context, pd.DataFrame({"amnt": [1.0]}))
    with pytest.raises(BadRequest, match=r"step 2 of 2, Predict: the table has a column 'prediction' already"):
        run(pipeline(Predict("price"), Predict("price"), rows=True), context, amounts())
    with pytest.raises(BadRequest, match="'price' is no classifier"):
        run(pipeline(Predict("price", proba=True), rows=True), context, amounts())
    with pytest.raises(VersionNotFound, match=r"step 1 of 1, Predict: "):
        run(pipeline(Predict("price", version=9), rows=True), context, amounts())


# --- where it goes


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_has_all_rows_and_the_table_goes_on(here: Path, context: Context, ending: str) -> None:
    made = pipeline(write.File(f"out/{{day}}.{ending}"), doubled, rows=True, parameters=DAY)
    table = pd.DataFrame({"id": [1, 2], "amount": [0.1 + 0.2, np.nan], "text": ["grün, ä", None]})
    assert run(made, context, table, day="2026-11-30")["amount"].iloc[0] == 2 * (0.1 + 0.2)
    found = load.read(here / "out" / f"2026-11-30.{ending}")
    assert found["amount"].iloc[0] == 0.1 + 0.2
    assert found["amount"].isna().tolist() == found["text"].isna().tolist() == [False, True]
    assert os.listdir(here / "out") == [f"2026-11-30.{ending}"]
    assert pipeline(write.File(f"x.{ending}"), rows=True).result is None


def test_a_table_of_a_database_is_replaced_or_added_to_once_a_run(orders: Path, context: Context) -> None:
    more = pd.DataFrame({"id": [7, 8], "shop": ["c", "c"]})
    replaced = pipeline(
        write.SQL("sqlite:///orders.db", "orders"), write.SQL("sqlite:///orders.db", "log", "append"), rows=True
    )
    run(replaced, context, more)
    run(replaced, context, more)
    context.run_id = "run-2"
    run(replaced, context, more)
    with sqlite3.connect(orders / "orders.db") as database:
        assert database.execute("SELECT id, shop FROM orders").fetchall() == [(7, "c"), (8, "c")]
        assert database.execute("SELECT count(*) FROM log").fetchall() == [(4,)]
        assert sorted(database.execute("SELECT * FROM triglot_runs")) == [("run-1", "log"), ("run-2", "log")]


def test_a_table_that_a_database_refuses_stays_as_it_was(orders: Path, context: Context) -> None:
    made = pipeline(write.SQL("sqlite:///orders.db", "orders"), rows=True)
    with pytest.raises(
        BadRequest, match=r"step 1 of 1, SQL: database 'sqlite:///orders.db' cannot be written: .*colour"
    ):
        run(made, context, pd.DataFrame({"id": [7], "colour": ["red"]}))
    with sqlite3.connect(orders / "orders.db") as database:
        assert database.execute("SELECT count(*) FROM orders").fetchall() == [(3,)]


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Let files of this process have no more than some kilobytes, as if the disk were full from there on."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_disk_that_is_full_leaves_what_was_there_and_nothing_half_written(
    here: Path, context: Context, ending: str
) -> None:
    (here / f"out.{ending}").write_text("before")
    numbers = pd.DataFrame({"x": np.random.default_rng(7).normal(size=5_000)})
    with pytest.raises(
        BadRequest, match=f"step 1 of 1, File: 'out.{ending}' cannot be written: .*; what was there is as"
    ):
        run(pipeline(write.File(f"out.{ending}"), rows=True), context, numbers)
    assert (here / f"out.{ending}").read_text() == "before"
    assert os.listdir(here) == [f"out.{ending}"]


def test_a_result_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({"x": range(1_000)})
    assert forms.encoded(table.head(2), "jsonl") == b'{"x":0}\n{"x":1}\n'
    monkeypatch.setattr(forms, "MOST_RESULT_BYTES", 1_000)
    for kind in forms.TYPES:
        with pytest.raises(TooLarge, match="more than 1,000 bytes, which is what is kept; let the last step write it"):
            forms.encoded(table, kind)


def test_json_has_what_is_missing_as_null_and_times_as_iso_8601() -> None:
    table = pd.DataFrame(
        {"at": pd.to_datetime(["2026-11-30T01:02:03Z", None]), "n": pd.array([1, None], dtype="Int64")}
    )
    rows = [json.loads(line) for piece in forms.lines(table) for line in piece.splitlines()]
    assert rows[1] == {"at": None, "n": None}
    assert (rows[0]["at"][:19], rows[0]["n"]) == ("2026-11-30T01:02:03", 1)


# --- what goes wrong


def raises(table: pd.DataFrame) -> pd.DataFrame:
    return table[["colour"]]


def gives_a_list(table: pd.DataFrame) -> Any:
    return [1]


def test_a_step_that_raises_is_named_with_the_author_s_own_trace(context: Context) -> None:
    with pytest.raises(EstimatorFailed, match=r"step 2 of 2, raises: KeyError: .*colour") as caught:
        run(pipeline(doubled, raises, rows=True), context, amounts())
    assert "in raises" in caught.value.traceback
    assert "pipelines/step.py" not in caught.value.traceback
    with pytest.raises(BadRequest, match=r"step 1 of 1, gives_a_list: it gave list; return a data frame of pandas"):
        run(pipeline(gives_a_list, rows=True), context, amounts())


def ends_the_process(table: pd.DataFrame) -> pd.DataFrame:
    raise SystemExit(0)


def test_a_step_that_would_end_the_process_fails_and_is_named(context: Context) -> None:
    with pytest.raises(EstimatorFailed, match="step 1 of 1, ends_the_process: SystemExit: 0"):
        run(pipeline(ends_the_process, rows=True), context, pd.DataFrame({"x": [1]}))


def test_an_r_or_julia_step_that_fails_is_named_with_its_own_words(context: Context) -> None:
    for step in (RFunction(str(AUTHORS / "steps.R"), "fails"), JuliaFunction(str(AUTHORS / "steps.jl"), "fails")):
        with pytest.raises(EstimatorFailed, match=r"step 1 of 1, .*: no such shop: nowhere") as caught:
            run(pipeline(step, rows=True), context, amounts())
        assert caught.value.traceback
    with pytest.raises((EstimatorFailed, BadRequest), match=r"step 1 of 1, RFunction: .*cleen"):
        run(pipeline(RFunction(str(AUTHORS / "steps.R"), "cleen"), rows=True), context, amounts())
    with pytest.raises(EstimatorFailed, match=r"returned a double vector of length 1; return a data.frame"):
        run(pipeline(RFunction(str(AUTHORS / "steps.R"), "number"), rows=True), context, amounts())


def test_what_cannot_be_read_is_told_with_its_step(here: Path, context: Context) -> None:
    with pytest.raises(BadRequest, match=r"step 1 of 1, File: there is no file 'x.csv'; relative paths start at"):
        run(pipeline(load.File("x.csv")), context)
    (here / "x.parquet").write_text("no parquet")
    with pytest.raises(BadRequest, match=r"step 1 of 1, File: 'x.parquet' cannot be read: "):
        run(pipeline(load.File("x.parquet")), context)
    with pytest.raises(
        BadRequest, match=r"step 1 of 1, SQL: database 'sqlite://' cannot be read: no such table: orders"
    ):
        run(pipeline(load.SQL("sqlite://", "SELECT * FROM orders")), context)
    for url in ("secret", "postgresql://me:secret@host:port/orders"):
        with pytest.raises(ConfigError, match="the url is none") as caught:
            run(pipeline(load.SQL(url, "SELECT 1")), context)
        assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"database 'nodialect://me:\*\*\*@host/orders': cannot be opened"):
        run(pipeline(load.SQL("nodialect://me:secret@host/orders?password=secret", "SELECT 1")), context)


@pytest.mark.parametrize(
    ("steps", "entry", "why"),
    [
        ([of_day], {"parameters": DAY}, r"pipelines: nightly: steps\[0\]: it wants a table, and is the first step"),
        ([Shops([]), Shops([])], {}, r"steps\[1\]: it takes no argument 'table', so that what comes before it is lost"),
        (
            [doubled, of_day],
            {"rows": True},
            r"steps\[1\]: it takes 'day', which is no parameter of the pipeline; declare it under 'parameters'",
        ),
        (
            [load.File("{day}.csv")],
            {"parameters": {"shop": {"type": "text"}}},
            r"steps\[0\]: it takes 'day', which is no parameter of the pipeline; declared are shop",
        ),
        ([7], {}, r"steps\[0\]: it is of type int and cannot be called"),
    ],
)
def test_steps_that_do_not_fit_together_are_found_before_anything_runs(
    steps: list[Any], entry: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        pipeline(*steps, **entry)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: load.File("x.xls"), "path: 'x.xls' has none of the endings .csv"),
        (lambda: write.File("x"), "path: 'x' has none of the endings"),
        (lambda: write.SQL("sqlite://", "t", mode="apend"), "mode: 'apend'; write 'replace' or 'append'"),  # type: ignore[arg-type]
        (lambda: Predict("m", by="them"), "by: 'them'; write one of 'own', 'service'"),  # type: ignore[arg-type]
    ],
)
def test_settings_that_are_none_are_refused(make: Callable[[], Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        make()
