"""Errors of the bridge as HTTP: the responses that tell of them, all of one shape."""

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from triglot.bodies.failing import FailureLog
from triglot.bodies.payload import BARE_JSON, JSON_TYPE
from triglot.bodies.telling import PREDICT_ERROR, STATUS, told
from triglot.errors import EstimatorFailed, TriglotError, VersionUnavailable
from triglot.server.payload import error_body, json_response

failures = FailureLog(logging.getLogger("triglot.server"))

Shape = Callable[[Mapping[str, Any], int], tuple[Mapping[str, Any], int]]

RETRY_AFTER_S = 1
SHAPES = "triglot.shapes"  # what becomes of errors at endpoints whose clients want them otherwise
SHOWN_PATH = 200
_MAIN = ("/models", "/models/<name>/predict", "/models/<name>/predict_proba", "/predict", "/list", "/ready", "/docs")
_BARE = ("/v2", "/v1/")  # below these, clients show the text of an error only if its type has no parameter
_NAMED = ("/v2/models/", "/v2/repository/models/", "/models/")
_OF_THE_BODY = {"content-type", "content-length"}


def register(app: Flask) -> None:
    """Answer every error of this app in the one shape."""
    app.register_error_handler(TriglotError, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(error: TriglotError) -> Response:
    """Return the answer to an error of the bridge."""
    _write_down(error)
    status = STATUS.get(error.code, 500)
    if isinstance(error, EstimatorFailed) and error.error_code is not None:
        return foreseen(str(error), error.error_code)
    message, details = told(error, debug=current_app.debug)
    response = _response(_body(message, error.code, details), status)
    if status == 503:
        response.headers["Retry-After"] = str(_retry_after(error))
    return response


def response_to(error: Exception) -> Response:
    """Return the answer to any error, the one that the application gives where it is raised."""
    if isinstance(error, TriglotError):
        return answer(error)
    if not isinstance(error, HTTPException):
        return _unexpected(error)
    if error.code is None:  # what `abort` was given is an answer already
        return current_app.make_response(error.get_response())
    return _http(error)


def _write_down(error: Exception) -> None:
    served = None if (asked := g.get("told")) is None else asked.served
    model, version = ("", 0) if served is None else (served.model, served.version)
    failures.tell(error, g.get("request_id", ""), model, version)


def _retry_after(error: TriglotError) -> int:
    """Return the seconds after which a caller's next try may fare better."""
    known_s = error.retry_after_s if isinstance(error, VersionUnavailable) else 0.0
    return max(RETRY_AFTER_S, math.ceil(known_s))


def foreseen(message: str, error_code: Any) -> Response:
    """Return the answer to a failure that an author foresaw: code and message are meant for the caller."""
    return _response(_body(message, PREDICT_ERROR, error_code=error_code), 500)


def _response(body: Mapping[str, Any], status: int) -> Response:
    shape = current_app.extensions.get(SHAPES, {}).get(request.endpoint)
    if shape is not None:
        body, status = shape(body, status)
    return json_response(body, status, BARE_JSON if request.path.startswith(_BARE) else JSON_TYPE)


def _body(message: str, code: str, details: Mapping[str, Any] | None = None, error_code: Any = -1) -> dict[str, Any]:
    """Return the body of an error of the application that is answering, inside the configuration's decorators."""
    g.code = code  # for who is told of answers
    context = current_app.extensions.get("triglot")
    own = {} if context is None else context.options.service_metadata
    return error_body(message, code, details, own, error_code)


def _http(error: HTTPException) -> Response:
    response = _response(_body(f"{error.name}: {_remedy(error)}", "http"), error.code or 500)
    for name, value in error.get_headers():
        if name.lower() not in _OF_THE_BODY:  # such as WWW-Authenticate, which callers act on
            response.headers.add(name, value)
    if error.code == 405:
        response.headers["Allow"] = ", ".join(_methods(error))
    return response


def _remedy(error: HTTPException) -> str:
    """Return what the caller can do about an error of HTTP itself."""
    if error.code == 404:
        routes = {rule.rule for rule in current_app.url_map.iter_rules()}
        main = ", ".join(rule for rule in _MAIN if rule in routes)
        slash = "; a model's name has no '/'" if request.path.startswith(_NAMED) else ""
        told = f"there are {main}, and all others in /openapi.json"
        return f"there is no route {request.path[:SHOWN_PATH]!r}{slash}; {told}"
    if error.code == 405:
        return f"{request.method} is not allowed here; use {', '.join(_methods(error))}"
    if error.code == 413:
        return f"a body may have {request.max_content_length:,} bytes; send fewer rows at a time"
    return str(error.description or "see the headers of this answer")


def _methods(error: HTTPException) -> list[str]:
    return sorted(getattr(error, "valid_methods", None) or ())


def _unexpected(error: Exception) -> Response:
    _write_down(error)
    message = f"{type(error).__name__}: {error}" if current_app.debug else "the service failed; see the log"
    return _response(_body(message, "error"), 500)
