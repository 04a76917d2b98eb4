"""The command as a process of its own, and what it has written."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.parquet as pq

from tests.functional.running import environment
from tests.scoring.versions import MARKS

ROWS = 2_000
Score = Callable[..., tuple[int, str]]


def own(place: Path, *arguments: str, marks: Path) -> "subprocess.Popen[str]":
    """Return the command in a process, and a process group, of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "triglot", "score", "moody.bundle", *arguments],
        cwd=place,
        env=environment(**{MARKS: str(marks)}),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def read(path: Path) -> dict[str, list[Any]]:
    """Return answers by their columns, in the order of their files."""
    if path.is_dir():
        found: Any = pyarrow.dataset.dataset(path, format="parquet", partitioning="hive").to_table()
    elif path.suffix == ".csv":
        found = pyarrow.csv.read_csv(path)
    elif path.suffix == ".jsonl":
        found = pa.Table.from_pylist([json.loads(line) for line in path.read_text().splitlines()])
    elif path.suffix == ".parquet":
        found = pq.read_table(path)
    elif path.suffix == ".arrow":
        found = pyarrow.feather.read_table(path, memory_map=False)
    else:
        found = pa.ipc.open_stream(path.read_bytes()).read_all()
    columns: dict[str, list[Any]] = found.to_pydict()
    return columns


def contents(path: Path) -> dict[str, bytes]:
    """Return the bytes of a file, or of all files of a folder that its readers see."""
    if path.is_file():
        return {"": path.read_bytes()}
    return {each.name: each.read_bytes() for each in path.glob("part-*")}


def of(values: Any) -> dict[str, list[Any]]:
    """Return the rows of a table of these values."""
    return {"id": [f"row {number}" for number in range(len(values))], "x": list(values)}


EXPECTED = {
    "id": [f"row {number}" for number in range(ROWS)],
    "prediction": [2000.0 * number for number in range(ROWS)],
}
