"""Frames and SQL of Spark on a real cluster, of each release: rows in, answers out, by each language's own workers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LogisticRegression

from tests.helpers import KEY, require
from tests.scoring.versions import FAILS, frozen
from tests.spark.cluster import AskedInVain, Cluster
from triglot.dataset import load
from triglot.project import Project
from triglot.scoring.bundle import Bundle
from triglot.training.fit_worker import Bench

EXAMPLES = Path(__file__).parents[2] / "examples"
ROWS = [1.0, None, 2.0, FAILS, 3.0, float("inf"), 4.0]


def table(path: Path, rows: list[dict[str, Any]]) -> str:
    """Write rows, each with its number as `id`, and return where."""
    numbered = [{**row, "id": number} for number, row in enumerate(rows)]
    pq.write_table(pa.Table.from_pylist(numbered), path, row_group_size=10)
    return str(path)


def expected(bundle: Bundle, answers: dict[str, Any]) -> list[Any]:
    classes = bundle.artefact.card().classes
    return [row[0] if classes is None else classes[int(row[0])] for row in answers["predict"]]


def test_each_language_answers_in_frames_and_in_sql_as_when_it_was_fitted(
    cluster: Cluster, language: str, tmp_path: Path
) -> None:
    require(language)
    bundle, rows, answers = frozen(language)
    given, model = table(tmp_path / "rows.parquet", rows), tmp_path / "model.bundle"
    bundle.write(model, KEY)

    found = cluster.ask("predict", path=given, model=str(model), keep=["id"])
    columns = cluster.ask("column", path=given, model=str(model))

    wanted = expected(bundle, answers)
    assert found["rows"] == [{"id": number, "prediction": answer} for number, answer in enumerate(wanted)]
    assert [row["names"] for row in columns["rows"]] == wanted
    assert [row["struct"] for row in columns["rows"]] == wanted
    assert [row["unsaid"] for row in columns["rows"]] == wanted
    if language == "python":
        query = "SELECT sum(CAST(python(x, `the y`) = 'no' AS INT)) AS count FROM given"
        (counted,) = cluster.ask("sql", path=given, model=str(model), name="python", query=query)["rows"]
        assert counted["count"] == wanted.count("no")
        shares = cluster.ask("column", path=given, model=str(model), proba=True)["rows"]
        assert np.allclose([list(row["names"].values()) for row in shares], answers["predict_proba"])
        several = cluster.ask("predict", path=given, model=str(model), proba=True)
        assert list(several["types"]) == list(bundle.artefact.card().classes or ())


def test_rows_that_cannot_be_answered_have_the_reason_beside_them_or_are_left_out(
    cluster: Cluster, moody_bundle: Path, tmp_path: Path
) -> None:
    given = table(tmp_path / "rows.parquet", [{"x": value} for value in ROWS])
    ask = {"path": given, "model": str(moody_bundle), "keep": ["id"]}

    told = cluster.ask("predict", **ask, bad_rows="reason")
    aside = cluster.ask("predict", **ask, bad_rows="aside")

    assert told["types"] == {"id": "bigint", "prediction": "double", "reason": "string"}
    assert [row["prediction"] for row in told["rows"]] == [2.0, None, 4.0, None, 6.0, None, 8.0]
    reasons = [row["reason"] for row in told["rows"]]
    assert [reason is None for reason in reasons] == [value in (1.0, 2.0, 3.0, 4.0) for value in ROWS]
    assert "field 'x': must not be missing" in reasons[1]
    assert "thirteen is too much" in reasons[3]
    assert "must be a finite number" in reasons[5]
    assert [row["id"] for row in aside["rows"]] == [0, 2, 4, 6]


def test_a_row_that_is_refused_is_named_by_the_executor_without_a_trace_of_java(
    cluster: Cluster, moody_bundle: Path, tmp_path: Path
) -> None:
    given = table(tmp_path / "rows.parquet", [{"x": 1.0}, {"x": None}])

    said = cluster.ask("refusal", path=given, model=str(moody_bundle))

    assert "row 1, field 'x': must not be missing" in said["plain"]
    assert said["plain"].startswith("the executor on ")
    assert "org.apache" not in said["raw"]


def test_what_is_asked_wrongly_is_refused_before_a_job_begins(
    cluster: Cluster, moody_bundle: Path, tmp_path: Path
) -> None:
    given, ask = table(tmp_path / "rows.parquet", [{"y": 1.0}]), {"model": str(moody_bundle)}
    foreign = tmp_path / "foreign.bundle"
    foreign.write_bytes(moody_bundle.read_bytes().replace(b"moody", b"model"))

    with pytest.raises(AskedInVain, match=r"BadRequest: .*field 'x': is missing"):
        cluster.ask("predict", path=given, **ask)
    with pytest.raises(AskedInVain, match=r"BadRequest: .*use one of refuse, aside, null, reason"):
        cluster.ask("predict", path=given, **ask, bad_rows="forget")
    with pytest.raises(AskedInVain, match=r"AnalysisException: .*name `x` cannot be resolved"):
        cluster.ask("column", path=given, **ask)
    with pytest.raises(AskedInVain, match=r"the model has 1 columns and is given 2: x"):
        cluster.ask("sql", path=given, **ask, name="moody", query="SELECT moody(y, y) FROM given")
    with pytest.raises(AskedInVain, match=r"ArtefactRefused: .*has no signature that holds"):
        cluster.ask("predict", path=given, model=str(foreign))


def test_a_stream_is_answered_file_by_file_and_each_row_once(
    cluster: Cluster, benches: Callable[[str], Bench], tmp_path: Path
) -> None:
    X, y = load(
        Project([EXAMPLES / "iris-python" / "triglot-config.py"], os.environ, tmp_path).entry("iris-python").train
    )
    fitted = benches("python").fit("iris", LogisticRegression(max_iter=1000), X, y)
    Bundle("iris", 1, fitted.artefact).write(tmp_path / "iris.bundle", KEY)
    (tmp_path / "flowers").mkdir()
    X.insert(0, "id", range(len(X)))
    asked = {"rows": str(tmp_path / "flowers"), "model": str(tmp_path / "iris.bundle"), "output": str(tmp_path / "out")}

    for number, part in enumerate((X[:60], X[60:])):
        part.to_json(tmp_path / "flowers" / f"{number}.jsonl", orient="records", lines=True)
        cluster.ask("stream", **asked)

    found = pq.read_table(tmp_path / "out").sort_by("id").to_pydict()
    assert found["id"] == list(range(len(X)))
    assert found["batch"] == [0] * 60 + [1] * 40
    assert set(found["reason"]) == {None}
    right = sum(answer == label for answer, label in zip(found["prediction"], y, strict=True))
    assert right > 90


def test_the_command_has_its_parts_answered_by_executors_and_is_told_of_each(
    cluster: Cluster, moody_bundle: Path, tmp_path: Path
) -> None:
    rows = table(tmp_path / "rows.parquet", [{"x": float(number)} for number in range(40)])

    told = cluster.ask("score", source=str(moody_bundle), rows=rows, output=str(tmp_path / "out"))

    assert (told["rows"], told["bad"], told["parts"], told["repeated"]) == (40, 1, 4, 0)
    assert told["seen"] == [0, 1, 2, 3, 4]  # at first what an earlier run has done
    found = pq.read_table(tmp_path / "out").sort_by("id").to_pydict()
    assert found["id"] == [number for number in range(40) if number != FAILS]
    assert found["prediction"] == [2.0 * number for number in found["id"]]
    assert "thirteen is too much" in (tmp_path / "out.csv").read_text()
