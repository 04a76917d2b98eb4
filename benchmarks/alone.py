"""Models without any server: how fast `predict` is when nothing stands between it and its caller.

`python -m benchmarks.alone FOLDER SECONDS ROWS...` times the scikit-learn models of a folder, a call of so many rows
each, and writes what `alone.R` writes of the R forest.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from benchmarks.data import ONE
from benchmarks.load import Load
from benchmarks.open_loop import percentile
from benchmarks.processes import ROOT

ROWS = (1, 64, 1000)
SCRIPT = Path(__file__).parent / "alternatives" / "alone.R"


def measure(language: str, folder: Path, seconds: float) -> Iterator[tuple[str, Load]]:
    """Give model and rows of a call, as `forest 64`, and what was measured, for models of `sklearn` or `r`."""
    command = ["Rscript", str(SCRIPT)] if language == "r" else [sys.executable, "-m", "benchmarks.alone"]
    command += [str(folder), str(seconds / len(ROWS)), *map(str, ROWS)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr[-500:])
    for line in run.stdout.splitlines():
        model, rows, *figures = line.split()
        yield f"{model} {rows}", Load(*map(float, figures), errors=0)  # type: ignore[misc]


def calls(model: Any, rows: int, seconds: float) -> tuple[float, float, float]:
    """Return calls a second, their median and their 99th percentile in milliseconds."""
    X = np.array([ONE] * rows)
    taken = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        model.predict(X)
        taken.append(time.perf_counter() - start)
    return len(taken) / sum(taken), 1000 * percentile(taken, 50), 1000 * percentile(taken, 99)


def main(folder: Path, seconds: float, rows: list[int]) -> None:
    """Write a line a model and number of rows."""
    for path in sorted(folder.glob("*.joblib")):
        model = joblib.load(path)
        for count in rows:
            print(path.stem, count, *calls(model, count, seconds))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), list(map(int, sys.argv[3:])))
