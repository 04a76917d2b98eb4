"""Files, tables and pipelines of answers that are any JSON: its text in columns, itself in lines of JSON."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import here, lent, run

__all__ = ["here", "lent"]

MODULE = (Path(__file__).parents[1] / "models" / "anything.py").read_text("utf-8")
DATA = "size,word\n" + "".join(f"{j},{'high' if j > 14 else 'low'}\n" for j in range(30))
CONFIG = """{
    'dataset_loader_train': {'!': 'triglot.dataset.CSV', 'path': 'data.csv', 'target_column': 'word'},
    'model': {'!': 'mine.Anything', 'say': 'nan_of_7'},
    'model_name': 'shares',
    'answers': 'any',
    'pipelines': {'night': {'steps': [
        {'!': 'triglot.pipelines.load.File', 'path': 'rows.csv'},
        {'!': 'triglot.pipelines.predict.Predict', 'model': 'shares', 'column': 'share'},
        {'!': 'triglot.pipelines.write.File', 'path': 'night.csv'},
    ]}},
}"""
FOUND = [{"share": 1.0}, {"share": 20.0}]


@pytest.fixture(autouse=True)
def project(lent: Path) -> Iterator[Path]:
    """Hold a project whose model is fitted, and rows for it."""
    for name, text in (("mine.py", MODULE), ("data.csv", DATA), ("rows.csv", "id,size\na,1\nb,20\n")):
        (lent / name).write_text(text)
    (lent / "triglot-config.py").write_text(CONFIG)
    assert run("fit") == 0
    yield lent
    sys.modules.pop("mine", None)


def test_files_have_its_text_and_lines_of_json_itself(project: Path) -> None:
    (project / "bare.csv").write_text("size\n1\n20\n")
    for command, given, more in (("predict", "bare.csv", []), ("score", "rows.csv", ["--keep", "id"])):
        for kind in ("csv", "parquet", "jsonl", "arrow"):
            words = (
                ["shares", given, f"{command}.{kind}"]
                if command == "score"
                else [given, "shares", "-o", f"predict.{kind}"]
            )
            assert run(command, *words, *more) == 0
        texts = pd.read_csv(project / f"{command}.csv")["prediction"].tolist()
        assert list(map(json.loads, texts)) == FOUND
        assert pq.read_table(project / f"{command}.parquet")["prediction"].to_pylist() == texts
        assert pd.read_feather(project / f"{command}.arrow")["prediction"].tolist() == texts
        lines = list(map(json.loads, (project / f"{command}.jsonl").read_text().splitlines()))
        assert [line["prediction"] for line in lines] == FOUND
    assert [line["id"] for line in lines] == ["a", "b"]


def test_a_table_of_a_database_has_its_text(project: Path) -> None:
    assert run("score", "shares", "rows.csv", "sqlite:///out.db", "--table", "shares", "--keep", "id") == 0
    with sqlite3.connect(project / "out.db") as database:
        found = database.execute("SELECT id, prediction FROM shares ORDER BY id").fetchall()
    assert [(name, json.loads(text)) for name, text in found] == [("a", FOUND[0]), ("b", FOUND[1])]


def test_a_row_that_has_no_answer_is_put_aside_with_its_reason(project: Path) -> None:
    (project / "rows.csv").write_text("id,size\na,1\nb,7\nc,20\n")
    assert run("score", "shares", "rows.csv", "out.jsonl", "--bad-rows", "bad.jsonl") == 4
    lines = list(map(json.loads, (project / "out.jsonl").read_text().splitlines()))
    assert [line["prediction"] for line in lines if line["prediction"] is not None] == FOUND
    assert "holds nan, which JSON has no word for" in (project / "bad.jsonl").read_text()


def test_no_rows_are_a_file_without_answers(project: Path) -> None:
    (project / "bare.csv").write_text("size\n")
    assert run("predict", "bare.csv", "shares", "-o", "none.csv") == 0
    assert (project / "none.csv").read_text().strip().strip('"') == "prediction"


def test_a_pipeline_adds_its_text(project: Path) -> None:
    assert run("run", "night") == 0
    assert pd.read_csv(project / "night.csv")["share"].map(json.loads).tolist() == FOUND


def test_the_command_that_checks_a_model_tells_that_it_answers(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "triglot-config.py").write_text(CONFIG.replace("nan_of_7", "tag"))
    assert run("check", "--json") == 0
    [report] = json.loads(capsys.readouterr().out)
    found = {each["check"]: each for each in report["checks"]}
    assert found["predict"]["found"] == "answered 30 rows, by any JSON"
    assert found["predict_proba"]["found"] == "it answers any JSON"
    for check in ("one row", "same again", "rows beside", "elsewhere", "reproducibility", "beside another"):
        assert found[check]["verdict"] == "ok", found[check]
