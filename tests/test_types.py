"""Every kind of column reaches the author's code in each language as docs/types.md says, from JSON and from tables."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from triglot.artefact import Artefact
from triglot.errors import BadRequest, EstimatorFailed
from triglot.estimators import JuliaRegressor, RRegressor
from triglot.tables import arrow
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table
from triglot.training.entry import Terms
from triglot.training.fit_worker import Bench

ROOT = Path(__file__).parent.parent
AUTHORS = Path(__file__).parent / "types"
LANGUAGE = {"python": "pandas", "r": "R", "julia": "Julia"}


def documented() -> list[dict[str, str]]:
    """Return the rows of the document's first table."""
    lines = re.findall(r"^\|(.+)\|$", (ROOT / "docs" / "types.md").read_text("utf-8"), re.MULTILINE)
    head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows if len(row) == len(head)]


def training() -> pd.DataFrame:
    """Return two rows of every kind, by the document's names."""
    day, wall = [date(2026, 1, 31), date(1969, 7, 20)], pd.to_datetime(["2026-07-01 12:30", "1900-01-01 00:00"])
    return pd.DataFrame(
        {
            "float64": [1.5, 2.5],
            "float32": np.array([1.5, 2.5], np.float32),
            "int64": [3, 2**31 - 1],
            "int32": np.array([3, -4], np.int32),
            "bool": [True, False],
            "string": ["grün", "🌱"],
            "category": pd.Categorical(["low", "high"], categories=["high", "low", "never"]),
            "ordered category": pd.Categorical(["low", "high"], categories=["low", "mid", "high"], ordered=True),
            "date": pd.Series(day, dtype=object),
            "datetime in Europe/Berlin": wall.tz_localize("Europe/Berlin"),
            "datetime without a zone": wall,
        }
    )


SHOWN = {
    "bool": {"true"},
    "date": {"2026-01-31"},
    "datetime in Europe/Berlin": {"2026-07-01 12:30:00 cest", "2026-07-01 12:30:00+02:00", "2026-07-01t12:30:00"},
    "datetime without a zone": {"2026-07-01 12:30:00 utc", "2026-07-01 12:30:00", "2026-07-01t12:30:00"},
}


@pytest.fixture(scope="module")
def worker(language: str, benches: Callable[[str], Bench]) -> Iterator[Bench]:
    sys.path.append(str(AUTHORS))
    yield benches(language)
    sys.path.remove(str(AUTHORS))


def model(language: str, kind: str = "look", **more: Any) -> Any:
    """Return the author's model that looks at columns, or the one that looks at levels."""
    if language == "python":
        import look
        from sklearn.linear_model import LinearRegression

        return {"look": look.Look, "levels": look.Levels, "outputs": LinearRegression}[kind]()
    suffix = "" if kind == "look" else f"_{kind}"
    if language == "r":
        return RRegressor(script=str(AUTHORS / "look.R"), fit_function=f"fit{suffix}", **more)
    return JuliaRegressor(
        script=str(AUTHORS / "Look.jl"),
        fit_function=f"Look.fit{suffix}",
        predict_function=f"Look.predict{suffix}",
        x="matrix" if kind == "outputs" else "table",
        **more,
    )


def fitted(worker: Bench, X: Any, kind: str = "look", **more: Any) -> Artefact:
    path = (str(AUTHORS),) if worker.language == "python" else ()
    rows = len(X) if isinstance(X, pd.DataFrame) else X.rows
    return worker.fit("m", model(worker.language, kind), X, np.arange(rows) + 0.5, path, **more).artefact


def name_of(artefact: Artefact) -> str:
    """Return a name of the artefact's own, because a worker holds a version for good."""
    return artefact.signature.hex()[:16]


def schema_of(artefact: Artefact) -> Schema:
    return Schema.from_json(artefact.card()["schema"])


def seen(worker: Bench, artefact: Artefact, X: Table) -> dict[str, list[str]]:
    """Return what the author's code saw of each column: its type, its first value, whether its last is missing."""
    output = worker._ask(name_of(artefact), artefact, X).output
    return {line.split("\t")[0]: line.split("\t")[1:] for line in output.splitlines()}


def test_every_column_is_in_each_language_what_the_document_says(worker: Bench) -> None:
    artefact = fitted(worker, training())
    row = {entry["Column"]: json.loads(entry["JSON"].strip("`")) for entry in documented()}
    assert row.keys() == set(training())
    X = schema_of(artefact).rows([row])
    for table in (X, arrow.loads(arrow.dumps(X))):
        found = seen(worker, artefact, table)
        for entry in documented():
            kind, value, gone = found[entry["Column"]]
            assert kind.removeprefix("Dates.") in re.findall("`([^`]+)`", entry[LANGUAGE[worker.language]]), entry[
                "Column"
            ]
            expected = SHOWN.get(entry["Column"], {entry["JSON"].strip('`"')})
            assert value.lower() in expected
            assert gone.lower() == "false"


def test_a_missing_value_is_missing_in_each_language_whichever_way_it_comes(worker: Bench) -> None:
    full = training()
    artefact = fitted(worker, pd.concat([full, full.iloc[:1].map(lambda _: None)]).astype(holed(full)))
    row = {entry["Column"]: json.loads(entry["JSON"].strip("`")) for entry in documented()}
    found = seen(worker, artefact, schema_of(artefact).rows([row, dict.fromkeys(row)]))
    assert found.keys() == row.keys()
    assert {gone.lower() for _, _, gone in found.values()} == {"true"}


def holed(frame: pd.DataFrame) -> Mapping[str, Any]:
    """Return the types of the frame's columns such that something may be missing in them."""
    return {**frame.dtypes, "int64": "Int64", "int32": "Int32", "bool": "boolean"}


def test_no_rows_of_any_kind_are_answered_with_no_rows(worker: Bench) -> None:
    artefact = fitted(worker, training())
    assert worker.predict(name_of(artefact), artefact, schema_of(artefact).rows([])).shape == (0,)


def test_thousands_of_columns_of_two_kinds_come_as_they_are(worker: Bench) -> None:
    wide = 300 if worker.language == "julia" else 2_000
    frame = pd.DataFrame({f"c{j}": ["a", "b"] if j % 2 else [0.5 * j, 1.0] for j in range(wide)})
    found = seen(worker, fitted(worker, frame), arrow.loads(arrow.dumps(schema_table(frame))))
    assert len(found) == wide
    assert found["c1"][1] == "a"
    assert float(found["c8"][1]) == 4.0


def schema_table(frame: pd.DataFrame) -> Table:
    from triglot.tables.frames import to_table

    return to_table(frame)


@pytest.mark.parametrize(
    ("policy", "answer"),
    [("error", None), ("missing", -1), ("other", {"python": 2, "r": 3, "julia": 3})],
    ids=["error", "missing", "other"],
)
def test_a_level_that_training_did_not_have_is_what_the_policy_says(worker: Bench, policy: str, answer: Any) -> None:
    frame = pd.DataFrame({"kind": pd.Categorical(["a", "b", "a"])})
    artefact = fitted(worker, frame, "levels", terms=Terms(unseen_levels=policy))
    schema = schema_of(artefact)
    ask = lambda: worker.predict(name_of(artefact), artefact, schema.rows([{"kind": "a"}, {"kind": "zebra"}]))  # noqa: E731
    given = Table(["kind"], columns=[Column.category(np.array([0, 1]), ["a", "zebra"])])
    if answer is None:
        with pytest.raises(BadRequest, match="'zebra' is none of the levels 'a', 'b'"):
            ask()
        with pytest.raises(BadRequest, match="'zebra' is none of the levels 'a', 'b'"):
            worker.predict(name_of(artefact), artefact, given)
        return
    expected = answer[worker.language] if isinstance(answer, dict) else answer
    assert ask()[1] == expected
    assert worker.predict(name_of(artefact), artefact, given).tolist() == ask().tolist()


def test_an_ordered_category_has_no_place_for_other(worker: Bench) -> None:
    frame = pd.DataFrame({"kind": pd.Categorical(["a", "b"], ordered=True)})
    with pytest.raises(BadRequest, match="'kind' is ordered, and 'other' has no place"):
        fitted(worker, frame, "levels", terms=Terms(unseen_levels="other"))


def test_whole_numbers_are_exact_or_refused(worker: Bench) -> None:
    frame = pd.DataFrame({"n": [2**40, 2**53], "t": ["a", "b"]})
    artefact = fitted(worker, frame)
    schema = schema_of(artefact)
    assert float(seen(worker, artefact, schema.rows([{"n": 2**53 - 1, "t": ""}]))["n"][1]) == 2**53 - 1
    beyond = schema.rows([{"n": 2**53 + 1, "t": ""}])
    if worker.language == "r":
        with pytest.raises(BadRequest, match=r"column 'n': 9007199254740993 is beyond 2\^53.*text or a category"):
            seen(worker, artefact, beyond)
    else:
        assert seen(worker, artefact, beyond)["n"][1] == str(2**53 + 1)


def test_times_of_any_zone_are_shown_in_the_zone_of_training(worker: Bench) -> None:
    artefact = fitted(worker, training()[["datetime in Europe/Berlin", "string"]])
    schema = schema_of(artefact)
    name = "datetime in Europe/Berlin"
    shown = set()
    for text in ("2026-01-15T12:00:00", "2026-01-15T06:00:00-05:00", "2026-01-15T11:00Z"):
        shown.add(tuple(seen(worker, artefact, schema.rows([{name: text, "string": ""}]))[name]))
    elsewhere = Column.times(np.array(["2026-01-15T11:00"], "datetime64[us]"), zone="America/New_York")
    table = Table([name, "string"], columns=[elsewhere, Column.strings([""])])
    shown.add(tuple(seen(worker, artefact, table)[name]))
    ((_, value, _),) = shown
    assert re.match("2026-01-15[ T]12:00:00", value)


def test_several_outputs_are_fitted_and_answered_together(worker: Bench) -> None:
    x = np.linspace(0, 1, 8)
    y = np.column_stack([1 + 2 * x, 3 - x])
    artefact = worker.fit("m", model(worker.language, "outputs"), pd.DataFrame({"x": x}), y).artefact
    X = Table(["x"], matrix=np.array([[0.5], [2.0]]))
    np.testing.assert_allclose(worker.predict(name_of(artefact), artefact, X), [[2.0, 2.5], [5.0, 1.0]], rtol=1e-12)
    assert worker.score(name_of(artefact), artefact, pd.DataFrame({"x": x}), y) == pytest.approx(1.0)


def test_an_author_who_refuses_a_type_is_heard(worker: Bench) -> None:
    if worker.language != "r":
        pytest.skip("the model in R compares classes")
    artefact = fitted(worker, pd.DataFrame({"n": [1, 2], "t": ["a", "b"]}))
    with pytest.raises(EstimatorFailed, match="identical"):
        seen(worker, artefact, schema_of(artefact).rows([{"n": 2**40, "t": ""}]))
