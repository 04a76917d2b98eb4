"""Which crashes make a loop, how long the next start waits, and what is to be told: decided without clock or process.

supervisord alone starts a program that crashes after its start again at once and for ever; only one that never gets as
far as running is given up.
"""

from collections import defaultdict
from dataclasses import dataclass

from triglot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CrashLoop:
    """What is a loop: so many crashes of one process within so many seconds.

    The next starts wait for 1, 2, 4 ... seconds, at most `longest_s`. It is over once the process has run for
    `within_s` without a crash.
    """

    crashes: int = 5
    within_s: float = 60.0
    longest_s: float = 60.0

    def __post_init__(self) -> None:
        if self.crashes < 1 or self.within_s <= 0 or self.longest_s < 0:
            raise ConfigError(f"crash_loop: {self}; crashes is 1 or more, within_s above 0, longest_s 0 or more")


class Crashes:
    """The crashes of all supervised processes, and the troubles that they amount to.

    Times are seconds of a clock that never goes back.
    """

    def __init__(self, loop: CrashLoop) -> None:
        self._loop = loop
        self._times: dict[str, list[float]] = defaultdict(list)
        self._running_since: dict[str, float] = {}
        self._waits: dict[str, float] = {}
        self.troubles: dict[str, str] = {}

    def crashed(self, name: str, now: float, how: str) -> float:
        """Note a crash; return the seconds that the next start shall wait, which are 0 unless it loops."""
        self._running_since.pop(name, None)
        recent = [time for time in self._times[name] if now - time < self._loop.within_s]
        self._times[name] = [*recent, now]
        if name not in self._waits and len(self._times[name]) < self._loop.crashes:
            return 0.0
        wait = self._waits[name] = min(self._waits.get(name, 0.5) * 2, self._loop.longest_s)
        self.troubles[name] = (
            f"crashes again and again: {len(self._times[name])} times in {self._loop.within_s:g} s, last with {how}"
        )
        return wait

    def running(self, name: str, now: float) -> None:
        """Note that a process has come as far as running; one that had been given up is well again."""
        self._running_since[name] = now
        if name not in self._waits:
            self.troubles.pop(name, None)

    def given_up(self, name: str, why: str) -> None:
        """Note that a process is not started any more."""
        self._forget(name)
        self.troubles[name] = f"has been given up: {why}"

    def stopped(self, name: str) -> None:
        """Note that an operator wants it stopped, which is no trouble."""
        self._forget(name)

    def settle(self, now: float) -> None:
        """End the loops of those that have run without a crash for long enough."""
        for name in [*self._waits]:
            since = self._running_since.get(name)
            if since is not None and now - since >= self._loop.within_s:
                self._forget(name)

    def _forget(self, name: str) -> None:
        for memory in (self._times, self._running_since, self._waits, self.troubles):
            memory.pop(name, None)
