"""Which pools of workers are without any, and since when: told once it lasts, and when one is there again."""

import logging
from collections.abc import Collection

logger = logging.getLogger("triglot.monitor")

PATIENCE_S = 2.0  # a worker that is started again is there before that


class Absences:
    """Pools, each of a language or a group, whose workers have announced themselves and do not answer."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._told: set[str] = set()

    def look(self, present: Collection[str], absent: Collection[str], now: float) -> None:
        """Take note of the pools that have a worker and of those that only had one; times are of a monotonic clock."""
        for pool in [pool for pool in self._since if pool not in absent]:
            since = self._since.pop(pool)
            if pool in self._told:
                self._told.remove(pool)
                if pool in present:
                    logger.info("workers of %s are there again, after %.1f s", pool, now - since)
        for pool in absent:
            if now - self._since.setdefault(pool, now) >= PATIENCE_S and pool not in self._told:
                self._told.add(pool)
                logger.warning("no worker of %s has answered for %.0f s", pool, now - self._since[pool])
