"""A line for each call and for each answer, so that a request's way is found by its id, with the time that it took.

Named in the configuration's `hooks`, for workers, the front end or both; see docs/hooks.md.
"""

import logging
from typing import Any

from triglot.hooks import Answered, Hook, WorkerCall
from triglot.logs import about

logger = logging.getLogger("triglot.calls")

SHOWN_IDS = 8  # of a call that answers more


class CallLog(Hook):
    """Logs at INFO; the values are `name=value`, and times are in milliseconds."""

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        """Log a call that has given its answer."""
        logger.info("called", extra=_about(call, seconds))

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        """Log a call that has given none."""
        logger.info("failed", extra=_about(call, seconds, error=type(error).__name__))

    def request_answered(self, answered: Answered) -> None:
        """Log an answer."""
        facts = {name: getattr(answered, name) for name in ("op", "rows", "code", "path", "status")}
        told: dict[str, Any] = {name: value for name, value in facts.items() if value not in ("", 0)}
        told |= _took(answered.seconds)
        logger.info("answered", extra=about(answered.id, answered.model, answered.version, **told))


def _about(call: WorkerCall, seconds: float, **facts: Any) -> dict[str, Any]:
    ids = call.ids
    told: dict[str, Any] = {"op": call.op, "requests": len(ids), "rows": call.rows, **facts, **_took(seconds)}
    return about(",".join(ids[:SHOWN_IDS]), call.model, call.version, **told)


def _took(seconds: float) -> dict[str, float]:
    return {"ms": round(1000 * seconds, 2)}
