"""The times of a recurrence rule, found without walking through every second, and never looked for endlessly.

dateutil steps from a rule's start to the end of the calendar where nothing is named: for every second of 30 February
that takes minutes, in which nobody else is served. Here a rule of steps within a day is asked for its days first.
"""

import math
from collections.abc import Iterator
from datetime import MAXYEAR, datetime, timedelta
from itertools import islice
from typing import Any, Final

from dateutil.rrule import DAILY, HOURLY, MINUTELY, SECONDLY, WEEKLY, YEARLY

HORIZON_YEARS: Final = 100  # 29 February is a Monday every 28 years, and every 40 around 2100
_CALENDAR_YEARS: Final = 400  # after which the same days are the same weekdays again
# How far apart the steps of a frequency are, where all of them are alike.
_STEPS: Final = {
    WEEKLY: timedelta(weeks=1),
    DAILY: timedelta(days=1),
    HOURLY: timedelta(hours=1),
    MINUTELY: timedelta(minutes=1),
    SECONDLY: timedelta(seconds=1),
}
_CONDITIONS: Final = ("bymonth", "bymonthday", "byyearday", "byweekno", "byweekday", "byeaster")  # on days
_DAY: Final = timedelta(days=1)


def occurrences(rule: Any, after: datetime) -> Iterator[datetime]:
    """Yield the times that a rule names after one, which is of the same time zone; ends where none is near.

    Examples:
        >>> from dateutil.rrule import rrule
        >>> seconds = rrule(SECONDLY, dtstart=datetime(1970, 1, 1), bymonth=2, bymonthday=29)
        >>> next(occurrences(seconds, datetime(2026, 1, 1)))
        datetime.datetime(2028, 2, 29, 0, 0)
    """
    return (at for at in _from(rule, after) if at > after)


def happens(rule: Any) -> bool:
    """Return whether a rule names a time at all, within `HORIZON_YEARS` of its start."""
    if not hasattr(rule, "_freq"):  # a set of rules, which may be filled later
        return True
    if rule._bysetpos and rule._freq >= DAILY and min(map(abs, rule._bysetpos)) > _times_a_step(rule):
        return False
    late = _late(rule)
    try:
        return next(_from(late, late._dtstart), None) is not None
    except (TypeError, ValueError, OverflowError):  # dateutil stumbles over some contradictions as it looks
        return False


def _from(rule: Any, start: datetime) -> Iterator[datetime]:
    """Yield the times of a rule, from one on."""
    if not hasattr(rule, "_freq"):
        yield from (at for at in rule if at >= start)
    elif rule._count is not None:
        every = _from(rule.replace(count=None), rule._dtstart)
        yield from (at for at in islice(every, rule._count) if at >= start)
    elif rule._freq < DAILY or not any(rule._original_rule.get(name) for name in _CONDITIONS):
        yield from (at for at in _begun(rule, start) if at >= start)
    else:
        yield from (at for at in _day_by_day(rule, max(start, rule._dtstart)) if at >= start)


def _day_by_day(rule: Any, start: datetime) -> Iterator[datetime]:
    """Yield the times of a rule of steps within days, beginning with those of the day of `start`.

    Its conditions on days are asked as a rule of years, in which dateutil needs less than a microsecond a day.
    """
    said = {name for name in _CONDITIONS if rule._original_rule.get(name)}
    days = rule.replace(
        freq=YEARLY,
        interval=1,
        dtstart=start.replace(hour=0, minute=0, second=0, microsecond=0),
        until=None,
        byweekday=rule._byweekday,  # without its number in the month, which steps within a day have none of
        bysetpos=None,
        byhour=0,
        byminute=0,
        bysecond=0,
        # of months alone dateutil would take the day of the start
        **({"bymonthday": range(1, 32)} if said == {"bymonth"} else {}),
    )
    unconditional = rule.replace(**dict.fromkeys(_CONDITIONS))
    seen = start.year
    for day in days:
        if day.year - seen > HORIZON_YEARS or (rule._until is not None and day > rule._until):
            return
        for at in _within(unconditional, day):
            if rule._until is not None and at > rule._until:
                return
            seen = day.year
            yield at


def _within(rule: Any, day: datetime) -> Iterator[datetime]:
    """Yield the times of a day, given as its midnight."""
    step = _STEPS[rule._freq] * rule._interval
    steps = max(0, -((rule._dtstart - day) // step))
    last = day + _DAY - timedelta.resolution
    if rule._dtstart + steps * step <= last:
        yield from (at for at in _begun(rule, day).replace(until=last) if at >= day)


def _begun(rule: Any, when: datetime) -> Any:
    """Return a rule that names the same times from `when` on, and begins not long before.

    A rule counts from its start each time: one of every second that began a year ago counts for minutes.
    """
    step = _STEPS.get(rule._freq)
    if step is None:
        return rule
    steps = (when - rule._dtstart) // (step * rule._interval) - 1
    return rule.replace(dtstart=rule._dtstart + steps * step * rule._interval) if steps > 0 else rule


def _late(rule: Any) -> Any:
    """Return the rule moved to the end of the calendar, where dateutil's search ends, too; days stay what they are."""
    start, until = rule._dtstart, rule._until
    years = max(0, (MAXYEAR - HORIZON_YEARS - start.year) // _CALENDAR_YEARS * _CALENDAR_YEARS)
    if until is not None:
        until = None if until.year + years > MAXYEAR else until.replace(year=until.year + years)
    return rule.replace(dtstart=start.replace(year=start.year + years), until=until)


def _times_a_step(rule: Any) -> int:
    """Return of how many times `bysetpos` chooses where steps are days or less."""
    finer = (rule._byhour, rule._byminute, rule._bysecond)[rule._freq - DAILY :]
    return math.prod(map(len, finer))
