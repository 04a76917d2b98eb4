"""What a predict service needs to know of a request, whoever received it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Request, g

from triglot.errors import BadRequest

JSON = "application/json"


class UnsupportedMediaType(BadRequest):
    """The body is of a type that this route does not read."""

    code = "unsupported-media-type"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for predictions.

    args: the query string, of a repeated key the first value. body: that of a POST, a JSON list of objects; None for
    a GET, which asks for the one row that the query string holds.
    """

    args: Mapping[str, str]
    body: bytes | None
    request_id: str

    @property
    def rows(self) -> list[Any]:
        """The entries of the body's list, or the query string as the only one; raises `BadRequest` for other bodies."""
        return [dict(self.args)] if self.body is None else _entries(self.body)


def asked_by(request: Request) -> Asked:
    """Return what Flask's request asks for; raises `UnsupportedMediaType` where a body says that it is no JSON."""
    if request.method != "POST":
        return Asked(request.args.to_dict(), None, g.request_id)
    if request.mimetype != JSON:
        said = repr(request.mimetype) if request.mimetype else "nothing"
        raise UnsupportedMediaType(f"the body must be JSON: send Content-Type: {JSON}, not {said}")
    body = request.get_data(cache=False)
    request.stream.read(1)  # a body of untold length is cut off at the limit in silence; reading on raises the 413
    return Asked(request.args.to_dict(), body, g.request_id)


def _entries(body: bytes) -> list[Any]:
    if not body:
        raise BadRequest("the body is empty; send a JSON list of objects, one a row")
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not isinstance(rows, list):
        raise BadRequest("the body must be a JSON list of objects, one a row; put a single row into a list")
    return rows
