"""What a predict service needs to know of a request, whoever received it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from flask import Request, g

from triglot.errors import BadRequest, Problem
from triglot.server.media import JSON, body_type
from triglot.tables.schema import MAX_PROBLEMS

_SPLIT = {"columns", "data"}
_WRAPPERS = ("dataframe_split", "dataframe_records")  # MLflow's names for what a body holds

Rows = list[Any]
Columns = dict[str, Any]


class Asked(NamedTuple):
    """One request for predictions.

    args: the query string, of a repeated key the first value. body: that of a POST, in JSON; None for a GET, which
    asks for the one row that the query string holds.
    """

    args: Mapping[str, str]
    body: bytes | None
    request_id: str

    def content(self, fields: Sequence[str]) -> Rows | Columns:
        """Return the rows of the body's list, or its columns by name; of a GET the query string as the only row.

        An object whose keys are fields is never taken for anything else. Raises `BadRequest` for other bodies.
        """
        return [dict(self.args)] if self.body is None else _content(self.body, fields)

    def rows(self, fields: Sequence[str]) -> Rows:
        """Return the content as rows."""
        content = self.content(fields)
        if isinstance(content, list):
            return content
        lengths = {len(values) if isinstance(values, list) else -1 for values in content.values()}
        if len(lengths) > 1 or -1 in lengths:
            raise BadRequest("the columns of the body must be lists of one length")
        return [dict(zip(content, row, strict=True)) for row in zip(*content.values(), strict=True)]


def asked_by(request: Request) -> Asked:
    """Return what Flask's request asks for; raises `UnsupportedMediaType` where a body says that it is no JSON."""
    if request.method != "POST":
        return Asked(request.args.to_dict(), None, g.request_id)
    body_type(request.mimetype, None, None, (JSON,))
    body = request.get_data(cache=False)
    request.stream.read(1)  # a body of untold length is cut off at the limit in silence; reading on raises the 413
    return Asked(request.args.to_dict(), body, g.request_id)


def typed_arguments(
    said: Mapping[str, Any], declared: Sequence[tuple[str, str]], types: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    """Return the declared (name, type) arguments that a query string holds; raises `BadRequest` naming a wrong one."""
    found = {}
    for name, kind in declared:
        text = said.get(name)
        if text is not None:
            try:
                found[name] = types[kind](text)
            except ValueError:
                raise BadRequest(f"argument {name!r} must be of type {kind}, not {text!r}") from None
    return found


def _content(body: bytes, fields: Sequence[str]) -> Rows | Columns:
    if not body:
        raise BadRequest("the body is empty; send a JSON list of objects, one a row")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if type(content) is list:
        return content
    if isinstance(content, dict) and content:
        for wrapper in _WRAPPERS:
            if content.keys() == {wrapper} and wrapper not in fields:
                content = content[wrapper]
        if isinstance(content, list):
            return content
        if isinstance(content, dict) and _SPLIT <= content.keys() <= _SPLIT | {"index"} and not _SPLIT & set(fields):
            return _split(content["columns"], content["data"])
        # an object of single values is a row that somebody forgot to put into a list
        if isinstance(content, dict) and any(isinstance(value, list) for value in content.values()):
            return content
    raise BadRequest(
        "the body must be a JSON list of objects, one a row; put a single row into a list, or send an object of lists, "
        "one a column"
    )


def _split(names: Any, data: Any) -> Columns:
    """Return the columns of a list of names and a list of rows, which have their values in that order."""
    if not (isinstance(names, list) and all(type(name) is str for name in names) and isinstance(data, list)):
        raise BadRequest("'columns' must be a list of names, and 'data' a list of rows that are lists of values")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadRequest(f"'columns' has a name twice: {', '.join(map(repr, twice[:MAX_PROBLEMS]))}")
    wrong = [
        Problem("", f"must be a list of {len(names)} values, as 'columns' has names", number)
        for number, row in enumerate(data)
        if type(row) is not list or len(row) != len(names)
    ]
    if wrong:
        raise BadRequest("the request does not fit the model", wrong[:MAX_PROBLEMS])
    columns = zip(*data, strict=True) if data else [()] * len(names)
    return {name: list(values) for name, values in zip(names, columns, strict=True)}
