"""Which waiting requests are answered by one call, and how its answer is taken apart: no sockets, no clock.

Only predictions of one operation, model, version, set of parameters and table signature are merged; everything
else is answered alone. Nobody ever waits for a batch to fill: a plan is made of what waits at this moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgpack

from triglot.message import Request


class Waiting(Protocol):
    """What a plan needs to know of one waiting request."""

    @property
    def request(self) -> Request: ...


W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one call may answer; a single request may always be larger."""

    rows: int = 65_536
    requests: int = 1_024


def plan(waiting: Sequence[W], limits: Limits) -> list[list[W]]:
    """Return the calls to make, in the order in which their first requests came; every request is in one."""
    calls: list[list[W]] = []
    if len(waiting) == 1:
        return [list(waiting)]
    open_calls: dict[tuple[object, ...], tuple[list[W], int]] = {}
    for item in waiting:
        request = item.request
        if request.op not in ("predict", "predict_proba") or request.alone or len(request.tables) != 1:
            calls.append([item])
            continue
        table = request.tables[0]
        key = (
            request.op,
            request.model,
            request.version,
            request.sha256,
            msgpack.packb(dict(request.params)) if request.params else b"",
            table.signature(),
        )
        call, rows = open_calls.get(key, ([], 0))
        if not call or rows + table.rows > limits.rows or len(call) >= limits.requests:
            call, rows = [], 0
            calls.append(call)
        call.append(item)
        open_calls[key] = (call, rows + table.rows)
    return calls


def singly(call: Sequence[W]) -> list[list[W]]:
    """Return a call of its own for each request, for models whose answers depend on the rows beside."""
    return [[item] for item in call]


def spans(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return where each request's answer starts and stops in the answer to all of them."""
    out = []
    start = 0
    for count in rows:
        out.append((start, start + count))
        start += count
    return out


def halves(call: Sequence[W]) -> tuple[list[W], list[W]]:
    """Return the two halves of a failed call, so that in the end only the guilty request fails."""
    middle = len(call) // 2
    return list(call[:middle]), list(call[middle:])
