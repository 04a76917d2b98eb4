"""Arrow batches in, answers out: in order, by every language, whatever becomes of rows and workers."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.functional.running import environment
from tests.helpers import KEY, require, until
from tests.scoring.versions import DEADLY, FAILS, frozen
from triglot.bulk.flow import MOST_ROWS
from triglot.bulk.reading import Reader
from triglot.errors import BadRequest, EstimatorFailed, LanguageUnavailable, PoisonRequest
from triglot.languages.launch import MEMORY_VARIABLE
from triglot.scoring.bundle import Bundle
from triglot.scoring.scorer import Scored, Scorer
from triglot.scoring.source import Carried


def batches(*columns: list[float]) -> list[Any]:
    return [pa.record_batch({"id": [f"row {value:g}" for value in x], "x": x}) for x in columns]


def scored(scorer: Scorer, given: list[Any]) -> list[Scored]:
    schema = scorer.schema(given[0].schema)
    return list(scorer.scored(Reader(tuple(given[0].schema.names), iter(given)), schema))


@pytest.fixture
def scorer(moody_version: Bundle) -> Scorer:
    return Scorer(Carried.of(moody_version), keep=("id",))


def aside(scorer: Scorer) -> Scorer:
    return Scorer(scorer.source, keep=("id",), bad_rows="aside")


def test_each_language_answers_batches_as_it_answered_when_it_was_fitted(language: str) -> None:
    require(language)
    bundle, rows, answers = frozen(language)
    given = pa.Table.from_pylist(rows)

    found = pa.Table.from_batches(Scorer(Carried.of(bundle)).score(given.to_batches(max_chunksize=2)))

    classes = bundle.artefact.card().classes
    expected = [row[0] if classes is None else classes[int(row[0])] for row in answers["predict"]]
    assert found.column("prediction").to_pylist() == expected
    if language != "r":
        shares = pa.Table.from_batches(Scorer(Carried.of(bundle), proba=True).score(given.to_batches()))
        assert shares.column_names == list(classes or ())
        assert np.column_stack([shares[name].to_numpy() for name in shares.column_names]).tolist() == pytest.approx(
            np.array(answers["predict_proba"])
        )


def test_answers_are_in_order_and_beside_what_is_kept_however_large_batches_are(scorer: Scorer) -> None:
    values = np.arange(1, MOST_ROWS * 2 + 5, dtype=float) * 1000
    given = [*batches([1.0], [2.0, 3.0]), pa.record_batch({"id": pa.array(map(str, values)), "x": values})]

    found = pa.Table.from_batches(pickle.loads(pickle.dumps(scorer)).score(iter(given)))

    assert found.column("prediction").to_pylist() == [2.0, 4.0, 6.0, *(2 * values)]
    assert found.column("id").to_pylist()[:4] == ["row 1", "row 2", "row 3", "1000.0"]
    assert found.schema == scorer.schema(given[0].schema)
    assert list(scorer.score([])) == []


def test_a_worker_that_is_killed_is_started_again_and_the_batch_is_asked_once_more(scorer: Scorer) -> None:
    workers = scorer.executor()
    (before,) = workers.pids()

    def given() -> Iterator[Any]:
        for number in range(6):
            if number == 3:
                os.kill(before, signal.SIGKILL)
            yield from batches([float(number)])

    found = [row for batch in scorer.score(given()) for row in batch.column("prediction").to_pylist()]

    assert found == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert scorer.executor() is workers
    assert workers.pids() != [before]


def test_workers_that_do_not_come_up_say_why_and_are_tried_anew(scorer: Scorer) -> None:
    starved = Scorer(scorer.source, keep=("id",), variables=((MEMORY_VARIABLE, "1K"),))
    first = starved.executor()

    with pytest.raises(LanguageUnavailable, match="the python worker did not start"):
        list(starved.score(batches([1.0])))

    assert first.is_broken
    assert starved.executor() is not first


def test_rows_that_cannot_be_answered_are_put_aside_with_the_reason_and_all_others_answered(scorer: Scorer) -> None:
    values = [float(value) for value in range(40)]
    values[7], values[29], values[35] = None, float("inf"), DEADLY  # type: ignore[call-overload]

    found = scored(aside(scorer), [pa.record_batch({"id": list(map(str, range(40))), "x": pa.array(values)})])

    (piece,) = found
    assert piece.rows == 40
    assert [(bad.row, bad.field, bad.kept) for bad in piece.bad] == [
        (7, "x", ("7",)),
        (13, "", ("13",)),
        (29, "x", ("29",)),
        (35, "", ("35",)),
    ]
    reasons = [bad.reason for bad in piece.bad]
    assert "must not be missing" in reasons[0]
    assert "thirteen is too much" in reasons[1]
    assert "must be a finite number" in reasons[2]
    assert reasons[3] == "ends whatever worker answers it"
    good = [value for value in range(40) if value not in (7, 13, 29, 35)]
    assert piece.batch.to_pydict() == {"id": list(map(str, good)), "prediction": [2.0 * value for value in good]}
    assert piece.repeated > 0


def test_rows_that_cannot_be_answered_may_be_answered_with_nothing(scorer: Scorer) -> None:
    nulls = Scorer(scorer.source, keep=("id",), bad_rows="null")

    (batch,) = nulls.score([pa.record_batch({"id": ["a", "b", "c"], "x": [1.0, None, FAILS]})])

    assert batch.to_pydict() == {"id": ["a", "b", "c"], "prediction": [2.0, None, None]}
    (batch,) = nulls.score([pa.record_batch({"id": ["a"], "x": pa.array([None], pa.float64())})])
    assert batch.to_pydict() == {"id": ["a"], "prediction": [None]}


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([1.0, 2.0, FAILS], EstimatorFailed, "row 102: .*thirteen is too much"),
        ([1.0, DEADLY, 2.0], PoisonRequest, "row 101 ends whatever worker answers it"),
        ([1.0, None], BadRequest, "row 101, field 'x': must not be missing"),
    ],
)
def test_without_a_place_for_it_the_first_bad_row_ends_all_with_its_number(
    scorer: Scorer, values: list[Any], kind: type[Exception], message: str
) -> None:
    given = pa.record_batch({"id": ["a"] * len(values), "x": values})
    reader = Reader(("id", "x"), iter([given]))
    with pytest.raises(kind, match=message):
        list(scorer.scored(reader, scorer.schema(given.schema), first=100))


def test_columns_that_are_missing_or_of_another_kind_are_named(scorer: Scorer) -> None:
    with pytest.raises(BadRequest, match="field 'x': is missing"):
        list(scorer.score([pa.record_batch({"id": ["a"], "y": [1.0]})]))
    with pytest.raises(BadRequest, match="field 'id': is not there to be kept"):
        scorer.schema(pa.schema([("x", pa.float64())]))
    with pytest.raises(BadRequest, match="field 'x': is of Arrow type list"):
        list(aside(scorer).score([pa.record_batch({"id": ["a"], "x": [[1.0]]})]))
    with pytest.raises(BadRequest, match="has no probabilities"):
        Scorer(scorer.source, proba=True).schema(pa.schema([("x", pa.float64())]))


def test_the_command_answers_numbers_without_pandas_or_rich(moody_version: Bundle, tmp_path: Path) -> None:
    moody_version.write(tmp_path / "moody.bundle", KEY)
    pq.write_table(pa.table({"x": np.arange(100) * 1000.0}), tmp_path / "rows.parquet")
    command = ["-X", "importtime", "-m", "triglot", "score", "moody.bundle", "rows.parquet", "answers.parquet"]

    done = subprocess.run([sys.executable, *command], cwd=tmp_path, env=environment(), capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-2000:]
    assert pq.read_table(tmp_path / "answers.parquet").num_rows == 100
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "pyarrow.parquet" in imported
    assert not {"pandas", "sklearn", "rich"} & imported


def test_every_worker_loads_the_version_before_rows_are_there(moody_version: Bundle) -> None:
    executor = Scorer(Carried.of(moody_version), workers=2).executor()
    version = (moody_version.model, moody_version.version, moody_version.artefact.sha256)

    until(lambda: [version in worker.holds for worker in executor._client.workers()] == [True, True])
