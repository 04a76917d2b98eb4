"""`triglot predict`: a file of rows in, a file of answers out, whole or not at all."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from tests.bulk.test_conforming import arrow_body
from tests.cli.conftest import run
from tests.functional.running import environment, folder, quick
from tests.helpers import KEY, PATIENCE_S, until
from triglot.scoring.executor import close_executors

CONFIG = """{
    'model': {'!': 'mine.Model'},
    'dataset_loader_train': {'!': 'mine.Data'},
}"""
MINE = """
import time
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

class Data:
    def __call__(self):
        X = pd.DataFrame({'size': [0.5, 1.5, None], 'kind': pd.Categorical(['a', 'b', 'a'])})
        return X, np.array(['large', 'small', 'small'])

class Model(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self
    def predict_proba(self, X):
        if (X['size'] > 1e6).any():
            raise ValueError('a million is too much')
        large = ((X['size'] > 1) | (X['kind'] == 'b')).to_numpy(float)
        return np.column_stack([large, 1 - large])
    def predict(self, X):
        if (X['size'] == 77).all():
            time.sleep(600)
        return self.classes_[1 - self.predict_proba(X)[:, 0].astype(int)]
"""
SIZES = np.round(np.random.default_rng(1).uniform(0, 2, 30_000), 3)
ROWS: dict[str, list[Any]] = {
    "id": [f"row {number}" for number in range(len(SIZES))],
    "size": [None if number % 7 == 0 else size for number, size in enumerate(SIZES.tolist())],
    "kind": [("a", "b")[number % 2] for number in range(len(SIZES))],
}
LARGE = [(size is not None and size > 1) or kind == "b" for size, kind in zip(ROWS["size"], ROWS["kind"], strict=True)]
ANSWERS = ["large" if large else "small" for large in LARGE]
PLAIN = ["size", "kind"]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Hold a project with a stored model, and the same rows as files of every format."""
    with folder() as made:
        (made / "mine.py").write_text(MINE)
        (made / "triglot-config.py").write_text(CONFIG)
        done = quick("fit", "--no-proof", cwd=made)
        assert done.returncode == 0, done.stderr
        table = pa.table(ROWS)
        pq.write_table(table, made / "rows.parquet")
        pyarrow.csv.write_csv(table, made / "rows.csv")
        pyarrow.feather.write_feather(table, made / "rows.arrow", compression="lz4")
        (made / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()))
        with pa.ipc.new_stream(made / "rows.arrows", table.schema) as stream:
            stream.write_table(table)
        yield made
        close_executors()


Predict = Callable[..., tuple[int, str]]


@pytest.fixture
def predict(place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Predict:
    """Give the function that runs the command in this process: its exit code, and what it said on standard error."""
    monkeypatch.setattr("triglot.cli.predict.closing_executors", nullcontext)  # one worker for all commands
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("TRIGLOT_SIGNING_KEY", KEY.decode())
    for variable in ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG", "TRIGLOT_RUN_DIR"):
        monkeypatch.delenv(variable, raising=False)

    def predicted(*arguments: str) -> tuple[int, str]:
        code = run("predict", *arguments)
        return code, capfd.readouterr().err

    return predicted


def read(path: Path) -> Any:
    """Return a file of answers as an Arrow table."""
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix == ".csv":
        return pyarrow.csv.read_csv(path)
    if path.suffix == ".arrow":
        return pyarrow.feather.read_table(path, memory_map=False)
    if path.suffix == ".arrows":
        return pa.ipc.open_stream(path.read_bytes()).read_all()
    return pa.Table.from_pylist([json.loads(line) for line in path.read_text().splitlines()])


@pytest.mark.parametrize(
    ("source", "target"),
    [("parquet", "csv"), ("csv", "parquet"), ("jsonl", "arrow"), ("arrow", "jsonl"), ("arrows", "arrows")],
)
def test_a_file_of_any_format_is_answered_into_one_of_any_other(
    place: Path, predict: Predict, source: str, target: str
) -> None:
    output = place / f"of-{source}.{target}"
    more = ["--proba"] if source == "parquet" else []

    code, said = predict(f"rows.{source}", "-o", output.name, "--keep", "id", *more)

    assert code == 0, said
    assert said.splitlines()[-1] == "30,000 rows answered by model, version 1"
    found = read(output)
    if more:
        assert found.to_pydict() == {
            "id": ROWS["id"],
            "large": [float(x) for x in LARGE],
            "small": [1.0 - x for x in LARGE],
        }
    else:
        assert found.to_pydict() == {"id": ROWS["id"], "prediction": ANSWERS}
    assert oct(output.stat().st_mode & 0o777) == oct(0o666 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("source", ["arrows", "arrow"])
@pytest.mark.parametrize("target", ["csv", "jsonl", "parquet"])
def test_views_and_their_dictionaries_are_answered_and_kept(
    place: Path, predict: Predict, source: str, target: str
) -> None:
    kinds = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.uint8()), pa.array(["a", "b"], pa.string_view()))
    table = pa.table({"id": pa.array(["x", None], pa.string_view()), "size": [0.5, None], "kind": kinds})
    write = {
        "arrows": lambda path: path.write_bytes(arrow_body(table)),
        "arrow": lambda path: pyarrow.feather.write_feather(table, path),
    }
    write[source](place / f"views.{source}")

    code, said = predict(f"views.{source}", "-o", f"of-views.{target}", "--keep", "id", "--keep", "kind")

    assert code == 0, said
    found = read(place / f"of-views.{target}").to_pylist()
    assert [row["prediction"] for row in found] == ["large", "small"]
    assert [row["id"] or None for row in found] == ["x", None]
    assert [row["kind"] for row in found] == ["b", "a"]


def test_csv_may_have_semicolons_and_decimal_commas(place: Path, predict: Predict) -> None:
    (place / "de.csv").write_text("size;kind\n1,5;a\n0,5;a\n")

    code, said = predict("de.csv", "-o", "of-de.csv", "--delimiter", ";", "--decimal", ",")

    assert code == 0, said
    assert read(place / "of-de.csv").to_pydict() == {"prediction": ["large", "small"]}


def test_a_column_that_the_output_cannot_hold_is_named_and_nothing_is_left(place: Path, predict: Predict) -> None:
    pq.write_table(pa.table({"size": [0.5], "kind": ["a"], "tags": [["x", "y"]]}), place / "tags.parquet")

    code, said = predict("tags.parquet", "-o", "of-tags.csv", "--keep", "tags")

    assert code == 1
    assert "column 'tags' is of Arrow type list<element: string>, with values that csv cannot hold" in said
    assert "Traceback" not in said
    assert not list(place.glob("*of-tags*"))


def test_pipes_take_what_can_be_read_as_it_comes(place: Path) -> None:
    said = "size,kind\r\n0.5,a\r\n,b\r\n"
    command = [sys.executable, "-m", "triglot", "predict", "-", "--input-format", "csv", "-o", "-", "--workers", "2"]
    done = subprocess.run(
        [*command, "--output-format", "jsonl"], cwd=place, env=environment(), input=said, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"prediction": "small"}, {"prediction": "large"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("size,kind\n1,a\n2,c\n", "row 1, field 'kind': 'c' is none of the levels 'a', 'b'"),
        ("size,kind\n1,a\n2e6,b\n", "a million is too much"),
    ],
)
def test_what_fails_leaves_the_old_output_and_nothing_half_written(
    place: Path, predict: Predict, content: str, message: str
) -> None:
    (place / "bad.csv").write_text(content)
    (place / "old.csv").write_text("what was there before")

    code, said = predict("bad.csv", "-o", "old.csv")

    assert code == 1
    assert message in said
    assert (place / "old.csv").read_text() == "what was there before"
    assert not list(place.glob(".*.part"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["rows.csv", "-o", "x.csv"], 1, "field 'id': is not a field of this model"),
        (["rows.csv", "-o", "x.csv", "--keep", "colour"], 1, "field 'colour': is not there to be kept"),
        (["rows.xlsx", "-o", "x.csv"], 1, "has none of the endings .csv, .jsonl"),
        (["rows.csv", "-o", "x"], 1, "say --output-format"),
        (["rows.csv", "-o", "nowhere/x.csv", "--keep", "id"], 1, "'nowhere/x.csv' cannot be written: No such file"),
        (["none.csv", "-o", "x.csv"], 1, "'none.csv' cannot be read: No such file"),
        (["rows.csv", "-o", "-", "--output-format", "parquet"], 1, "parquet cannot go through a pipe"),
        (["rows.csv", "-o", "x.csv", "--model-version", "9"], 1, "9"),
        (["rows.parquet", "--input-format", "csv", "-o", "x.csv"], 1, "triglot: "),
        (["rows.csv", "--input-format", "parquet", "-o", "x.csv"], 1, "the Parquet file cannot be read"),
        (["rows.csv", "-o", "x.csv", "--delimiter", "x"], 1, "delimiter is 'x'; it must be one of"),
        (["rows.csv"], 2, "Missing option '--output'"),
    ],
)
def test_what_cannot_begin_is_said_before_a_worker_is_started(
    place: Path, predict: Predict, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.setattr("triglot.scoring.scorer.executor", lambda *_: pytest.fail("a worker is started"))

    found, said = predict(*arguments)

    assert (found, message in said) == (code, True), said
    assert not (place / "x.csv").exists()


def test_ctrl_c_leaves_nothing_behind(place: Path) -> None:
    (place / "slow.csv").write_text("size,kind\n77,a\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "triglot", "predict", "slow.csv", "-o", "slow-answers.csv"],
        cwd=place,
        env=environment(),
        stderr=subprocess.PIPE,
    )
    try:
        until(lambda: bool(list(place.glob(".slow-answers*.part"))))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()

    assert process.returncode == 1, said
    assert not list(place.glob(".slow-answers*")) + list(place.glob("slow-answers*"))


def test_a_csv_of_answers_is_one_that_csv_itself_reads(place: Path, predict: Predict) -> None:
    (place / "few.csv").write_text('size,kind,id\n1,a,"x, ""y"""\n2,a,\n')
    assert predict("few.csv", "-o", "few-answers.csv", "--keep", "id")[0] == 0
    rows = list(csv.DictReader(io.StringIO((place / "few-answers.csv").read_text())))
    assert rows == [{"id": 'x, "y"', "prediction": "small"}, {"id": "", "prediction": "large"}]
