"""`python -m benchmarks.bulk`: many rows a request, against the bare `predict` of the same models in R and Python.

A million rows of Arrow by one POST, a thousand rows of JSON by many. Bare calls and requests take turns in the same run
and the best of each counts, because a machine that others use only ever makes things slower. Every row must be
answered.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks import ours
from benchmarks.data import FIELDS, FILE
from benchmarks.load import Request, ask, wrk
from benchmarks.processes import free_port, served
from triglot.languages.r import r_executable
from triglot.supervision.supervisord import FrontEnd

ROWS, FEW, BATCH = 1_000_000, 1_000, 65_536
CODE_BYTES = 4  # of each row in an answer
GOAL = 0.7
AUTHORS = Path(__file__).parent / "authors"
ARROW = "application/vnd.apache.arrow.stream"


def main() -> int:
    """Print the figures; return 1 where a share misses its goal, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, help="runs of which the best counts (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=6, help="how long each load lasts (default: %(default)s)")
    options = parser.parse_args()
    missed = 0
    # one thread, as everywhere; idle ones would spin on, beside the request that is measured next
    with threadpool_limits(1), tempfile.TemporaryDirectory(prefix="triglot-bench-") as name:
        for result in measurements(Path(name), options.repeat, options.seconds):
            share = result.get("share")
            missed += share is not None and share < GOAL
            print(json.dumps(result), flush=True)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", file=sys.stderr)
    return 1 if missed else 0


def measurements(folder: Path, repeat: int, seconds: int) -> Iterator[dict[str, Any]]:
    """Give what HTTP alone costs, a result for each model of a million rows, then those of a thousand rows."""
    matrix = np.random.default_rng(5).uniform(0.1, 7.9, (ROWS, len(FIELDS))).round(2)
    body = arrow_body(matrix)
    with echo(folder) as port:
        took = min(send(port, f"/?{ROWS * CODE_BYTES}", body)[0] for _ in range(2 * repeat))
        yield {"echo_bytes": len(body), "through_http_s": took}
    with ours.triglot(folder, AUTHORS / "bulk-config.py") as port:
        for name, bare in {**pythons(matrix), **rs(folder, matrix)}.items():
            own, through = [], []
            for _ in range(repeat):
                own.append(next(bare))
                through.append(post(port, name, body))
            share = min(own) / min(through)
            yield {"model": name, "rows": ROWS, "bare_s": min(own), "through_http_s": min(through), "share": share}
        rows = [dict(zip(FIELDS, row, strict=True)) for row in matrix[:FEW].tolist()]
        request = Request(port, "/models/logistic-python/predict", json.dumps(rows).encode())
        wrk(request, 4, 1)
        for connections in (1, 4, 16):
            load = wrk(request, connections, seconds)
            yield {
                "json_rows": FEW,
                "connections": connections,
                "rows_per_s": load.requests_per_s * FEW,
                "p50_ms": load.p50_ms,
                "errors": load.errors,
            }


def pythons(matrix: Any) -> dict[str, Iterator[float]]:
    """Return the bare calls of scikit-learn: each gives how many seconds one took."""
    data = pd.read_csv(FILE, header=None)
    X, y = data.iloc[:, :4].to_numpy(), data[4].to_numpy()
    models = {
        "logistic-python": LogisticRegression(max_iter=1000).fit(X, y),
        "forest-python": RandomForestClassifier(n_estimators=100, random_state=0).fit(X, y),
    }

    def bare(model: Any) -> Iterator[float]:
        while True:
            began = time.perf_counter()
            model.predict(matrix)
            yield time.perf_counter() - began

    return {name: bare(model) for name, model in models.items()}


def rs(folder: Path, matrix: Any) -> dict[str, Iterator[float]]:
    """Return the bare calls of a plain R; none where there is no R."""
    interpreter = r_executable(os.environ)
    if interpreter is None:
        print("R is not installed", file=sys.stderr)
        return {}
    rows = folder / "rows.bin"
    np.asfortranarray(matrix).T.tofile(rows)

    def bare(fit: str) -> Iterator[float]:
        script = interpreter.with_name("Rscript")
        command = [str(script), str(AUTHORS / "bare.R"), str(AUTHORS / "bulk.R"), fit, str(FILE), str(rows), "1"]
        while True:
            yield float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return {"lda-r": bare("lda"), "forest-r": bare("forest")}


def arrow_body(matrix: Any) -> memoryview:
    """Return rows as an Arrow stream."""
    flowers = pa.table({field: matrix[:, j] for j, field in enumerate(FIELDS)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, flowers.schema) as stream:
        stream.write_table(flowers, max_chunksize=BATCH)
    return memoryview(sink.getvalue())


@contextmanager
def echo(folder: Path) -> Iterator[int]:
    """Hold our HTTP server without anything behind it; give its port."""
    port = free_port()
    command = [*FrontEnd(port=port, processes=1).command()[:-1], "benchmarks.echo:app"]
    ready = Request(port, "/?1")
    with served(command, os.environ, folder / "echo.log", lambda: ask(ready) is not None):
        yield port


def post(port: int, name: str, body: memoryview) -> float:
    """Return how many seconds pass from the first byte of a request to the last one of its answer, which is whole."""
    took, content = send(port, f"/models/{name}/predict", body)
    rows = pa.ipc.open_stream(content).read_all().num_rows
    if rows != ROWS:
        raise RuntimeError(f"{name} answered {rows:,} rows")
    return took


def send(port: int, path: str, body: memoryview) -> tuple[float, bytes]:
    """Return how many seconds a request took, and its answer; raises `RuntimeError` for one that is not good."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": ARROW, "Accept": ARROW})
    response = connection.getresponse()
    content = response.read()
    took = time.perf_counter() - began
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"{path} answered {response.status}: {content[:300]!r}")
    return took, content


if __name__ == "__main__":
    sys.exit(main())
