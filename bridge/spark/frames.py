"""Frames of Spark, answered row by row through Arrow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from triglot.errors import BadRequest
from triglot.scoring.bad_rows import REASON, InFrames, handled
from triglot.scoring.scorer import Scored, Scorer
from triglot.spark.bundles import Model, source_of
from triglot.spark.library import arrow_schema, spark_schema
from triglot.spark.shipping import shipped


def predict(
    frame: Any,
    model: Model,
    *,
    keep: Sequence[str] = (),
    proba: bool = False,
    bad_rows: InFrames = "refuse",
    workers: int = 1,
) -> Any:
    """Return a frame of answers to the rows of a frame, which is computed when it is asked for, as all of Spark's are.

    Args:
        frame: A DataFrame with the model's columns, by their names; others may be beside them.
        model: The path of a bundle, which is sent to the executors, or `stored(...)`.
        keep: Columns of the frame that come before the answers, as they are.
        proba: Probabilities, a column a class, instead of the column `prediction`.
        bad_rows: What becomes of a row that cannot be answered. "refuse" ends the job, "aside" leaves it out, "null"
            answers it with nothing, and "reason" adds a column that says why.
        workers: How many processes answer in each of Spark's Python processes, of which there is one a core.

    Examples:
        predict(spark.read.parquet("flowers"), "iris.bundle", keep=["id"], bad_rows="reason")

    Raises:
        ArtefactRefused: The driver's key has not signed the bundle.
        BadRequest: A column is missing, or there are no probabilities.
    """
    scorer = scorer_of(model, frame.sparkSession, keep=keep, proba=proba, bad_rows=bad_rows, workers=workers)
    given = frame.select(*(quoted(name) for name in scorer.columns() if name in frame.columns))
    answered = scorer.schema(arrow_schema(given.schema))
    if bad_rows == REASON:
        answered = _with_reason(answered)
    told = spark_schema(answered)
    return given.mapInArrow(shipped(Rows(scorer, arrow_schema(told), explained=bad_rows == REASON)), told)


def scorer_of(
    model: Model, session: Any, *, keep: Sequence[str] = (), proba: bool = False, bad_rows: str, workers: int = 1
) -> Scorer:
    """Return what answers in executors of a session; raises `BadRequest` where there is no such way with bad rows."""
    way = handled(bad_rows)
    return Scorer(source_of(model, session), proba=proba, keep=tuple(keep), bad_rows=way, workers=workers)


@dataclass(frozen=True, slots=True)
class Rows:
    """A task: batches of rows in, batches of answers of a schema out, with the reason of each that is none."""

    scorer: Scorer
    schema: Any
    explained: bool = False

    def run(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield the answers to the rows of a partition."""
        first = 0
        for part in self.scorer.outcomes(batches):
            batch = _explained(part, first) if self.explained else part.batch
            yield batch.cast(self.schema)
            first += part.rows


def _with_reason(answered: Any) -> Any:
    """Return the schema of answers with the column of reasons; raises `BadRequest` where there is one already."""
    if REASON in answered.names:
        raise BadRequest(f"there is a column {REASON!r} already: rename it, or ask for bad_rows='null'")
    return answered.append(pa.field(REASON, pa.string()))


def _explained(part: Scored, first: int) -> Any:
    """Return the answers with what was wrong with the rows that have none; `first` is the number of the first row."""
    reasons: list[str | None] = [None] * part.rows
    for bad in part.bad:
        reasons[bad.row - first] = str(bad)
    return part.batch.append_column(REASON, pa.array(reasons, pa.string()))


def quoted(name: str) -> str:
    """Return a name that Spark takes for a column's, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"
