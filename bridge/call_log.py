"""A line for each call and for each answer, so that a request's way is found by its id, with the time that it took.

Named in the configuration's `hooks`, for workers, the front end or both; see docs/hooks.md.
"""

import logging
from urllib.parse import quote

from triglot.hooks import Answered, Hook, WorkerCall

logger = logging.getLogger("triglot.calls")

SHOWN_IDS = 8  # of a call that answers more


class CallLog(Hook):
    """Logs at INFO; the values are `name=value`, and times are in milliseconds."""

    def call_ended(self, call: WorkerCall, seconds: float) -> None:
        """Log a call that has given its answer."""
        logger.info("%s", _line("called", call.ids, **_facts(call), ms=_ms(seconds)))

    def call_failed(self, call: WorkerCall, error: BaseException, seconds: float) -> None:
        """Log a call that has given none."""
        logger.info("%s", _line("failed", call.ids, **_facts(call), error=type(error).__name__, ms=_ms(seconds)))

    def request_answered(self, answered: Answered) -> None:
        """Log an answer."""
        facts = {**answered._asdict(), "path": quote(answered.path), "ms": _ms(answered.seconds)}
        for name in ("id", "seconds"):
            del facts[name]
        logger.info("%s", _line("answered", (answered.id,), **facts))


def _facts(call: WorkerCall) -> dict[str, object]:
    ids = call.ids
    return {"op": call.op, "model": call.model, "version": call.version, "requests": len(ids), "rows": call.rows}


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f}"


def _line(what: str, ids: tuple[str, ...], **facts: object) -> str:
    """Return a line of the facts that there are."""
    told = " ".join(f"{name}={value}" for name, value in facts.items() if value not in ("", 0))
    return f"[{','.join(ids[:SHOWN_IDS])}] {what} {told}"
