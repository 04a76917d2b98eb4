"""What callers hold as a request, and answers as what they hold: data frames, Arrow tables, lists of dictionaries.

No library is imported here that the caller has not brought.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import orjson

from triglot.client import columns
from triglot.errors import BadRequest, Problem

JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"
SMALL_CELLS: Final = 20_000  # as JSON these cost less than one of the few places for large requests
NAME: Final = "prediction"
MOST_PROBLEMS: Final = 100


@dataclass(frozen=True, slots=True)
class Question:
    """A request's body and its type, and the function that makes of an answer's Arrow table what the caller holds.

    `proba`: whether the answer is one column a class, whatever their number.
    """

    content: bytes
    kind: str
    give: Callable[[Any, bool], Any]


def question(data: Any) -> Question:
    """Return what is to be asked for these rows.

    Raises:
        TypeError: nothing here reads this.
        BadRequest: a value cannot be sent; the error names its column.
    """
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return Question(_records(data), JSON, lambda table, proba: _as_list(table, proba))
    table, give = _table(data)
    if table.num_rows > 0 and table.num_rows * table.num_columns <= SMALL_CELLS:
        return Question(orjson.dumps(columns.plain(table)), JSON, give)
    return Question(columns.stream(table), ARROW, give)


def _table(data: Any) -> tuple[Any, Callable[[Any, bool], Any]]:
    """Return the Arrow table of what a caller holds, and how its answer is given."""
    pandas, polars, pyarrow = (sys.modules.get(name) for name in ("pandas", "polars", "pyarrow"))
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return columns.of_pandas(data), lambda table, proba: _as_pandas(table, proba, data.index)
    if polars is not None and isinstance(data, polars.DataFrame):
        return data.to_arrow(), lambda table, proba: _as_polars(table, proba, polars)
    if pyarrow is not None and isinstance(data, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([data]), lambda table, _: table
    if hasattr(data, "__arrow_c_stream__"):
        import pyarrow as pa

        return pa.table(data), lambda table, _: table
    raise TypeError(
        "data must be a data frame of pandas or polars, an Arrow table or a list of dictionaries, one a row, not "
        f"{type(data).__module__}.{type(data).__name__}"
    )


def _as_pandas(table: Any, proba: bool, index: Any) -> Any:
    frame = table.to_pandas()
    frame.index = index
    if (values := columns.values_of_any(table)) is not None:
        return type(frame[frame.columns[0]])(values, index=index, name=frame.columns[0], dtype=object)
    return frame if proba or frame.shape[1] > 1 else frame[frame.columns[0]]


def _as_polars(table: Any, proba: bool, polars: Any) -> Any:
    frame = polars.from_arrow(table)
    return frame if proba or frame.width > 1 else frame.to_series()


def _as_list(table: Any, proba: bool) -> list[Any]:
    if (values := columns.values_of_any(table)) is not None:
        return values
    several = proba or table.num_columns > 1
    found: list[Any] = table.to_pylist() if several else table.column(0).to_pylist()
    return found


def _records(rows: Sequence[Any]) -> bytes:
    """Return rows as JSON; every value that JSON has no word for is named at once."""
    problems: list[Problem] = []
    wrong = next((number for number, row in enumerate(rows) if not isinstance(row, Mapping)), None)
    if wrong is not None:
        raise TypeError(f"row {wrong} must be a dictionary of fields, not {type(rows[wrong]).__name__}")
    plain = [
        {str(name): _value(row[name], str(name), number, problems) for name in row} for number, row in enumerate(rows)
    ]
    if problems:
        raise BadRequest("these values cannot be sent", problems[:MOST_PROBLEMS])
    return orjson.dumps(plain)


def _value(value: Any, name: str, row: int, problems: list[Problem]) -> Any:
    """Return one value as JSON has it; what it has no word for is among the problems."""
    if callable(getattr(value, "item", None)):  # of numpy
        value = value.item()
    if value is None or isinstance(value, bool | str) or type(value).__name__ in ("NAType", "NaTType"):
        return value if isinstance(value, bool | str) else None
    if isinstance(value, float):
        if math.isinf(value):
            problems.append(Problem(name, "must be finite", row))
        return None if math.isnan(value) else value
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else str(value)
    problems.append(Problem(name, f"cannot be sent: it is {value!r:.60} of type {type(value).__name__}", row))
    return None
