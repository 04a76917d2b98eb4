"""The access log: a line for each answer of the front end, or for a share of them; see docs/logging.md.

It has the route and never the address itself, whose query string may hold what is nobody's business.
"""

import logging
import random
from typing import Any

from triglot.hooks import Answered, Hook
from triglot.logs import about

logger = logging.getLogger("triglot.requests")
logger.setLevel(logging.INFO)  # whoever wants a quiet service and these lines wants both


class AccessLog(Hook):
    """Tells of answers at INFO; `share` is which share of them, above 0 and up to 1."""

    def __init__(self, share: float) -> None:
        self._share = share

    def request_answered(self, answered: Answered) -> None:
        """Log an answer, or let it pass."""
        if self._share < 1 and random.random() >= self._share:
            return
        facts = {
            "method": answered.method,
            "route": answered.route,
            "status": answered.status,
            "code": answered.code,
            "rows": answered.rows,
        }
        told: dict[str, Any] = {name: value for name, value in facts.items() if value not in ("", 0)}
        latency_ms = round(1000 * answered.seconds, 2)
        extra = about(answered.id, answered.model, answered.version, **told, latency_ms=latency_ms)
        logger.info("answered", extra=extra)
