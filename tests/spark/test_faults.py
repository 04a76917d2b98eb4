"""Executors that lack something say what to do; those that end in the middle cost time, and no row."""

import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers import KEY, require, until
from tests.scoring.versions import frozen
from tests.spark.cluster import Cluster, descendants, parents
from tests.spark.versions import STOPS, patient
from triglot.training.fit_worker import Bench


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TRIGLOT_R_HOME": "/nowhere"}, "r is off: .*/nowhere.*triglot doctor --fix r$"),
        ({"TRIGLOT_SIGNING_KEY": "a key that nobody else has"}, "no signature that holds.*TRIGLOT_SIGNING_KEY_FILE"),
        ({"PYTHONPATH": "old"}, r"has Triglot 0.0.1 and the driver [\d.]+: install the same on both"),
        ({"PYTHONPATH": "none"}, "has no Triglot that can be imported.*: install triglot=="),
    ],
    ids=["no R", "another key", "another Triglot", "no Triglot"],
)
def test_an_executor_that_lacks_something_says_what_to_do_and_without_a_trace_of_java(
    cluster: Cluster, tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    require("r")
    bundle, rows, _ = frozen("r")
    bundle.write(tmp_path / "model.bundle", KEY)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    for name, content in {"old": '__version__ = "0.0.1"', "none": "raise ImportError('it is not here')"}.items():
        (tmp_path / name / "triglot").mkdir(parents=True)
        (tmp_path / name / "triglot" / "__init__.py").write_text(content)
    if "PYTHONPATH" in variables:
        variables = {"PYTHONPATH": os.pathsep.join([str(tmp_path / variables["PYTHONPATH"]), cluster.packages])}

    cluster.ask("executors_have", **variables)
    try:
        said = cluster.ask("refusal", path=str(tmp_path / "rows.parquet"), model=str(tmp_path / "model.bundle"))
    finally:
        cluster.ask("executors_have")

    assert said["plain"].startswith("the executor on ")
    assert "org.apache" not in said["raw"]
    assert re.search(message, said["plain"], re.DOTALL)


def test_workers_and_executors_that_are_killed_cost_no_row_and_leave_nothing_behind(
    cluster: Cluster, benches: Callable[[str], Bench], tmp_path: Path
) -> None:
    patient(benches("python"), tmp_path).write(tmp_path / "model.bundle", KEY)
    rows = [{"id": number, "x": float(number)} for number in range(40)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")

    def waiting() -> set[int]:
        return {int(path.stem) for path in tmp_path.glob("*.waits")}

    def ended(pids: set[int]) -> bool:
        return not any(Path(f"/proc/{pid}").exists() for pid in pids)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            cluster.ask,
            "predict",
            path=str(tmp_path / "rows.parquet"),
            model=str(tmp_path / "model.bundle"),
            keep=["id"],
        )
        until(lambda: len(waiting()) == 1)
        (worker,) = waiting()
        os.kill(worker, signal.SIGKILL)
        until(lambda: len(waiting()) == 2)
        (again,) = waiting() - {worker}
        executor = next(pid for pid in parents(again) if pid in cluster.processes("CoarseGrainedExecutorBackend"))
        left = descendants({executor})
        assert again in left
        os.kill(executor, signal.SIGKILL)
        until(lambda: len(waiting()) == 3)
        until(lambda: ended(left))
        (tmp_path / "go").touch()
        found = asked.result()

    assert STOPS in [row["x"] for row in rows]
    assert found["rows"] == [{"id": row["id"], "prediction": 2 * row["x"]} for row in rows]
