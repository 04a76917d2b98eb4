"""Models on Dask: answers to its data frames, and searches of scikit-learn's on its clusters.

Dask is an extra, `triglot[dask]`. Its processes need this package, the model's language and the signing key in their
environment, and no model store: a version travels with the work, once to each process.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa

from triglot.bulk.reading import Reader
from triglot.engines.dask_cluster import needed
from triglot.engines.dask_search import parallel
from triglot.errors import BadRequest, TriglotError
from triglot.project import Project
from triglot.scoring.bad_rows import REASON, InFrames, handled
from triglot.scoring.scorer import Scored, Scorer
from triglot.versions import bundle_of, carried

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parallel", "predict"]


def predict(
    model: str | os.PathLike[str],
    ddf: Any,
    *,
    proba: bool = False,
    keep: Sequence[str] = (),
    bad_rows: InFrames = "refuse",
    config: str | os.PathLike[str] | None = None,
) -> Any:
    """Return a Dask data frame of answers with the index of `ddf`, computed when it is asked for.

    Each process of the cluster starts a worker of the model's language when it first needs one, keeps it, and ends it
    with itself; where the worker is killed it is started again, and its rows are asked again.

    Args:
        model: The name of a model in the model store, NAME@VERSION, or the path of a bundle.
        ddf: A data frame with the model's columns, by their names; others may be beside them.
        proba: Probabilities, a column a class, instead of the column `prediction`.
        keep: Columns of `ddf` that come before the answers, as they are.
        bad_rows: What becomes of a row that cannot be answered. "refuse" raises, "aside" leaves it out, "null" answers
            it with nothing, and "reason" adds a column that says why.
        config: A configuration file that names the model store, by default what `triglot` takes.

    Raises:
        ConfigError: Dask is not installed.
        ModelNotFound: There is no such model, or no version is active.
        BadRequest: A column is missing, or there are no probabilities.
    """
    way, dask = handled(bad_rows), needed("dask")
    project = Project(() if config is None else (Path(config),), os.environ, Path.cwd())
    source, variables = carried(project, bundle_of(project, os.fspath(model)))
    scorer = Scorer(source, proba=proba, bad_rows=way, key_file=project.key_file, variables=variables)
    meta = _meta(scorer, ddf._meta, tuple(keep), bad_rows)
    wanted = [name for name in ddf.columns if name in {*scorer.columns(), *keep}]
    once = dask.delayed(scorer, traverse=False, name=f"triglot-{uuid4().hex}")  # else with each partition
    return ddf[wanted].map_partitions(_answered, once, tuple(keep), bad_rows, meta=meta)


def _meta(scorer: Scorer, given: "pd.DataFrame", keep: tuple[str, ...], bad_rows: InFrames) -> "pd.DataFrame":
    """Return an empty frame as the answers will be; raises `BadRequest` where it cannot be made."""
    if lacking := [name for name in keep if name not in given]:
        raise BadRequest(f"keep: there is no column {', '.join(map(repr, lacking))}")
    schema = scorer.schema(pa.Schema.from_pandas(given, preserve_index=False))
    added = [*schema.names, *([REASON] if bad_rows == REASON else [])]
    if twice := sorted({*keep} & {*added}):
        raise BadRequest(f"keep: {', '.join(map(repr, twice))} is also what an answer is called; rename the column")
    return _together(schema, given.iloc[:0], keep, bad_rows, [])


def _answered(
    given: "pd.DataFrame",
    scorer: Scorer,
    keep: tuple[str, ...],
    bad_rows: InFrames,
    partition_info: dict[str, Any] | None = None,
) -> "pd.DataFrame":
    """Return the answers to a partition."""
    try:
        rows = _arrow(given)
        schema = scorer.schema(rows.schema)
        reader = Reader(tuple(rows.schema.names), iter(rows.to_batches()))
        found = list(scorer.scored(reader, schema)) if len(given) else []
        return _together(schema, given, keep, bad_rows, found)
    except TriglotError as error:
        number = (partition_info or {}).get("number", "?")
        error.args = (f"partition {number}: {error}",)
        raise


def _arrow(given: "pd.DataFrame") -> Any:
    try:
        return pa.Table.from_pandas(given, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise BadRequest(f"a column has values of several kinds: {'; '.join(map(str, error.args))}") from None


def _together(
    schema: Any, given: "pd.DataFrame", keep: tuple[str, ...], bad_rows: InFrames, found: list[Scored]
) -> "pd.DataFrame":
    """Return kept columns, answers of a schema and reasons as one frame, with the index of those that are answered."""
    import pandas as pd

    bad = {row.row: str(row) for each in found for row in each.bad}
    if bad_rows == "aside" and bad:
        given = given[[row not in bad for row in range(len(given))]]
    answers = pa.Table.from_batches([each.batch for each in found], schema=schema)
    frame = answers.to_pandas(types_mapper=None if bad_rows == "refuse" else _nullable().get)
    frame.index = given.index
    if bad_rows == REASON:
        frame[REASON] = pd.Series([bad.get(row) for row in range(len(given))], index=given.index, dtype="string")
    together: pd.DataFrame = pd.concat([given[list(keep)], frame], axis=1)
    return together


def _nullable() -> dict[Any, Any]:
    """Return pandas' types of whole numbers that may be missing, which would become fractions."""
    import pandas as pd

    return {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}
