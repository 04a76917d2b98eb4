"""Answers rows as they come: files of JSON lines that land in a folder, by a model, into Parquet beside their ids.

spark-submit --master spark://HOST:7077 answer.py FLOWERS iris.bundle ANSWERS
"""

import sys

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import StreamingQuery

from triglot.spark import predict

FLOWERS = "id LONG, `sepal length` DOUBLE, `sepal width` DOUBLE, `petal length` DOUBLE, `petal width` DOUBLE"


def answering(spark: SparkSession, flowers: str, bundle: str, answers: str, *, once: bool = False) -> StreamingQuery:
    """Return the query that answers what comes into a folder; with `once` it ends when all that is there is done."""

    def answer(batch: DataFrame, number: int) -> None:
        # a folder a batch, written anew where Spark tries a batch again: no row is lost, and none is there twice
        found = predict(batch, bundle, keep=["id"], bad_rows="reason")
        found.write.mode("overwrite").parquet(f"{answers}/batch={number}")

    stream = spark.readStream.schema(FLOWERS).json(flowers).writeStream.foreachBatch(answer)
    stream = stream.option("checkpointLocation", f"{answers}/_checkpoint")
    return (stream.trigger(availableNow=True) if once else stream).start()


if __name__ == "__main__":
    answering(SparkSession.builder.appName("flowers").getOrCreate(), *sys.argv[1:4]).awaitTermination()
