"""Functions of columns: a model as Spark's own functions are, in frames and in SQL."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from triglot.errors import BadRequest, ConfigError
from triglot.scoring.scorer import Scorer
from triglot.spark.bundles import Model
from triglot.spark.frames import quoted, scorer_of
from triglot.spark.library import pyspark, spark_schema
from triglot.spark.shipping import shipped
from triglot.tables.field import Field

pc: Any = pyarrow.compute  # whose functions are made when it is imported, which type checkers do not see

# A function of columns answers every row: it ends the job where it cannot, or answers with nothing.
BadRows: TypeAlias = Literal["refuse", "null"]


def predict_udf(
    model: Model, *, proba: bool = False, bad_rows: BadRows = "refuse", workers: int = 1
) -> Callable[..., Any]:
    """Return a function of columns that answers with a model: a column, to be used in `select` and `withColumn`.

    Called with nothing it takes the columns that are named as the model's; else the model's in their order, or one
    struct with fields of their names.

    Args:
        model: The path of a bundle, which is sent to the executors, or `stored(...)`.
        proba: Probabilities, a struct with a field a class. So are the answers of a model with several outputs.
        bad_rows: What becomes of a row that cannot be answered: "refuse" ends the job, "null" answers with nothing.
        workers: How many processes answer in each of Spark's Python processes, of which there is one a core.

    Examples:
        frame.withColumn("prediction", predict_udf("iris.bundle")())

    Raises:
        ArtefactRefused: The driver's key has not signed the bundle.
        ConfigError: There is no session of Spark yet.
    """
    session = pyspark("sql").SparkSession.getActiveSession()
    if session is None:
        raise ConfigError("there is no session of Spark in this thread: make one by SparkSession.builder.getOrCreate()")
    names, function = _function(session, model, proba, bad_rows, workers)

    def answered(*columns: Any) -> Any:
        return function(*_arguments(columns, names))

    return answered


def register(
    session: Any, name: str, model: Model, *, proba: bool = False, bad_rows: BadRows = "refuse", workers: int = 1
) -> None:
    """Have SQL of a session call a model by a name, with the model's columns in their order.

    Args:
        session: The SparkSession.
        name: What SQL calls it; one that is there already is replaced.
        model: As of `predict_udf`, like what follows.

    Examples:
        register(spark, "iris", "iris.bundle")
        spark.sql("SELECT iris(sepal_length, sepal_width, petal_length, petal_width) FROM flowers")

    Raises:
        ArtefactRefused: The driver's key has not signed the bundle.
    """
    session.udf.register(name, _function(session, model, proba, bad_rows, workers)[1])


@dataclass(frozen=True, slots=True)
class Columns:
    """A task: the columns of a function as pandas has them, batch by batch, to columns of answers.

    zone: that of the session, whose wall clock pandas' times tell.
    """

    scorer: Scorer
    zone: str

    def run(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield the answers to the columns of a partition, a frame where there are several of them."""
        fields = self.scorer.version().artefact.card().schema.fields
        rows = (_batch(fields, (given,) if isinstance(given, pd.Series) else given, self.zone) for given in batches)
        for part in self.scorer.outcomes(rows):
            answers = part.batch.to_pandas(integer_object_nulls=True)
            yield answers.iloc[:, 0] if answers.shape[1] == 1 else answers


def _function(session: Any, model: Model, proba: bool, bad_rows: str, workers: int) -> tuple[tuple[str, ...], Any]:
    """Return the names of a model's columns, and a function of Spark of so many."""
    if bad_rows not in get_args(BadRows):
        raise BadRequest(f"bad_rows is {bad_rows!r}; a function of columns takes one of {', '.join(get_args(BadRows))}")
    scorer = scorer_of(model, session, proba=proba, bad_rows=bad_rows, workers=workers)
    answers = spark_schema(scorer.schema(pa.schema([(name, pa.null()) for name in scorer.columns()])))
    single = len(answers) == 1
    run = shipped(Columns(scorer, session.conf.get("spark.sql.session.timeZone")))
    answer = Iterator[pd.Series] if single else Iterator[pd.DataFrame]
    run.__annotations__ = {"batches": Iterator[tuple[pd.Series, ...]], "return": answer}  # by which Spark tells kinds
    return scorer.columns(), pyspark("sql.functions").pandas_udf(run, answers[0].dataType if single else answers)


def _arguments(columns: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Return the model's columns in their order: those of their names, those that are given, or the fields of one."""
    column = pyspark("sql.functions").col
    if not columns:
        return [column(quoted(name)) for name in names]
    given = [column(each) if isinstance(each, str) else each for each in columns]
    if len(given) == len(names):
        return given
    if len(given) == 1:
        return [given[0].getField(name) for name in names]
    raise _number(names, len(given))


def _number(names: Sequence[str], given: int) -> BadRequest:
    return BadRequest(f"the model has {len(names)} columns and is given {given}: {', '.join(names)}")


def _batch(fields: Sequence[Field], given: Sequence["pd.Series[Any]"], zone: str) -> Any:
    """Return columns of pandas as a batch of Arrow's, which has moments where pandas has the wall clock's times."""
    names = [field.name for field in fields]
    if len(given) != len(names):
        raise _number(names, len(given))
    arrays = [pa.Array.from_pandas(series) for series in given]
    moments = [
        pc.assume_timezone(array, zone, ambiguous="earliest", nonexistent="latest")
        if field.zone and pa.types.is_timestamp(array.type) and array.type.tz is None
        else array
        for field, array in zip(fields, arrays, strict=True)
    ]
    return pa.record_batch(moments, names=names)
