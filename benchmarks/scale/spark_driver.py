"""`python -m benchmarks.scale.spark_driver FOLDER PROCESSES`: a line of JSON for each way to answer rows on Spark."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import pandas_udf

from benchmarks.scale import rpy
from benchmarks.scale.bare import MODELS
from benchmarks.scale.data import COLUMNS
from triglot.spark import predict

WARM = 0.02  # of the few rows are answered before the clock runs
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.log.level": "ERROR",
    "spark.sql.files.maxPartitionBytes": "32m",  # so that the few rows, too, are for all processes
}


def main(folder: Path, processes: int) -> None:
    """Time each way, warm, over all rows; those of R, where pandas2ri has its turn, over the few."""
    builder = SparkSession.builder.master(f"local[{processes}]").appName("scale")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    few, all_rows = (spark.read.parquet(str(folder / name)) for name in ("few/rows.parquet", "rows.parquet"))
    ways: dict[str, tuple[Callable[[DataFrame], DataFrame], DataFrame]] = {
        "boosting, native": (native(folder / "learned.csv"), all_rows),
        "boosting": (lambda rows: predict(rows, folder / "boosting.bundle"), all_rows),
        "r-lm, rpy2": (by_rpy2(str(folder / "learned.csv")), few),
        "r-lm": (lambda rows: predict(rows, folder / "r-lm.bundle"), all_rows),
    }
    for name, (way, rows) in ways.items():
        written(way(few.sample(WARM)))
        began = time.perf_counter()
        written(way(rows))
        seconds = time.perf_counter() - began
        print(json.dumps({"name": f"spark, {name}", "seconds": seconds, "rate": rows.count() / seconds}), flush=True)
    spark.stop()


def native(learned: Path) -> Callable[[DataFrame], DataFrame]:
    """Return how scikit-learn's model is asked by a pandas UDF: fitted here, sent with the function."""
    frame = pd.read_csv(learned)
    model = MODELS["boosting"]().fit(frame[list(COLUMNS)].to_numpy(), frame["y"])

    @pandas_udf("double")  # type: ignore[call-overload, misc]
    def answer(parts: Iterator[tuple[pd.Series, ...]]) -> Iterator[pd.Series]:
        for columns in parts:
            yield pd.Series(model.predict(pd.concat(columns, axis=1).to_numpy()))

    return lambda rows: rows.select(answer(*COLUMNS).alias("prediction"))


def by_rpy2(learned: str) -> Callable[[DataFrame], DataFrame]:
    """Return how R's model is asked by `mapInPandas`."""

    def answer(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            yield pd.DataFrame({"prediction": rpy.answers(learned, frame)})

    return lambda rows: rows.mapInPandas(answer, "prediction double")


def written(rows: Any) -> None:
    """Have all rows computed, and keep none."""
    rows.write.format("noop").mode("overwrite").save()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
