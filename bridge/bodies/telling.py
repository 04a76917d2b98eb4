"""Errors as callers read them: the number of HTTP that each code has, and what is told of it and what is not."""

from collections.abc import Mapping
from typing import Any

from triglot.errors import BadRequest, EstimatorFailed, TriglotError

STATUS = {
    "bad-request": 400,
    "unauthenticated": 401,
    "scope-missing": 403,
    "model-not-found": 404,
    "version-not-found": 404,
    "job-not-found": 404,
    "pipeline-not-found": 404,
    "program-not-found": 404,
    "result-not-found": 404,
    "not-acceptable": 406,
    "body-too-slow": 408,
    "version-in-use": 409,
    "too-large": 413,
    "unsupported-media-type": 415,
    "poison-request": 422,
    "rate-limited": 429,
    "config": 500,
    "estimator-failed": 500,
    "artefact-refused": 500,
    "protocol": 500,
    "error": 500,
    "artefact-needed": 503,
    "issuer-unavailable": 503,
    "language-unavailable": 503,
    "overloaded": 503,
    "store": 503,
    "table-needed": 503,
    "version-not-loadable": 503,
    "version-quarantined": 503,
    "worker-lost": 503,
    "worker-makes-room": 503,
    "worker-unavailable": 503,
    "deadline-exceeded": 504,
}
PREDICT_ERROR = "predict-error"
# What these say was written for the caller; everything else may name files and functions of ours.
_TOLD = {code for code, status in STATUS.items() if status != 500} - {"store"}
_STORE = "the model store cannot do this at the moment; try again, and see the log for this request_id"


def told(error: TriglotError, *, debug: bool = False) -> tuple[str, Mapping[str, Any]]:
    """Return what a caller may read of an error, whatever carries it: its message and its details."""
    if debug:
        return str(error), error.details()
    if error.code in _TOLD:
        return _said(error), error.details()
    if isinstance(error, EstimatorFailed):
        return f"the model failed ({error.native_class or 'error'}); see the log for this request_id", {}
    if error.code == "store":
        return _STORE, {}
    return "the service failed; see the log for this request_id", {}


def _said(error: TriglotError) -> str:
    return f"BadRequest: {error}" if isinstance(error, BadRequest) else str(error)
