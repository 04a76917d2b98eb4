"""When a version that ends workers is not asked any more, and when it is tried again: no clock, no file, no lock.

Times are seconds of a clock that never goes back.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

from triglot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What has a version not asked for a while: so many workers that it ended within so many seconds.

    A worker counts that was working on one request to it and on nothing else. After `for_s` seconds one request tries
    it again. With no `deaths` every version is asked, whatever it does.
    """

    deaths: int = 6
    within_s: float = 300.0
    for_s: float = 300.0

    def __post_init__(self) -> None:
        whole = isinstance(self.deaths, int) and self.deaths >= 0
        if not (whole and 0 < self.within_s < math.inf and 0 < self.for_s < math.inf):
            raise ConfigError(
                f"quarantine: {self}; deaths is a whole number, 0 for no quarantine, within_s and for_s are above 0"
            )


class Case(NamedTuple):
    """What is known of one version: when it ended workers, lately and in all, and until when it is not asked.

    `until` is 0 while it is asked as any other is; later than that one request may try it, and no other before `trial`.
    `reason` is what the last worker said of its end, if it said anything.
    """

    deaths: tuple[float, ...] = ()
    ended: int = 0
    until: float = 0.0
    trial: float = 0.0
    reason: str = ""

    @property
    def is_held(self) -> bool:
        """Whether it is in quarantine."""
        return self.until > 0

    @property
    def cause(self) -> str:
        """Why it is in quarantine, in words for callers."""
        ended = f"requests to it have ended {self.ended} worker{'' if self.ended == 1 else 's'}"
        return f"{ended} (the last one: {self.reason})" if self.reason else ended

    def after_death(self, now: float, reason: str, terms: Quarantine) -> Self:
        """Return what is known once a further worker has ended; one that tried a version again suffices."""
        lately = (*self._lately(now, terms), now)
        if self.is_held:
            return self._replace(deaths=lately, ended=self.ended + 1, until=now + terms.for_s, trial=0.0, reason=reason)
        until = now + terms.for_s if len(lately) >= terms.deaths else 0.0
        return self._replace(deaths=lately, ended=len(lately), until=until, reason=reason)

    def left_s(self, now: float) -> float:
        """Return for how long it is not asked yet; 0 where a request may try it."""
        return max(0.0, max(self.until, self.trial) - now)

    def is_over(self, now: float, terms: Quarantine) -> bool:
        """Whether there is nothing left to know; also of what was noted before this machine's clock began anew."""
        return self.deaths[-1:] > (now,) or not (self.is_held or self._lately(now, terms))

    def _lately(self, now: float, terms: Quarantine) -> tuple[float, ...]:
        return tuple(at for at in self.deaths if now - at < terms.within_s)
