"""Large work beside what does the same otherwise: its goals, the memory of a family, and the rows that are scored."""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.scale import data
from benchmarks.scale.commands import timed
from benchmarks.scale.figures import Figure, goals, table

FIGURES = [
    Figure("local", "linear, bare", 1.0, 1_000.0, 100.0),
    Figure("local", "linear", 1.0, 690.0, 1_600.0),
    Figure("spark", "spark, r-lm", 1.0, 400.0),
    Figure("spark", "spark, r-lm, rpy2", 1.0, 100.0),
    Figure("scopes", "fits, bare", 200.0, 1.0),
    Figure("scopes", "scopes", 105.0, 200 / 105),
    Figure("messages", "messages", 10.0, 2_500.0),
]


def test_each_goal_is_a_share_of_what_does_the_same_or_so_many_a_second() -> None:
    found = {
        goal.what: (goal.wanted, goal.reached, goal.met) for goal in goals(FIGURES, ["local", "spark", "messages"])
    }
    assert found["local engine, linear, of the bare library"] == ("≥ 70% of linear, bare", "69%", False)
    assert found["local engine, julia, of the bare library"][1:] == ("not measured in this run", None)
    assert found["local engine, memory of all processes"] == ("≤ 1,500 MB", "1,600 MB (linear)", False)
    assert found["Spark, R, of rpy2 with pandas2ri in mapInPandas"][1:] == ("400%", True)
    assert found["single rows by RabbitMQ, answers a second"] == ("≥ 2,000", "2,500 a second", True)


def test_two_workers_are_to_fit_twice_what_one_process_fits() -> None:
    (goal,) = goals(FIGURES, ["scopes"])
    assert (goal.reached, goal.met) == ("95%", True)
    assert table([goal]).endswith("| 95% | met |")


def test_commands_are_timed_together_with_all_that_they_start_and_a_failure_says_why() -> None:
    command = [sys.executable, "-c", "held = bytearray(60_000_000); import time; time.sleep(0.7)"]
    figure = timed("local", "held", 10, {}, command, command)
    assert figure.memory_mb > 100
    assert figure.rate == pytest.approx(10 / figure.seconds)
    with pytest.raises(RuntimeError, match=r"broken: .*no such luck"):
        timed("local", "broken", 1, {}, [sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_parquet_and_raw_doubles_hold_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "PIECE", 700)
    made = data.made(tmp_path, 1_500)
    rows = pq.ParquetFile(made.parquet)
    assert (rows.metadata.num_rows, rows.num_row_groups) == (1_500, 3)
    last = np.fromfile(made.doubles)[1_400 * 10 :].reshape(10, 100).T
    assert np.array_equal(rows.read_row_group(2).to_pandas().to_numpy(), last)
