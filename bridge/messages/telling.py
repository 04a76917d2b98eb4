"""What senders are told, and what only the log: errors as the bodies that HTTP would give."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from triglot.bodies.failing import FailureLog
from triglot.bodies.limits import BodyLimits
from triglot.bodies.payload import dumps, error_body
from triglot.bodies.telling import PREDICT_ERROR, STATUS, told
from triglot.errors import EstimatorFailed, TriglotError
from triglot.messages.message import Outcome
from triglot.serving.service import TIMEOUT_S

failures = FailureLog(logging.getLogger("triglot.messages"))


@dataclass(frozen=True, slots=True)
class Terms:
    """What the configuration says of every answer, whatever carries it."""

    timeout_s: float = TIMEOUT_S
    limits: BodyLimits = field(default_factory=BodyLimits)
    service_metadata: Mapping[str, Any] = field(default_factory=dict)
    debug: bool = False


def failed(error: Exception, request_id: str, terms: Terms) -> Outcome:
    """Return what becomes of a request for this error, and write down what its sender is not to read."""
    failures.tell(error, request_id)
    if not isinstance(error, TriglotError):
        shown = f"{type(error).__name__}: {error}" if terms.debug else "the service failed; see the log"
        return error_of(shown, TriglotError.code, 500, request_id, {}, terms)
    status = STATUS.get(error.code, 500)
    if isinstance(error, EstimatorFailed) and error.error_code is not None:
        return error_of(str(error), PREDICT_ERROR, status, request_id, {}, terms, error.error_code)
    message, details = told(error, debug=terms.debug)
    return error_of(message, error.code, status, request_id, details, terms)


def error_of(
    message: str,
    code: str,
    status: int,
    request_id: str,
    details: Mapping[str, Any],
    terms: Terms,
    error_code: Any = -1,
) -> Outcome:
    body = error_body(message, code, request_id, details, terms.service_metadata, error_code)
    return Outcome(dumps(body), status, code, message)
