"""Errors of the bridge as statuses of gRPC: what HTTP says by a number, gRPC says by a word."""

import math
from typing import NamedTuple

import grpc
from werkzeug.exceptions import HTTPException

from triglot.bodies import telling
from triglot.errors import BadRequest, EstimatorFailed, TriglotError
from triglot.server import errors

_CODE = grpc.StatusCode
_OF_HTTP = {
    400: _CODE.INVALID_ARGUMENT,
    401: _CODE.UNAUTHENTICATED,
    403: _CODE.PERMISSION_DENIED,
    404: _CODE.NOT_FOUND,
    409: _CODE.FAILED_PRECONDITION,
    413: _CODE.RESOURCE_EXHAUSTED,
    422: _CODE.FAILED_PRECONDITION,
    429: _CODE.RESOURCE_EXHAUSTED,
    503: _CODE.UNAVAILABLE,
    504: _CODE.DEADLINE_EXCEEDED,
}
_LONGEST = 4_000  # a message is a header, of which many a client takes 8 KB in all


class Status(NamedTuple):
    """How a call ends that has no answer: its code, the text, the error's own code, and what HTTP would say."""

    code: grpc.StatusCode
    message: str
    error: str
    http: int
    retry_after_s: int = 0


def status_of(error: Exception, request_id: str, *, debug: bool) -> Status:
    """Return how a call ends for this error, and write down what the caller is not to read."""
    if isinstance(error, HTTPException):
        http = error.code or 500
        return Status(_OF_HTTP.get(http, _CODE.INTERNAL), _short(error.description or error.name), "http", http)
    errors.failures.tell(error, request_id)
    if not isinstance(error, TriglotError):
        message = f"{type(error).__name__}: {error}" if debug else "the service failed; see the log"
        return Status(_CODE.INTERNAL, _short(message), TriglotError.code, 500)
    http = telling.STATUS.get(error.code, 500)
    if isinstance(error, EstimatorFailed) and error.error_code is not None:
        return Status(_CODE.INTERNAL, _short(str(error)), telling.PREDICT_ERROR, http)
    message = str(error) if isinstance(error, BadRequest) else telling.told(error, debug=debug)[0]
    code = _CODE.RESOURCE_EXHAUSTED if error.code == "overloaded" else _OF_HTTP.get(http, _CODE.INTERNAL)
    retry_after_s = math.ceil(getattr(error, "retry_after_s", 0.0)) or errors.RETRY_AFTER_S if http in (429, 503) else 0
    return Status(code, _short(message), error.code, http, retry_after_s)


def _short(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 3]}..."
