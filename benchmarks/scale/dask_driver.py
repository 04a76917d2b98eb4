"""`python -m benchmarks.scale.dask_driver FOLDER PROCESSES score|search`: prints a line of JSON for each timing."""

import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import pandas as pd
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from benchmarks.scale import rpy
from benchmarks.scale.bare import MODELS
from benchmarks.scale.data import COLUMNS
from triglot.dask import parallel, predict
from triglot.estimators import RRegressor

CANDIDATES = {"params__trees": list(range(100, 400, 20)), "params__depth": [4, 6, 8, 10]}
META = pd.DataFrame({"prediction": pd.Series(dtype="float64")})


def main(folder: Path, processes: int, what: str) -> None:
    """Time scoring, or a search on all processes and on one."""
    if what == "score":
        with cluster(processes):
            score(folder)
    for count in (processes, 1) if what == "search" else ():
        with cluster(count) as client, parallel(client):
            search(folder, count)


def cluster(processes: int) -> Any:
    """Return a client of a cluster of so many processes of one thread, which it holds."""
    quiet = {"dashboard_address": None, "silence_logs": logging.ERROR}
    return Client(LocalCluster(n_workers=processes, threads_per_worker=1, host="127.0.0.1", **quiet))


def score(folder: Path) -> None:
    """Time each way to answer rows, warm."""
    few, all_rows = (
        dd.read_parquet(str(folder / name), split_row_groups=True) for name in ("few/rows.parquet", "rows.parquet")
    )
    learned = str(folder / "learned.csv")
    ways: dict[str, tuple[Callable[[Any], Any], Any]] = {
        "boosting, native": (native(learned), all_rows),
        "boosting": (lambda rows: predict(folder / "boosting.bundle", rows), all_rows),
        "r-lm, rpy2": (lambda rows: rows.map_partitions(_by_rpy2, learned, meta=META), few),
        "r-lm": (lambda rows: predict(folder / "r-lm.bundle", rows), all_rows),
    }
    for name, (way, rows) in ways.items():
        way(few.partitions[:1]).sum().compute()
        count = len(rows)
        began = time.perf_counter()
        way(rows).sum().compute()
        say(f"dask, {name}", count, time.perf_counter() - began)


def native(learned: str) -> Callable[[Any], Any]:
    """Return how scikit-learn's model is asked without this project."""
    frame = pd.read_csv(learned)
    model = MODELS["boosting"]().fit(frame[list(COLUMNS)].to_numpy(), frame["y"])
    return lambda rows: rows.map_partitions(_native, model, meta=META)


def search(folder: Path, processes: int) -> None:
    """Time a search of sixty candidates, each fitted for two folds."""
    frame = pd.read_csv(folder / "learned.csv")
    model = RRegressor(script=str(rpy.AUTHOR), fit_function="slow", predict_function="forest_answers")
    found = GridSearchCV(model, CANDIDATES, cv=2, refit=False)
    began = time.perf_counter()
    found.fit(frame[list(COLUMNS)], frame["y"])
    count = 2 * len(found.cv_results_["params"])
    say(f"search, {processes} worker{'s' * (processes > 1)}", count, time.perf_counter() - began)


def say(name: str, count: int, seconds: float) -> None:
    """Print one figure."""
    print(json.dumps({"name": name, "seconds": seconds, "rate": count / seconds}), flush=True)


def _native(frame: pd.DataFrame, model: Any) -> pd.DataFrame:
    return pd.DataFrame({"prediction": model.predict(frame.to_numpy())}, index=frame.index)


def _by_rpy2(frame: pd.DataFrame, learned: str) -> pd.DataFrame:
    return pd.DataFrame({"prediction": rpy.answers(learned, frame)}, index=frame.index)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
