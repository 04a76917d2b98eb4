"""When a request is sent again: what to do next, told to whoever has the network and the clock.

Predictions change nothing, so that one may be asked for again whatever became of the one before.
"""

import random
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from triglot.client.failures import Unreachable, failure

AGAIN = {429, 502, 503}
SHORTEST_S = 0.1
LONGEST_S = 2.0
SPREAD = 0.25  # callers that were refused together come back apart


@dataclass(frozen=True, slots=True)
class Sent:
    """One request; `path` is below the service's address."""

    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Got:
    """One answer, read whole; the names of its headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """No answer, and why; `again` where the next try may fare better."""

    reason: str
    again: bool


@dataclass(frozen=True, slots=True)
class Try:
    """Send this, wait at most so long for an answer, and tell what came."""

    sent: Sent
    at_most_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so long."""

    seconds: float


Step: TypeAlias = Try | Pause
Told: TypeAlias = Got | Broken | Pause  # of a pause nothing is told
Steps: TypeAlias = Generator[Step, Told, Got]


def answered(sent: Sent, timeout_s: float, request_id: str) -> Steps:
    """Return the answer to a request, which is sent until there is one or the time is over.

    Raises:
        CallFailed: as the last answer says; `Unreachable` where there was none.
    """
    deadline_s = time.monotonic() + timeout_s
    shortest_s = SHORTEST_S
    while True:
        told = yield from _tried(sent, max(deadline_s - time.monotonic(), SHORTEST_S))
        if isinstance(told, Got) and told.status < 400:
            return told
        pause_s = max(shortest_s, _asked_for_s(told)) * (1 + SPREAD * random.random())
        if not _worth_it(told) or time.monotonic() + pause_s >= deadline_s:
            raise _error(told, sent, request_id)
        yield Pause(pause_s)
        shortest_s = min(2 * shortest_s, LONGEST_S)


def looked(sent: Sent, timeout_s: float, request_id: str, *known: int) -> Steps:
    """Return the answer to a request that is sent once; raises `CallFailed` for a status that is not known."""
    told = yield from _tried(sent, timeout_s)
    if isinstance(told, Broken) or told.status not in known:
        raise _error(told, sent, request_id)
    return told


def _tried(sent: Sent, at_most_s: float) -> Generator[Step, Told, Got | Broken]:
    told = yield Try(sent, at_most_s)
    assert not isinstance(told, Pause)
    return told


def _worth_it(told: Got | Broken) -> bool:
    return told.again if isinstance(told, Broken) else told.status in AGAIN


def _error(told: Got | Broken, sent: Sent, request_id: str) -> Exception:
    if isinstance(told, Got):
        return failure(told.status, told.content, told.headers.get("x-request-id", request_id))
    return Unreachable(f"no answer to {sent.method} {sent.path}: {told.reason}", request_id=request_id)


def _asked_for_s(told: Got | Broken) -> float:
    """Return the seconds that an answer asks for by `Retry-After`, in either of the ways that HTTP has."""
    said = told.headers.get("retry-after", "").strip() if isinstance(told, Got) else ""
    if said.isascii() and said.isdecimal():
        return float(said)
    try:
        then = parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
