"""What the log is told of the errors that requests end with, whatever carries them."""

import logging
from typing import Final

from triglot.bodies.telling import STATUS
from triglot.errors import EstimatorFailed, TriglotError
from triglot.logs import Troubles, about

# What is wrong with the service for a while, and would be told once a request.
LASTING: Final = frozenset(
    {
        "issuer-unavailable",
        "language-unavailable",
        "overloaded",
        "store",
        "version-not-loadable",
        "version-quarantined",
        "worker-makes-room",
        "worker-unavailable",
    }
)


class FailureLog:
    """Writes down what callers are not to read: what is the request's own each time, what lasts once and counted."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._troubles = Troubles(logger, fading=True)

    def tell(self, error: Exception, request_id: str, model: str = "", version: int = 0) -> None:
        """Tell of the error that is the answer to a request; those that are the caller's fault are not told."""
        if not isinstance(error, TriglotError):
            # the short way hands over an error that is no longer being handled
            self._logger.error("unexpected error", exc_info=error, extra=about(request_id, model, version))
        elif isinstance(error, EstimatorFailed) and error.error_code is not None:
            self._logger.warning(
                "the model foresaw: %s (%s)", error, error.error_code, extra=about(request_id, model, version)
            )
        elif error.code in LASTING:
            name, message = f"{error.code} {model}", f"{error.code}: {error}"
            self._troubles.tell(name, logging.ERROR, message, request_id=request_id, model=model, version=version)
        elif STATUS.get(error.code, 500) >= 500:
            trace = getattr(error, "traceback", "")
            self._logger.error("%s: %s", error.code, error, extra=about(request_id, model, version, trace=trace))
