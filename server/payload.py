"""JSON as Flask's responses, and the body of an error of the request that Flask is answering."""

from collections.abc import Mapping
from typing import Any

from flask import Response, g

from triglot.bodies import payload
from triglot.bodies.payload import JSON_TYPE, dumps


def json_response(body: Any, status: int = 200, content_type: str = JSON_TYPE) -> Response:
    """Return a response of this body."""
    return Response(dumps(body), status=status, content_type=content_type)


def error_body(
    message: str,
    code: str,
    details: Mapping[str, Any] | None = None,
    service_metadata: Mapping[str, Any] | None = None,
    error_code: int = -1,
) -> dict[str, Any]:
    """Return the body of an error with this request's id; see `triglot.bodies.payload.error_body`."""
    return payload.error_body(message, code, g.get("request_id", ""), details, service_metadata, error_code)
