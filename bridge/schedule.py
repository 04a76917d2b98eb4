"""Recurrence rules: a thread that calls a function at the times that a rule of dateutil names.

A rule's `dtstart` decides the clock. Without a time zone its times are those of this machine's local clock, so that
"at 03:00" stays at 03:00 when summer time begins; with one (`'2026-01-01T03:00:00+01:00'`) they are instants of it.
Without a `dtstart` a rule starts when the thread is made.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import dateutil.parser
import dateutil.rrule

from triglot.errors import ConfigError
from triglot.occurrences import HORIZON_YEARS, happens, occurrences

logger = logging.getLogger("triglot")

SLEEP_BETWEEN_CHECKS_S: Final = 60.0
_FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DATES: Final = ("dtstart", "until")
_WORDS: Final = {"freq": _FREQUENCIES, "wkst": _DAYS, "byweekday": _DAYS, "byday": _DAYS}

Now = Callable[[Any], datetime]  # given a time zone or None, as `datetime.now`


def rule_of(rrule: Any, key: str = "") -> Any:
    """Return dateutil's rule: the one given, or that of a dict of its arguments.

    Frequencies and days may be words ('HOURLY', ['MO', 'FR']), dates may be text. The rules are those of RFC 5545,
    section 3.3.10. `key` is where the rule stands, for the error.

    Raises:
        ConfigError: It is neither, an argument is not known, a word is none of those, or it never happens.

    Examples:
        >>> mondays = rule_of({"freq": "WEEKLY", "byweekday": ["MO"], "dtstart": "2026-01-01T03:00:00", "count": 2})
        >>> [str(at) for at in mondays]
        ['2026-01-05 03:00:00', '2026-01-12 03:00:00']
    """
    try:
        return _checked(_made(rrule) if isinstance(rrule, Mapping) else rrule)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}" if key else str(error)) from error.__cause__


def _checked(rule: Any) -> Any:
    if not hasattr(rule, "after"):
        raise ConfigError(f"a rule must be a dict such as {{'freq': 'HOURLY'}}, not {type(rule).__name__}")
    _check_interval(getattr(rule, "_interval", 1))
    if not happens(rule):
        raise ConfigError(
            f"the rule names no time within {HORIZON_YEARS} years of its start; look at {_conditions(rule)}"
        )
    return rule


def _made(said: Mapping[Any, Any]) -> Any:
    if "freq" not in said:
        raise ConfigError(f"a rule needs 'freq': one of {', '.join(_FREQUENCIES)}")
    arguments = {str(key): _argument(str(key), value) for key, value in said.items()}
    _check_interval(arguments.get("interval", 1))
    arguments["byweekday"] = arguments.pop("byday", arguments.get("byweekday"))
    try:
        return dateutil.rrule.rrule(**arguments)
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"the rule {dict(said)!r} is none: {error}; see dateutil.rrule.rrule") from error


def _check_interval(interval: Any) -> None:
    if not isinstance(interval, int) or interval < 1:  # dateutil would go on the spot, or backwards
        raise ConfigError(f"the rule's interval is {interval!r}; use a whole number from 1 on")


def _conditions(rule: Any) -> str:
    """Return the arguments of a rule that may keep all times away."""
    said = [name for name, value in rule._original_rule.items() if value]
    bounds = {"interval": rule._interval != 1, "count": rule._count is not None, "until": rule._until is not None}
    return ", ".join([*said, *(name for name, is_said in bounds.items() if is_said)])


class RruleThread:
    """Calls a function at each occurrence of a rule, from `start()` to `stop()`, in a daemon thread of its own.

    Occurrences that fall into a call that is still running are made up for by one call after it. An exception is
    logged and the next occurrence is tried. After a fork the child has a thread of its own.

    Args:
        func: What is called, without arguments.
        rrule: The rule, as `rule_of` takes it.
        sleep_between_checks: The seconds at most that pass before the clock is looked at again: a clock that was set
            takes effect then.
        now: Gives the time, for a time zone or None.

    Examples:
        >>> called = threading.Event()
        >>> thread = RruleThread(called.set, {"freq": "SECONDLY"})
        >>> thread.start()
        >>> called.wait(10.0)
        True
        >>> thread.stop()
    """

    def __init__(
        self,
        func: Callable[[], Any],
        rrule: Any,
        sleep_between_checks: float = SLEEP_BETWEEN_CHECKS_S,
        now: Now = datetime.now,
    ) -> None:
        self._func = func
        self._name = getattr(func, "__name__", type(func).__name__)
        self._rule = rule_of(rrule)
        self._sleep_s = sleep_between_checks
        self._now = now
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_execution = self._clock()

    @property
    def rrule(self) -> Any:
        """The rule as dateutil has it."""
        return self._rule

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is None or not self._thread.is_alive():
            self._over = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._over,), name=f"rule-{self._name}", daemon=True
            )
            self._thread.start()
            _running.add(self)

    def stop(self) -> None:
        """Call no more; a call that is running goes on to its end."""
        self._over.set()
        _running.discard(self)

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end after `stop()`."""
        if self._thread is not None:
            self._thread.join(timeout)

    def is_alive(self) -> bool:
        """Return whether the thread runs; it ends with the last occurrence of its rule."""
        return self._thread is not None and self._thread.is_alive()

    def _clock(self) -> datetime:
        start = getattr(self._rule, "_dtstart", None)
        return self._now(None if start is None else start.tzinfo)

    def _run(self, over: threading.Event) -> None:
        times = occurrences(self._rule, self.last_execution)  # kept, because a rule counts from its start each time
        due = next(times, None)
        while due is not None:
            now = self._clock()
            if now < due:
                if over.wait(min((due - now).total_seconds(), self._sleep_s)):
                    return
                continue
            self.last_execution = now
            due = next((at for at in times if at > now), None)
            try:
                self._func()
            except Exception:
                logger.exception("Failed to call %s", self._name)
            if over.is_set():
                return
        _running.discard(self)

    def _after_fork(self) -> None:
        self._thread = None
        self.start()


_running: set[RruleThread] = set()


def _restart_all() -> None:
    for thread in list(_running):
        thread._after_fork()


os.register_at_fork(after_in_child=_restart_all)


def _argument(key: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_argument(key, item) for item in value]
    if not isinstance(value, str):
        return value
    if key in _DATES:
        try:
            return dateutil.parser.parse(value)
        except (ValueError, OverflowError) as error:
            raise ConfigError(f"the rule's {key} {value!r} is no date; write 2026-01-31T03:00:00") from error
    known = _WORDS.get(key, ())
    if value not in known:
        raise ConfigError(f"the rule's {key} is {value!r}; use {', '.join(known) if known else 'a number'}")
    return getattr(dateutil.rrule, value)
