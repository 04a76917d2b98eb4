"""What a predict service needs to know of a request, whoever received it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Request, g

from triglot.bodies.media import JSON, body_type
from triglot.bodies.shapes import Columns, Rows, arranged, loads, rows_or_columns
from triglot.errors import BadRequest


class Asked(NamedTuple):
    """One request for predictions.

    args: the query string, of a repeated key the first value. body: that of a POST, in JSON; None for a GET, which
    asks for the one row that the query string holds. orient: how the type of the body says that it is arranged.
    """

    args: Mapping[str, str]
    body: bytes | None
    request_id: str
    orient: str = ""

    def content(self, fields: Sequence[str]) -> Rows | Columns:
        """Return the rows of the body's list, or its columns by name; of a GET the query string as the only row.

        An object whose keys are fields is never taken for anything else. Raises `BadRequest` for other bodies.
        """
        if self.body is None:
            return [dict(self.args)]
        content = loads(self.body)
        return arranged(content, self.orient) if self.orient else rows_or_columns(content, fields)

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
        if has_body(request.environ):
            raise BadRequest("a GET asks for the row in its query string, and has a body here; send that by POST")
        return Asked(request.args.to_dict(), None, g.get("request_id", ""))
    body_type(request.mimetype, request.mimetype_params, (JSON,))
    return Asked(
        request.args.to_dict(), body_of(request), g.get("request_id", ""), request.mimetype_params.get("orient", "")
    )


def body_of(request: Request) -> bytes:
    """Return the whole body of a request, whatever it says of its type."""
    body = request.get_data(cache=False)
    request.stream.read(1)  # a body of untold length is cut off at the limit in silence; reading on raises the 413
    return body


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


def has_body(environ: Mapping[str, Any]) -> bool:
    """Return whether a request announces a body of at least a byte."""
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ
