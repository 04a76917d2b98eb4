"""Errors of the bridge as HTTP: the one place where a code becomes a status, and the one shape of an error."""

import logging
import math
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from triglot.errors import BadRequest, EstimatorFailed, TriglotError, VersionNotLoadable
from triglot.server.payload import error_body, json_response

logger = logging.getLogger("triglot.server")

STATUS = {
    "bad-request": 400,
    "model-not-found": 404,
    "version-not-found": 404,
    "job-not-found": 404,
    "not-acceptable": 406,
    "version-in-use": 409,
    "too-large": 413,
    "unsupported-media-type": 415,
    "poison-request": 422,
    "config": 500,
    "estimator-failed": 500,
    "artefact-refused": 500,
    "protocol": 500,
    "error": 500,
    "artefact-needed": 503,
    "language-unavailable": 503,
    "overloaded": 503,
    "store": 503,
    "table-needed": 503,
    "version-not-loadable": 503,
    "worker-lost": 503,
    "worker-makes-room": 503,
    "worker-unavailable": 503,
    "deadline-exceeded": 504,
}
PREDICT_ERROR = "predict-error"
RETRY_AFTER_S = 1
SHOWN_PATH = 200
_OF_THE_BODY = {"content-type", "content-length"}
# What these say was written for the caller; everything else may name files and functions of ours.
_TOLD = {code for code, status in STATUS.items() if status != 500}


def register(app: Flask) -> None:
    """Answer every error of this app in the one shape."""
    app.register_error_handler(TriglotError, _bridge)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _bridge(error: TriglotError) -> Response:
    status = STATUS.get(error.code, 500)
    if isinstance(error, EstimatorFailed) and error.error_code is not None:
        logger.warning("[%s] the model foresaw: %s (%s)", g.get("request_id", ""), error, error.error_code)
        return foreseen(str(error), error.error_code)
    if status >= 500:
        logger.error("[%s] %s: %s", g.get("request_id", ""), error.code, _for_the_log(error))
    if current_app.debug:
        body = _body(str(error), error.code, error.details())
    elif error.code in _TOLD:
        body = _body(_said(error), error.code, error.details())
    elif isinstance(error, EstimatorFailed):
        body = _body(f"the model failed ({error.native_class or 'error'}); see the log for this request_id", error.code)
    else:
        body = _body("the service failed; see the log for this request_id", error.code)
    response = json_response(body, status)
    if status == 503:
        response.headers["Retry-After"] = str(_retry_after(error))
    return response


def _retry_after(error: TriglotError) -> int:
    """Return the seconds after which a caller's next try may fare better."""
    known_s = error.retry_after_s if isinstance(error, VersionNotLoadable) else 0.0
    return max(RETRY_AFTER_S, math.ceil(known_s))


def foreseen(message: str, error_code: Any) -> Response:
    """Return the answer to a failure that an author foresaw: code and message are meant for the caller."""
    return json_response(_body(message, PREDICT_ERROR, error_code=error_code), 500)


def _body(message: str, code: str, details: Mapping[str, Any] | None = None, error_code: Any = -1) -> dict[str, Any]:
    """Return the body of an error of the application that is answering, inside the configuration's decorators."""
    g.code = code  # for who is told of answers
    context = current_app.extensions.get("triglot")
    own = {} if context is None else context.options.service_metadata
    return error_body(message, code, details, own, error_code)


def _http(error: HTTPException) -> Response:
    response = json_response(_body(f"{error.name}: {_remedy(error)}", "http"), error.code or 500)
    for name, value in error.get_headers():
        if name.lower() not in _OF_THE_BODY:  # such as WWW-Authenticate, which callers act on
            response.headers.add(name, value)
    if error.code == 405:
        response.headers["Allow"] = ", ".join(_methods(error))
    return response


def _remedy(error: HTTPException) -> str:
    """Return what the caller can do about an error of HTTP itself."""
    if error.code == 404:
        routes = ", ".join(sorted({rule.rule for rule in current_app.url_map.iter_rules()}))
        return f"there is no route {request.path[:SHOWN_PATH]!r}; the routes are {routes}"
    if error.code == 405:
        return f"{request.method} is not allowed here; use {', '.join(_methods(error))}"
    if error.code == 413:
        return f"a body may have {request.max_content_length:,} bytes; send fewer rows at a time"
    return str(error.description or "see the headers of this answer")


def _methods(error: HTTPException) -> list[str]:
    return sorted(getattr(error, "valid_methods", None) or ())


def _unexpected(error: Exception) -> Response:
    logger.exception("[%s] unexpected error", g.get("request_id", ""))
    message = f"{type(error).__name__}: {error}" if current_app.debug else "the service failed; see the log"
    return json_response(_body(message, "error"), 500)


def _said(error: TriglotError) -> str:
    return f"BadRequest: {error}" if isinstance(error, BadRequest) else str(error)


def _for_the_log(error: TriglotError) -> str:
    trace = getattr(error, "traceback", "")
    return f"{error}\n{trace}" if trace else str(error)
