"""How often a caller may ask: rates, and the buckets that count against them."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from triglot.access.scopes import ALL, SCOPES
from triglot.errors import ConfigError

MOST_BUCKETS: Final = 100_000
_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "day": 86_400.0}
_TEXT: Final = re.compile(rf"([1-9][0-9]{{0,8}})/({'|'.join(_SECONDS)})")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds; all of them may come at once."""

    count: int
    period_s: float

    def __str__(self) -> str:
        unit = next(name for name, seconds in _SECONDS.items() if seconds == self.period_s)
        return f"{self.count}/{unit}"


def rate_of(said: Any, where: str) -> Rate:
    """Return the rate that a text such as '100/s' says; raises `ConfigError`, naming the place."""
    found = _TEXT.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise ConfigError(f"{where}: {said!r}; write a rate such as '100/s', '30/min', '500/h' or '10000/day'")
    return Rate(int(found[1]), _SECONDS[found[2]])


def rates_of(said: Any, where: str) -> dict[str, Rate]:
    """Return the rates by scope; one text alone is the rate of each scope."""
    if isinstance(said, str):
        return dict.fromkeys(SCOPES, rate_of(said, where))
    if not isinstance(said, Mapping) or not said.keys() <= ALL:
        raise ConfigError(f"{where}: {said!r}; write one rate, or a dict of rates by scope ({', '.join(SCOPES)})")
    return {scope: rate_of(text, f"{where}: {scope}") for scope, text in said.items()}


class Buckets:
    """Counts requests by whoever makes them.

    Of each there is one number: when its bucket will be full again. A request moves that on by the time that one
    request is worth, and is one too many where that would be further away than the period of its rate.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST_BUCKETS) -> None:
        self._clock = clock
        self._most = most
        self._full: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait_s(self, who: str, rate: Rate) -> float:
        """Return how long it is until `who` may ask; nothing is counted."""
        now = self._clock()
        return max(0.0, self._after(who, rate, now) - now - rate.period_s)

    def count(self, who: str, rate: Rate) -> None:
        """Count a request, one too many, too: it is paid for by those that come later."""
        with self._lock:
            now = self._clock()
            if who not in self._full and len(self._full) >= self._most:
                self._make_room(now)
            self._full[who] = self._after(who, rate, now)

    def take(self, who: str, rate: Rate) -> float:
        """Count a request if it may be made; return how long it is until it may, 0 if now."""
        wait_s = self.wait_s(who, rate)
        if not wait_s:
            self.count(who, rate)
        return wait_s

    def _after(self, who: str, rate: Rate, now: float) -> float:
        """Return when the bucket is full again if there is one request more."""
        return max(self._full.get(who, now), now) + rate.period_s / rate.count

    def _make_room(self, now: float) -> None:
        """Forget the full ones, as a new one says the same, and where they are not half of all, those next to it."""
        waiting = sorted((at, who) for who, at in self._full.items() if at > now)
        self._full = {who: at for at, who in waiting[-(self._most // 2) :]}
