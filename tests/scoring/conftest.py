"""What scores in this process has the tests' key, and its workers end with each file."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import run
from tests.functional.running import folder
from tests.helpers import KEY
from tests.scoring.commands import ROWS, Score
from tests.scoring.versions import MARKS, moody
from triglot.engines.local import LocalEngine
from triglot.scoring.bundle import Bundle
from triglot.scoring.executor import close_executors
from triglot.training.fit_worker import Bench


@pytest.fixture(scope="module", autouse=True)
def _workers_of_the_file() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIGLOT_SIGNING_KEY", KEY.decode())
        yield
        close_executors()


@pytest.fixture(scope="session")
def moody_version(benches: Callable[[str], Bench]) -> Bundle:
    """Give the version whose rows can be deadly."""
    return moody(benches("python"))


@pytest.fixture(scope="module")
def place(moody_version: Bundle) -> Iterator[Path]:
    """Hold a folder with a bundle and no store, and the same rows in every format."""
    with folder() as made:
        moody_version.write(made / "moody.bundle", KEY)
        table = pa.table({"id": [f"row {number}" for number in range(ROWS)], "x": np.arange(ROWS) * 1000.0})
        pq.write_table(table, made / "rows.parquet", row_group_size=300)
        pyarrow.csv.write_csv(table, made / "rows.csv")
        pyarrow.feather.write_feather(table, made / "rows.arrow", chunksize=300)
        (made / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()))
        with pa.ipc.new_stream(made / "rows.arrows", table.schema) as stream:
            stream.write_table(table)
        yield made


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Hold the folder of the model's marks, which workers know from their start."""
    with pytest.MonkeyPatch.context() as patch:
        made = tmp_path_factory.mktemp("marks")
        patch.setenv(MARKS, str(made))
        patch.setattr(LocalEngine, "close", lambda _: None)  # the workers of one test are those of the next
        yield made


@pytest.fixture
def score(place: Path, marks: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Score:
    """Give the function that runs the command in this process: its exit code, and what it said on standard error."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for variable in ("TRIGLOT_CONFIG", "PALLADIUM_CONFIG", "TRIGLOT_RUN_DIR", "TRIGLOT_STORE"):
        monkeypatch.delenv(variable, raising=False)

    def scored(*arguments: object) -> tuple[int, str]:
        code = run("score", "moody.bundle", *map(str, arguments))
        return code, capfd.readouterr().err

    return scored
