"""`python -m benchmarks.border`: what it costs to bring a table to an author's code and the answer back.

The author's code answers the first column, so that what is timed is the bridge: numpy to frames, the worker's process
and back. Each figure is the best of several runs; `--predictions` in a row show whether a worker's memory grows.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from triglot.artefact import Artefact
from triglot.estimators import JuliaRegressor, RRegressor
from triglot.languages.known import missing
from triglot.languages.launch import worker_environment
from triglot.protocol import wire
from triglot.protocol.messages import Request
from triglot.protocol.runtime import FitTask
from triglot.tables.table import Array, Column, Table
from triglot.training.fit_worker import Bench, bench

ROWS, COLUMNS, TEXTS = 100_000, 20, 5
AUTHORS = Path(__file__).parent / "authors"


def main() -> int:
    """Print the figures; return 1 where one misses its goal or Julia does not see the caller's memory, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.border", description=__doc__)
    parser.add_argument("--repeat", type=int, default=9, help="runs of which the best counts (default: %(default)s)")
    parser.add_argument("--predictions", type=int, default=10_000, help="in a row, for memory (default: %(default)s)")
    options = parser.parse_args()
    missed = 0
    for what, found, unit, goal in figures(options.repeat, options.predictions):
        verdict = "" if goal is None else f"  goal {goal:g}: {'met' if found <= goal else 'missed'}"
        missed += goal is not None and found > goal
        print(f"{what:<78} {found:8.2f} {unit}{verdict}", flush=True)
    return 1 if missed else 0


def figures(repeat: int, predictions: int) -> Iterator[tuple[str, float, str, float | None]]:
    """Give what was measured, how much of what it was, and the goal."""
    floats, mixed = floats_only(), with_texts()
    for language in ("r", "julia"):
        if reason := missing(language, os.environ):
            print(f"{language} is off: {reason}", file=sys.stderr)
            continue
        with bench(language, os.environ) as worker:
            for X, what, goal in ((floats, "", 40.0), (mixed, f" and {TEXTS} of text", 150.0)):
                asked = best(worker, X, repeat)
                title = f"{language}: {ROWS:,} x {COLUMNS} floats{what}, there and back"
                yield title, asked, "ms", goal if language == "r" else None
            yield f"{language}: memory after {predictions:,} predictions", growth(worker, predictions), "%", 2.0
    if missing("julia", os.environ) is None:
        yield "julia: columns that are not the caller's memory", strangers(floats), "of 20", 0.0


def floats_only() -> Table:
    """Return columns of random float64 in one column-major matrix."""
    matrix = np.asfortranarray(np.random.default_rng(1).normal(size=(ROWS, COLUMNS)))
    return Table([f"x{j}" for j in range(COLUMNS)], matrix=matrix)


def with_texts() -> Table:
    """Return the same with columns of text, of which some have many different values."""
    random = np.random.default_rng(2)
    columns = dict(zip(floats_only().names, floats_only().columns, strict=True))
    for j, different in enumerate((10, 100, 1_000, 10_000, ROWS)):
        words = [f"word {i}" for i in random.integers(0, different, ROWS).tolist()]  # as a parser makes them
        columns[f"t{j}"] = Column.strings(words)
    return Table.of(columns)


def fitted(worker: Bench, X: Table) -> tuple[str, Artefact]:
    """Return name and artefact of the author's model for a table like X."""
    model: Any = RRegressor(script=str(AUTHORS / "first.R"))
    if worker.language == "julia":
        model = JuliaRegressor(script=str(AUTHORS / "First.jl"), fit_function="First.fit")
    name = f"first-{len(X.names)}-{X.rows}"
    return name, worker.fit(name, model, X.slice(0, 100), X.columns[0].values[:100]).artefact


def best(worker: Bench, X: Table, repeat: int) -> float:
    """Return the milliseconds of the best prediction, after its answer was seen to be right."""
    name, artefact = fitted(worker, X)
    ask: Callable[[], Array] = lambda: worker.predict(name, artefact, X)  # noqa: E731
    if not np.array_equal(ask(), X.columns[0].values):
        raise RuntimeError(f"{worker.language} answered something else than the first column")
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def growth(worker: Bench, predictions: int) -> float:
    """Return by how many per cent the worker grows over so many predictions of ten rows, once it is warm."""
    X = with_texts().slice(0, 10)
    name, artefact = fitted(worker, with_texts())
    sizes = []
    for count in (max(predictions // 2, 100), predictions):
        for _ in range(count):
            worker.predict(name, artefact, X)
        sizes.append(memory())
    return 100 * (sizes[1] / sizes[0] - 1)


def memory() -> int:
    """Return the resident bytes of this process's one child, the worker."""
    (child,) = {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}
    status = Path(f"/proc/{child}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def strangers(X: Table) -> float:
    """Return how many columns of a request's frame Julia sees elsewhere than where they came; nothing is copied."""
    from triglot.workers.julia.runtime import JuliaRuntime

    os.environ.update(worker_environment("julia", os.environ))
    with tempfile.TemporaryDirectory() as folder:
        runtime = JuliaRuntime(Path(folder))
        runtime.start()
        spec, sources = JuliaRegressor(
            script=str(AUTHORS / "First.jl"), fit_function="First.fit", predict_function="First.addresses"
        ).author()
        small = X.slice(0, 10)
        model = runtime.fit(FitTask("regression", spec, sources, small, small.columns[0].values, None))
        frames = wire.encode_request(Request("predict", "1", "m", 1, tables=(X,)))
        came = wire.decode_request(frames).tables[0]
        seen = runtime.predict(model, came, {})[0]
    here = [column.values.ctypes.data for column in came.columns]
    sent = [column.values.ctypes.data for column in X.columns]
    return float(sum(int(there) != at or at != start for there, at, start in zip(seen, here, sent, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
