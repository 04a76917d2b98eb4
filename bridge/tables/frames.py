"""What Python people hold (data frames, arrays) to tables and targets, and back.

pandas is imported only where a data frame is asked for; what comes in brings it along. The NaN of pandas and numpy
is what Python people mean by a missing value, and becomes one.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from triglot.errors import BadRequest
from triglot.tables import times
from triglot.tables.labels import Labels, Task
from triglot.tables.table import FLOATS, NUMERIC, Array, Column, Table

if TYPE_CHECKING:
    import pandas as pd


def to_table(X: Any) -> Table:
    """Return a table of a DataFrame, of an array of shape (rows, columns), or of a table itself.

    The columns of an array are named x0, x1, ... as scikit-learn names them. Raises `BadRequest` for a column that
    has no kind, naming it.
    """
    if isinstance(X, Table):
        return X
    if hasattr(X, "columns") and hasattr(X, "iloc"):
        names = [str(name) for name in X.columns]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise BadRequest(f"column names must differ; given twice: {', '.join(twice)}")
        if set(X.dtypes) <= {np.dtype(np.float64)}:  # a column at a time is slow where there are thousands
            return _matrix(names, X.to_numpy())
        return Table.of({name: _column(name, series) for name, (_, series) in zip(names, X.items(), strict=True)})
    array = np.asarray(X)
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.ndim != 2:
        raise BadRequest(f"X must have rows and columns, not shape {array.shape}")
    names = [f"x{j}" for j in range(array.shape[1])]
    if array.dtype.name in NUMERIC:
        return _matrix(names, array)
    if array.dtype.kind in "iuf":
        return _matrix(names, array.astype(np.float64))
    return Table.of({name: _objects(name, array[:, j]) for j, name in enumerate(names)})


def to_column(y: Any) -> Column:
    """Return the column of a Series, of an array of shape (rows,), of a list, or of a column itself."""
    if isinstance(y, Column):
        return y
    if hasattr(y, "dtype") and hasattr(y, "iloc"):
        return _column("y", y)
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise BadRequest(f"y must have one value a row, not shape {array.shape}")
    return _numeric(array) if array.dtype.name in NUMERIC else _objects("y", array)


def to_frame(X: Table, *, copy: bool = False) -> "pd.DataFrame":
    """Return a data frame: categories with their levels, missing values as this pandas shows them.

    With `copy` it shares no memory with the table.
    """
    import pandas as pd

    if X.is_matrix:
        matrix = X.matrix()
        return pd.DataFrame(np.array(matrix, order="F") if copy else matrix, columns=list(X.names), copy=False)
    data = {name: _series(column, copy) for name, column in zip(X.names, X.columns, strict=True)}
    return pd.DataFrame(data, index=pd.RangeIndex(X.rows), columns=list(X.names))


def _series(column: Column, copy: bool) -> Any:
    import pandas as pd

    if column.kind == "category":
        codes = column.values if column.missing is None else np.where(column.missing, -1, column.values)
        levels = pd.Index(column.levels, dtype=object)
        return pd.Categorical.from_codes(codes, categories=levels, ordered=column.ordered)
    if column.kind == "datetime":
        instants = column.values
        if column.missing is not None:
            instants = np.where(column.missing, np.datetime64("NaT"), instants)
        series: Any = pd.Series(instants, copy=copy)
        return series.dt.tz_localize("UTC").dt.tz_convert(column.zone) if column.zone else series
    if column.kind in ("string", "date"):  # pandas has no type for days: they are Python's own
        if column.missing is None and not copy and column.kind == "string":
            return column.values
        values = column.values.astype(object)
        if column.missing is not None:
            values[column.missing] = None
        return values
    if column.missing is None:
        return np.array(column.values) if copy else column.values
    if column.kind in FLOATS:
        return np.where(column.missing, np.float32("nan") if column.kind == "float32" else np.nan, column.values)
    # pandas' own types for whole numbers and booleans of which some are missing; scikit-learn reads them
    kind = pd.arrays.BooleanArray if column.kind == "bool" else pd.arrays.IntegerArray
    return kind(np.array(column.values), np.array(column.missing))


def to_target(y: Any, task: Task) -> tuple[Array, Labels | None]:
    """Return the target as int32 codes and labels for classification, else as float64 numbers.

    Numbers have shape (rows,), or (rows, outputs) where there are several outputs. The classes of a categorical column
    keep its order; others are sorted.
    """
    if isinstance(y, Column):
        return _target_of_column(y, task)
    if task == "classification":
        if getattr(y, "ndim", 1) > 1 and y.shape[1] > 1:
            raise BadRequest(
                f"a classifier takes one target, and the data have {y.shape[1]}: let 'target_column' of the loader "
                "name one, and fit a model for each"
            )
        dtype = getattr(y, "dtype", None)
        levels = getattr(dtype, "categories", None)
        values = y.tolist() if hasattr(y, "tolist") else list(y)
        labels = Labels.learn(values, None if levels is None else levels.tolist())
        return labels.encode(values), labels
    try:
        if getattr(getattr(y, "dtype", None), "kind", "O") in "mM":  # which numpy would count
            raise TypeError
        numbers = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadRequest("the target of a regression must be numbers") from None
    if not np.isfinite(numbers).all():
        raise BadRequest("the target has missing or infinite values; remove these rows before fitting")
    several = numbers.ndim == 2 and numbers.shape[1] > 1
    return (np.asfortranarray(numbers) if several else numbers.ravel()), None


def target_table(y: Array) -> Table:
    """Return a target as the table that crosses the wire: one column, or one an output."""
    if y.ndim == 1:
        return Table(("y",), matrix=np.asfortranarray(y.reshape(-1, 1)))
    return Table([f"y{j}" for j in range(y.shape[1])], matrix=np.asfortranarray(y))


def task_of(model: Any, y: Any) -> Task:
    """Return what a model is for: what it says itself, else what its target looks like."""
    said = getattr(model, "task", None)
    if said is None and hasattr(model, "__sklearn_tags__"):
        said = {"classifier": "classification", "regressor": "regression"}.get(model.__sklearn_tags__().estimator_type)
    if said in ("classification", "regression"):
        return "classification" if said == "classification" else "regression"
    array = y.values if isinstance(y, Column) else np.asarray(y)
    return "regression" if array.dtype.kind == "f" else "classification"


def _target_of_column(y: Column, task: Task) -> tuple[Array, Labels | None]:
    if y.missing is not None and y.missing.any():
        raise BadRequest("the target has missing values; remove these rows before fitting")
    if y.kind not in ("category", "string"):
        return to_target(y.values, task)
    if task == "regression":
        raise BadRequest("the target of a regression must be numbers")
    if y.kind == "string":
        return to_target(y.values, task)
    return y.values, Labels.learn([], y.levels)


def _column(name: str, series: Any) -> Column:
    dtype = series.dtype
    if hasattr(dtype, "categories"):
        codes = series.cat.codes.to_numpy(dtype=np.int32)
        missing = codes < 0
        levels = [str(level) for level in dtype.categories.tolist()]
        if len(set(levels)) != len(levels):
            raise BadRequest(f"column {name!r} has two levels that are spelt alike; rename one in the dataset loader")
        return Column.category(codes, levels, ordered=bool(dtype.ordered), missing=missing if missing.any() else None)
    missing = series.isna().to_numpy()
    mask = missing if missing.any() else None
    if str(dtype).startswith(("date32", "date64")):  # Arrow's days, which pandas itself takes for instants
        return _objects(name, [None if gone else value for value, gone in zip(series.tolist(), missing, strict=True)])
    numpy_name = getattr(dtype, "numpy_dtype", dtype)
    kind = getattr(numpy_name, "kind", "O")
    if kind == "f":
        single = numpy_name == np.dtype(np.float32)
        return Column.numeric(series.to_numpy(dtype=np.float32 if single else np.float64, na_value=np.nan), mask)
    if kind in "iu":
        if kind == "u" and len(series) and series.max() >= 2**63:
            raise BadRequest(f"column {name!r} holds whole numbers of more than 63 bits; make it text")
        narrow = np.int32 if numpy_name == np.dtype(np.int32) else np.int64
        return Column.numeric(series.to_numpy(dtype=narrow, na_value=0), mask)
    if kind == "b":
        return Column("bool", series.to_numpy(dtype=np.bool_, na_value=False), mask)
    if kind == "M" or hasattr(dtype, "tz"):
        zone = times.zone_name(getattr(dtype, "tz", None))
        moments = series.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(dtype, "tz", None) else series
        return _instants(name, moments.to_numpy(), mask, zone)
    if kind in "mcV":
        raise BadRequest(f"column {name!r} is of type {dtype}; turn it into numbers or text in the dataset loader")
    values: list[Any] = [None if gone else value for value, gone in zip(series.tolist(), missing, strict=True)]
    return _objects(name, values)


def _matrix(names: Sequence[str], array: Array) -> Table:
    """Return a table of an array of numbers; columns that have a NaN are columns with missing values."""
    with np.errstate(all="ignore"):
        # NaN where a value is, and quicker to have than a mask; infinities make one, too
        suspicious = array.dtype.kind == "f" and np.isnan(np.sum(array))
    if suspicious and (gone := np.isnan(array)).any():
        columns = [_numeric(array[:, j], gone[:, j]) for j in range(len(names))]
        return Table(names, columns=columns)
    return Table(names, matrix=np.asfortranarray(array))


def _numeric(values: Array, gone: Array | None = None) -> Column:
    if gone is None and values.dtype.kind == "f":
        gone = np.isnan(values)
    return Column.numeric(values, gone if gone is not None and gone.any() else None)


def _instants(name: str, values: Array, missing: Array | None = None, zone: str = "") -> Column:
    instants = values.astype(times.INSTANT)
    if ((instants.astype(values.dtype) != values) & ~np.isnat(values)).any():
        raise BadRequest(f"column {name!r} has times finer than a microsecond; round them in the dataset loader")
    return Column.times(instants, missing, zone)


def _objects(name: str, values: Sequence[Any] | Array) -> Column:
    plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
    plain = [None if _is_nan(value) else value for value in plain]
    types = {type(value) for value in plain if value is not None}
    if types <= {str}:
        return Column.strings(plain)
    if types <= {bool}:
        missing = np.array([value is None for value in plain])
        return Column("bool", np.array([bool(v) for v in plain]), missing if missing.any() else None)
    if types <= {int, float}:
        return _numeric(np.array([np.nan if value is None else value for value in plain], dtype=np.float64))
    if types <= {date}:
        return Column.times(np.array(plain, dtype=times.DAY))
    if all(issubclass(kind, datetime) for kind in types):
        return _moments(plain)
    found = " and ".join(sorted(kind.__name__ for kind in types))
    raise BadRequest(f"column {name!r} holds values of type {found}; make it all text or all numbers")


def _moments(plain: Sequence[datetime | None]) -> Column:
    """Return datetimes with the zone of the first; as instants of UTC where only some have one, or several."""
    zones = {times.zone_name(value.tzinfo) for value in plain if value is not None}
    if "" in zones and len(zones) > 1:
        raise BadRequest("a column mixes times with and without a zone; give all of them one in the dataset loader")
    zone = zones.pop() if len(zones) == 1 else "UTC"
    read = times.reader(zone)
    return Column.times(
        np.array([None if value is None else read(value.isoformat()) for value in plain], dtype=times.INSTANT),
        zone=zone,
    )


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value
