"""The JSON shapes, in and out, in one place."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Request, Response, g

from triglot.errors import BadRequest
from triglot.schema import Schema
from triglot.table import Table
from triglot.util import get_metadata

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY


class UnsupportedMediaType(BadRequest):
    """The body is of a type that this route does not read."""

    code = "unsupported-media-type"


def json_response(body: Any, status: int = 200) -> Response:
    """Return a response of this body; NaN and infinity are null, as JSON has no word for them."""
    return Response(orjson.dumps(body, option=_OPTIONS), status=status, content_type="application/json; charset=utf-8")


def one_row(request: Request, schema: Schema, *, ignore: frozenset[str] = frozenset(), allow_extra: bool) -> Table:
    """Return the one row of a query string; a repeated key counts once, with its first value."""
    row = {key: value for key, value in request.args.items() if key not in ignore}
    return schema.rows([row], allow_extra=allow_extra)


def many_rows(request: Request, schema: Schema, *, allow_extra: bool) -> Table:
    """Return the rows of a JSON list of objects as a table."""
    return schema.rows(json_rows(request), allow_extra=allow_extra)


def json_rows(request: Request) -> list[Any]:
    """Return the entries of a JSON list; raises `BadRequest` for any other body."""
    if request.mimetype != "application/json":
        said = repr(request.mimetype) if request.mimetype else "nothing"
        raise UnsupportedMediaType(f"the body must be JSON: send Content-Type: application/json, not {said}")
    body = request.get_data(cache=False)
    request.stream.read(1)  # a body of untold length is cut off at the limit in silence; reading on raises the 413
    if not body:
        raise BadRequest("the body is empty; send a JSON list of objects, one a row")
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not isinstance(rows, list):
        raise BadRequest("the body must be a JSON list of objects, one a row; put a single row into a list")
    return rows


def metadata(service_metadata: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """Return the metadata of a good answer: Palladium's keys in their order, then ours, then the service's own."""
    return get_metadata(facts=facts, service_metadata=service_metadata)


def error_body(
    message: str,
    code: str,
    details: Mapping[str, Any] | None = None,
    service_metadata: Mapping[str, Any] | None = None,
    error_code: int = -1,
) -> dict[str, Any]:
    """Return the body of an error: Palladium's three keys first, ours behind them, details only where there are any."""
    told = {key: value for key, value in (details or {}).items() if value}
    facts = {"code": code, "request_id": g.get("request_id", "")} | told
    return {
        "metadata": get_metadata(error_code, message, "ERROR", facts=facts, service_metadata=service_metadata or {})
    }
