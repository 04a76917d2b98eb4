"""What goes on for long is told once, then how often it has come, then that it is over."""

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from triglot.logs.handlers import about

REMIND_S: Final = 60.0
LONGEST_S: Final = 3_600.0
_MOST_KINDS: Final = 20  # of texts that one trouble is told in
_VARYING: Final = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8,}|\d+")


@dataclass
class _Trouble:
    """One that lasts: since when, when it came and was told last, for how long it is not told, how often it came."""

    since: float
    last: float
    told: float
    pause_s: float
    times: int = 1
    untold: int = 0
    newest: tuple[int, str, str, int] = (logging.ERROR, "", "", 0)
    kinds: set[str] = field(default_factory=set)


class Troubles:
    """The troubles of one logger, by names of the caller's; safe for threads.

    A trouble is told at once when it begins, and when it is told in other words, numbers apart. After that it is
    counted, and the count told after `remind_s` seconds, after twice as many, and so on, up to every hour. With
    `fading` it is over when nothing has come of it for `remind_s`, and timers see to the counts. Else somebody says so
    (`over`).
    """

    def __init__(
        self,
        logger: logging.Logger,
        *,
        fading: bool = False,
        remind_s: float = REMIND_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._fading = fading
        self._remind_s = remind_s
        self._clock = clock
        self._lock = threading.Lock()
        self._all: dict[str, _Trouble] = {}

    def tell(
        self,
        name: str,
        level: int,
        message: str,
        *,
        request_id: str = "",
        model: str = "",
        version: int = 0,
        exc_info: BaseException | None = None,
    ) -> None:
        """Tell of a trouble, or count it; what it is about is as in `about`, `exc_info` is as `logging` has it."""
        now, kind = self._clock(), _VARYING.sub("#", message)
        with self._lock:
            trouble = self._all.get(name)
            if trouble is None or (self._fading and now - trouble.last >= self._remind_s):
                trouble = self._all[name] = _Trouble(now, now, now, self._remind_s)
                if self._fading:
                    self._wake(name, self._remind_s)
            else:
                trouble.times += 1
                trouble.last = now
            trouble.newest = (level, message, model, version)
            new = kind not in trouble.kinds and len(trouble.kinds) < _MOST_KINDS
            if new:
                trouble.kinds.add(kind)
            else:
                trouble.untold += 1
            due = not new and not self._fading and now >= trouble.told + trouble.pause_s
        if new:
            self._logger.log(level, "%s", message, extra=about(request_id, model, version), exc_info=exc_info)
        elif due:
            self.remind(name)

    def over(self, name: str, message: str) -> None:
        """Say that a trouble is over, if there was one; `message` says how it is now, unless somebody else has."""
        with self._lock:
            trouble = self._all.pop(name, None)
        if trouble is not None and message:
            times = "" if trouble.times == 1 else f", and came {trouble.times} times"
            seconds = self._clock() - trouble.since
            self._logger.info(
                "%s; it went on for %.1f s%s", message, seconds, times, extra=about("", *trouble.newest[2:])
            )

    def remind(self, name: str) -> None:
        """Tell how often a trouble has come since it was told last; one that fades and has not come is forgotten."""
        with self._lock:
            trouble = self._all.get(name)
            if trouble is None:
                return
            now, untold, trouble.untold = self._clock(), trouble.untold, 0
            faded = self._fading and now - trouble.last >= self._remind_s
            if faded:
                del self._all[name]
            silent_s, trouble.told, trouble.pause_s = now - trouble.told, now, min(2 * trouble.pause_s, LONGEST_S)
            level, message, model, version = trouble.newest
            if self._fading and not faded:
                self._wake(name, trouble.pause_s)
        if untold:
            told = "%s (again: %d times in the last %.0f s)"
            self._logger.log(level, told, message, untold, silent_s, extra=about("", model, version))

    def _wake(self, name: str, after_s: float) -> None:
        timer = threading.Timer(after_s, self.remind, (name,))
        timer.daemon = True
        timer.start()
