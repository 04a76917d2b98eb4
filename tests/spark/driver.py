"""`python driver.py MASTER FOLDER`: a driver of Spark that does what it is asked, a line of JSON at a time."""

import json
import os
import runpy
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from triglot import spark as triglot
from triglot.bulk.cells import USUAL
from triglot.engines.spark import SparkEngine
from triglot.errors import TriglotError
from triglot.scoring.inputs import InFiles
from triglot.scoring.outputs import OutFolder
from triglot.scoring.run import Work
from triglot.scoring.scorer import Scorer
from triglot.scoring.source import BundleFile

STREAMING = Path(__file__).parents[2] / "examples" / "spark-streaming" / "answer.py"
KEY = os.environ["TRIGLOT_SIGNING_KEY"].encode()

QUICK = os.environ["SPARK_DAEMON_JAVA_OPTS"]
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": QUICK,
    "spark.executor.extraJavaOptions": QUICK,
    "spark.executor.memory": "512m",
    "spark.driver.memory": "512m",
    "spark.executor.cores": "1",
    "spark.cores.max": "2",
    "spark.task.maxFailures": "2",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.session.timeZone": "UTC",
    "spark.log.level": "ERROR",
}


class Driver:
    """A session of Spark; what it can be asked is its methods."""

    def __init__(self, master: str, folder: Path) -> None:
        builder = SparkSession.builder.master(master).appName("tests")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        self.spark = builder.getOrCreate()
        self.folder = folder
        self._own = dict(self.spark.sparkContext.environment)

    def release(self) -> str:
        """Return which Spark this is."""
        return str(self.spark.version)

    def executors_have(self, **variables: str) -> None:
        """Give the Python of executors other variables from now on: Spark starts others for them."""
        environment = self.spark.sparkContext.environment
        environment.clear()
        environment.update({**self._own, **variables})

    def predict(self, path: str, model: str, **options: Any) -> Any:
        """Return the columns, their types and the rows of a table that is answered."""
        return told(triglot.predict(self._table(path), model, **options))

    def column(self, path: str, model: str, **options: Any) -> Any:
        """Return the same by a function of columns, which is given none, a struct and the names of columns."""
        frame, answered = self._table(path), triglot.predict_udf(model, **options)
        names = [name for name in frame.columns if name != "id"]
        return told(
            frame.select(
                "id",
                answered().alias("unsaid"),
                answered(F.struct(*names)).alias("struct"),
                answered(*names).alias("names"),
            )
        )

    def refusal(self, path: str, model: str, **options: Any) -> Any:
        """Return what is said where rows are refused: by us, and by Spark alone."""
        try:
            with triglot.plain_errors():
                told(triglot.predict(self._table(path), model, **options))
        except TriglotError as error:
            return {"plain": str(error), "raw": str(error.__context__)}
        return None

    def score(self, source: str, rows: str, output: str) -> Any:
        """Return what `triglot score` tells, done by this application's executors."""
        engine = SparkEngine()
        given = InFiles.of(Path(rows), None, USUAL, whole=False)
        work = Work(
            Scorer(BundleFile.of(Path(source), KEY), keep=("id",), bad_rows="aside"),
            given,
            OutFolder(Path(output), "parquet"),
            bad_rows=Path(output).with_suffix(".csv"),
            partitions=4,
        )
        seen: list[int] = []
        summary = work.do(engine, lambda done, *_: seen.append(done))
        engine.close()
        return {**asdict(summary), "seen": seen}

    def stream(self, rows: str, model: str, output: str) -> None:
        """Answer all files of a folder by the example's own program."""
        example = runpy.run_path(str(STREAMING))
        example["answering"](self.spark, rows, model, output, once=True).awaitTermination()

    def sql(self, path: str, model: str, name: str, query: str) -> Any:
        """Return what a query answers that calls a model by a name; the table is `given`."""
        self._table(path).createOrReplaceTempView("given")
        triglot.register(self.spark, name, model)
        return told(self.spark.sql(query))

    def _table(self, path: str) -> DataFrame:
        return self.spark.read.parquet(path)


def told(frame: DataFrame) -> Any:
    """Return a table as JSON has it, its rows in the order of their id."""
    rows = [row.asDict(recursive=True) for row in frame.collect()]
    return {"types": dict(frame.dtypes), "rows": sorted(rows, key=lambda row: row.get("id", 0))}


def main() -> None:
    """Answer until standard input ends; what Spark prints there goes elsewhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    driver = Driver(sys.argv[1], Path(sys.argv[2]))
    for line in sys.stdin:
        what, arguments = json.loads(line)
        try:
            said = {"answer": getattr(driver, what)(**arguments)}
        except Exception as error:
            said = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(said, default=str), file=answers)
    driver.spark.stop()


if __name__ == "__main__":
    main()
