"""Tables as callers write them in JSON: rows, columns, a list of names beside rows of values, rows without names."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from triglot.bodies import words
from triglot.errors import BadRequest, Problem
from triglot.tables.schema import MAX_PROBLEMS, Schema
from triglot.tables.table import Table

Rows = list[Any]
Columns = dict[str, Any]

_SPLIT = {"columns", "data"}
_ARRANGED = {
    "records": "a list of objects, one a row",
    "columns": "an object of lists, one a column",
    "split": "an object of 'columns' and 'data'",
}
_UNFIT = "the request does not fit the model"


def loads(body: bytes, wanted: str = "list of objects, one a row", *, with_words: bool = False) -> Any:
    """Return a body's JSON; raises `BadRequest`, which says what is wanted where there is no body.

    With the words NaN, Infinity and -Infinity, which JSON does not have and some clients write: NaN is null then, and
    an infinity is refused.
    """
    if not body:
        raise BadRequest(f"the body is empty; send a JSON {wanted}")
    try:
        return words.loads(body, _word) if with_words else orjson.loads(body)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None


def _word(word: str) -> None:
    if word != "NaN":
        raise BadRequest(f"the body has the value {word}, which no model takes; send null where there is no value")


def table(schema: Schema, content: Rows | Columns, *, allow_extra: bool = False) -> Table:
    """Return rows or columns as a table of this schema; raises one `BadRequest` that names every bad field."""
    if isinstance(content, dict):
        return schema.columns(content, allow_extra=allow_extra)
    return schema.rows(content, allow_extra=allow_extra)


def rows_or_columns(content: Any, fields: Collection[str]) -> Rows | Columns:
    """Return the rows of a list, or the columns of an object, in any shape that names its columns.

    An object whose keys are fields is never taken for anything else. Raises `BadRequest` for other content.
    """
    if type(content) is list:
        return content
    if isinstance(content, dict) and content:
        for wrapper, read in WRAPPERS.items():
            if content.keys() == {wrapper} and wrapper not in fields:
                return read(content[wrapper])
        if _SPLIT <= content.keys() <= _SPLIT | {"index"} and not _SPLIT & set(fields):
            return split(content)
        # an object of single values is a row that somebody forgot to put into a list
        if any(isinstance(value, list) for value in content.values()):
            return content
    raise BadRequest(
        "the body must be a JSON list of objects, one a row; put a single row into a list, or send an object of lists, "
        "one a column"
    )


def arranged(content: Any, orient: str) -> Rows | Columns:
    """Return the rows or columns of a body whose type says how it is arranged, in pandas' words."""
    if orient == "records" and isinstance(content, list):
        return content
    if orient == "columns" and isinstance(content, dict):
        return content
    if orient == "split" and isinstance(content, dict) and _SPLIT <= content.keys() <= _SPLIT | {"index"}:
        return split(content)
    raise BadRequest(f"the body must be {_ARRANGED[orient]}, as the orient={orient} of its Content-Type says")


def split(content: Any) -> Columns:
    """Return the columns of an object with names and rows, which have their values in the names' order."""
    if not isinstance(content, dict) or not content.keys() >= _SPLIT:
        raise BadRequest(
            "'dataframe_split' must be an object with 'columns', a list of names, and 'data', a list of rows"
        )
    names, data = content["columns"], content["data"]
    if not (isinstance(names, list) and all(type(name) is str for name in names) and isinstance(data, list)):
        raise BadRequest("'columns' must be a list of names, and 'data' a list of rows that are lists of values")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadRequest(f"'columns' has a name twice: {', '.join(map(repr, twice[:MAX_PROBLEMS]))}")
    return _by_column(names, data, "as 'columns' has names")


def records(content: Any) -> Rows:
    """Return a list of objects, one a row."""
    if type(content) is not list:
        raise BadRequest("'dataframe_records' must be a list of objects, one a row")
    return content


# MLflow's names for what a body holds
WRAPPERS: Mapping[str, Callable[[Any], Rows | Columns]] = {"dataframe_split": split, "dataframe_records": records}


def instances(content: Any, fields: Sequence[str], name: str) -> Rows | Columns:
    """Return a list of objects, or of lists that have their values in the order of the model's columns."""
    if type(content) is not list:
        raise BadRequest(f"{name} must be a list of rows, each an object or a list of values")
    if content and type(content[0]) is list:
        return _by_column(fields, content, "as the model has columns")
    return content


def _by_column(names: Sequence[str], data: Rows, why: str) -> Columns:
    wrong = [
        Problem("", f"must be a list of {len(names)} values, {why}", number)
        for number, row in enumerate(data)
        if type(row) is not list or len(row) != len(names)
    ]
    if wrong:
        raise BadRequest(_UNFIT, wrong[:MAX_PROBLEMS])
    columns = zip(*data, strict=True) if data else [()] * len(names)
    return {name: list(values) for name, values in zip(names, columns, strict=True)}


def must_be_object(content: Any, members: str) -> dict[str, Any]:
    """Return an object; raises `BadRequest`, which says what it must have."""
    if not isinstance(content, dict):
        raise BadRequest(f"the body must be a JSON object with {members}")
    return content
