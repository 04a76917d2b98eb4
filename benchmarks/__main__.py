"""`python -m benchmarks`: measure everything in turn, write docs/benchmarks/results.json and docs/benchmarks.md.

Each system answers a known row rightly before it is timed, and is warmed up. All run on the same machine in the
same run, one after the other, with the load generator beside them: only ratios mean anything.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cloudpickle
import pandas as pd
from sklearn.linear_model import LogisticRegression

from benchmarks import floor, systems
from benchmarks.load import wrk
from benchmarks.report import markdown

DOCS = systems.ROOT / "docs"
CONNECTIONS = (1, 16, 64)
EXPECTED = "Iris-versicolor"


def main() -> int:
    """Run the measurements; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=int, default=6, help="how long each load lasts (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=DOCS, help="the folder to write to (default: docs)")
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="triglot-bench-") as name:
        folder = Path(name)
        for result in measurements(folder, options.seconds):
            results.append(result)
            print(
                f"{result['system']:<44} {result['connections']:>3}  {result['requests_per_s']:>8.0f}/s"
                f"  p50 {result['p50_ms']:.2f} ms  p99 {result['p99_ms']:.2f} ms",
                flush=True,
            )
    report = {"machine": machine(), "seconds": options.seconds, "results": results}
    (options.output / "benchmarks").mkdir(parents=True, exist_ok=True)
    (options.output / "benchmarks" / "results.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    (options.output / "benchmarks.md").write_text(markdown(report), "utf-8")
    return 1 if any(result["errors"] for result in results) else 0


def measurements(folder: Path, seconds: int) -> Iterator[dict[str, Any]]:
    """Give one result a system and number of connections."""
    for connections in CONNECTIONS:
        load = floor.measure(connections, seconds)
        yield {"system": "floor: ZeroMQ echo over ipc, no HTTP", "memory_mb": None, **asdict(load)}
    model = folder / "model.pickle"
    model.write_bytes(cloudpickle.dumps(plain_model()))
    plain: list[tuple[str, AbstractContextManager[tuple[str, int]]]] = []
    for processes in (1, 2):
        width = f"{processes} process{'es' if processes > 1 else ''}"
        plain.append((f"plain Flask, gunicorn, {width}", systems.gunicorn(folder, model, processes)))
        plain.append((f"plain Flask, granian, {width}", systems.granian(folder, model, processes)))
    for label, system in plain:
        with system as (base, pid):
            yield from loads(label, f"{base}/predict?{systems.QUERY}", pid, seconds)
    with systems.triglot(folder) as (base, pid):
        for name in systems.MODELS:
            expected = None if name == "iris-julia" else EXPECTED
            yield from loads(
                f"triglot, {name}", f"{base}/models/{name}/predict?{systems.QUERY}", pid, seconds, expected
            )


def loads(label: str, url: str, pid: int, seconds: int, expected: str | None = EXPECTED) -> Iterator[dict[str, Any]]:
    """Give the results of one system, after its answer was seen to be right and it was warmed up."""
    answer = systems.ask(url)["result"]
    if expected is not None and answer != expected:
        raise RuntimeError(f"{label} answered {answer!r}, not {expected!r}")
    wrk(url, 16, 1)
    for connections in CONNECTIONS:
        load = wrk(url, connections, seconds)
        yield {"system": label, "memory_mb": systems.memory_mb(pid), **asdict(load)}


def plain_model() -> LogisticRegression:
    """Return the scikit-learn model of the demonstration, fitted on the same hundred rows."""
    data = pd.read_csv(systems.ROOT / "examples" / "data" / "iris.data", header=None, nrows=100)
    return LogisticRegression(C=0.3, max_iter=1000).fit(data.iloc[:, :4].to_numpy(), data[4].to_numpy())


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "when": time.strftime("%Y-%m-%d"),
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


if __name__ == "__main__":
    sys.exit(main())
