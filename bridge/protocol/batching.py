"""Which waiting requests are answered by one call, and how its answer is taken apart: no sockets, no clock.

Only predictions of one operation, model, version, set of parameters and table signature are merged; everything
else is answered alone. Nobody ever waits for a batch to fill: a plan is made of what waits at this moment.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

from triglot.errors import ConfigError
from triglot.protocol.bundles import likeness
from triglot.protocol.messages import Request

FORGET = 0.9  # so much an earlier call counts beside the one after it
ALIKE = 0.05  # calls whose sizes differ by less than this share tell nothing of what a row costs


class Waiting(Protocol):
    """What a plan needs to know of one waiting request; `bytes` is its length on the wire."""

    @property
    def request(self) -> Request: ...

    @property
    def bytes(self) -> int: ...

    def apart(self) -> "Sequence[Self]":
        """Return the requests that share this one's message, each by itself."""
        ...


# What an author says of sharing calls: whether at all, or within which limits (see `Limits.of`).
Batch: TypeAlias = bool | Mapping[str, float]

W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one call may answer, and in how many seconds it should; a single request may always be larger."""

    rows: int = 65_536
    requests: int = 1_024
    bytes: int = 64 * 2**20
    goal_s: float = 0.1

    @property
    def alone(self) -> bool:
        """Whether every request is a call of its own, as for answers that depend on the rows beside."""
        return self.requests == 1

    def admit(self, item: Waiting) -> bool:
        """Whether one call may answer all requests that share this one's message."""
        parts = len(item.request.parts)
        return parts <= 1 or (
            parts <= self.requests and item.request.tables[0].rows <= self.rows and item.bytes <= self.bytes
        )

    @classmethod
    def of(cls, said: Any) -> "Limits":
        """Return the limits that an author declares: True, False (every request alone), or a dictionary of them.

        Its keys are rows, requests, megabytes and goal_ms; raises `ConfigError` for anything else.
        """
        if said is True:
            return cls()
        if said is False:
            return cls(requests=1)
        if not isinstance(said, Mapping):
            raise ConfigError(f"batch is {said!r}; write True, False or a dictionary of limits")
        limits = cls()
        for key, value in said.items():
            if key not in _UNITS:
                raise ConfigError(f"batch: {key!r} is no limit; use {', '.join(_UNITS)}")
            kinds = (int,) if key in ("rows", "requests") else (int, float)
            if type(value) not in kinds or not 0 < value < math.inf:
                raise ConfigError(f"batch: {key} is {value!r}; write a {'whole ' * (len(kinds) == 1)}number above 0")
            name, unit = _UNITS[key]
            limits = replace(limits, **{name: type(getattr(limits, name))(value * unit)})
        return limits


_UNITS: dict[str, tuple[str, float]] = {
    "rows": ("rows", 1),
    "requests": ("requests", 1),
    "megabytes": ("bytes", 2**20),
    "goal_ms": ("goal_s", 0.001),
}


class Pace:
    """What the calls of one version cost, learned from those that were made: a fixed part and a part for each row.

    Where a full call would take longer than the goal, fewer rows share one, so that those who came first are answered
    first; but never so few that the fixed part, which sharing saves, would be most of the work.
    """

    def __init__(self, limits: Limits) -> None:
        self._declared = limits
        self._sums = (0.0, 0.0, 0.0, 0.0, 0.0)
        self.limits = limits

    def took(self, rows: int, seconds: float) -> None:
        """Learn from one call."""
        new = (1.0, float(rows), seconds, float(rows) * rows, rows * seconds)
        count, x, y, xx, xy = (FORGET * old + one for old, one in zip(self._sums, new, strict=True))
        self._sums = (count, x, y, xx, xy)
        best = self._best(x / count, y / count, xx / count, xy / count)
        now = self.limits.rows
        if best > now:  # step by step, and only where there is more to take: what was learned may be out of date
            best = min(best, 2 * now) if 2 * rows >= now else now
        if best != now:
            self.limits = replace(self._declared, rows=best)

    def _best(self, x: float, y: float, xx: float, xy: float) -> int:
        """Return the rows to merge at most, by the means of rows, of seconds and of their products (least squares)."""
        declared, spread = self._declared, xx - x * x
        if spread <= (ALIKE * x) ** 2:  # nothing to be told from calls of one size: where they are slow, try another
            return int(x / 2) if y > declared.goal_s and x >= 2 else declared.rows
        each = (xy - x * y) / spread
        if each <= 0:
            return declared.rows
        fixed = max(0.0, y - each * x)
        return min(declared.rows, max(1, int((max(declared.goal_s, 2 * fixed) - fixed) / each)))


class _Open(Generic[W]):
    """The last call of one likeness, as long as there is room in it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.call: list[W] = []
        self._size: tuple[int, ...] = (0, 0, 0)  # rows, requests, bytes

    def takes(self, item: W) -> bool:
        """Put a request into the call, or where there is no room into a new one; return whether it is new."""
        more = (item.request.tables[0].rows, len(item.request.ids), item.bytes)
        most = (self.limits.rows, self.limits.requests, self.limits.bytes)
        size = tuple(map(operator.add, self._size, more))
        new = not self.call or any(map(operator.gt, size, most))
        if new:
            self.call, size = [], more
        self.call.append(item)
        self._size = size
        return new


def plan(waiting: Sequence[W], limits_of: Callable[[Request], Limits]) -> list[list[W]]:
    """Return the calls to make, in the order in which their first requests came; every request is in one."""
    if len(waiting) == 1 and not waiting[0].request.parts:
        return [[waiting[0]]]
    calls: list[list[W]] = []
    open_calls: dict[tuple[object, ...], _Open[W]] = {}
    for item in waiting:
        request = item.request
        if request.op not in ("predict", "predict_proba") or request.alone or len(request.tables) != 1:
            calls.append([item])
            continue
        key = likeness(request)
        if key not in open_calls:
            open_calls[key] = _Open(limits_of(request))
        for each in [item] if open_calls[key].limits.admit(item) else item.apart():
            if open_calls[key].takes(each):
                calls.append(open_calls[key].call)
    return calls


def singly(call: Sequence[W]) -> list[list[W]]:
    """Return a call of its own for each request, for models whose answers depend on the rows beside."""
    return [[item] for item in apart(call)]


def apart(call: Sequence[W]) -> list[W]:
    """Return the requests of a call, none of which shares a message with others any more."""
    return [each for item in call for each in (item.apart() if item.request.parts else [item])]


def requests(call: Sequence[W]) -> int:
    """Return how many requests a call answers."""
    return sum(len(item.request.ids) for item in call)


def halves(call: Sequence[W]) -> tuple[list[W], list[W]]:
    """Return the two halves of a failed call, so that in the end only the guilty request fails."""
    each = apart(call)
    middle = len(each) // 2
    return each[:middle], each[middle:]
