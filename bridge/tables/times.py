"""Days and instants: how tables hold them, how text spells them, what a clock in a zone shows.

A day is numpy's `datetime64[D]`. An instant is `datetime64[us]`, counted in UTC, of a column that has a zone; a
column without one holds what some clock on a wall showed, and nothing is known of where that clock hung.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from triglot.errors import BadRequest

DAY, INSTANT = np.dtype("datetime64[D]"), np.dtype("datetime64[us]")


def zone_name(zone: tzinfo | str | None) -> str:
    """Return the name of a zone, empty for none; a fixed offset is no place, so that its instants are UTC's."""
    if not zone:
        return ""
    name = zone if isinstance(zone, str) else str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)
    return name if is_zone(name) else "UTC"


def is_zone(name: str) -> bool:
    """Return whether this machine knows a zone of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def read_day(value: Any) -> np.datetime64:
    """Return the day that text such as 2026-01-31 spells, or midnight of it; anything else raises `ValueError`."""
    try:
        return np.datetime64(_day(value), "D")
    except (TypeError, ValueError):
        raise ValueError(f"must be a day such as 2026-01-31, not {_shown(value)}{_hint(value)}") from None


def _day(value: Any) -> date:
    """Return the day of text; a time in it must be midnight, in no zone, which is how pandas writes days."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None or moment.time() != time.min:
            raise
        return moment.date()


def reader(zone: str) -> Callable[[Any], np.datetime64]:
    """Return the function that reads ISO 8601 text for a column of that zone; what it cannot read is `ValueError`.

    Text with an offset is an instant, text without one what a clock in the zone showed; where clocks were put back
    and showed it twice, the first time. A column without a zone takes no offset.
    """
    place = ZoneInfo(zone) if zone else None

    def read(value: Any) -> np.datetime64:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            example = "2026-01-31T12:00:00+01:00" if zone else "2026-01-31T12:00:00"
            raise ValueError(f"must be a time such as {example}, not {_shown(value)}{_hint(value)}") from None
        if moment.tzinfo is not None and place is None:
            raise ValueError(f"must be a time without an offset, as in training, not {_shown(value)}")
        try:
            return np.datetime64(_in_utc(moment, place), "us")
        except OverflowError:
            raise ValueError(f"is out of the years 1 to 9999: {_shown(value)}") from None

    return read


def texts(values: NDArray[Any], zone: str = "") -> list[str]:
    """Return days and instants as ISO 8601 text; instants of a zone are told in UTC, with a Z."""
    spelt: list[str] = np.datetime_as_string(values).tolist()
    return [f"{text}Z" for text in spelt] if zone else spelt


def on_the_wall(values: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """Return what clocks in the zone showed at these instants; as it is where there is no zone."""
    if zone in ("", "UTC"):
        return values
    place = ZoneInfo(zone)
    return _each(values, lambda moment: moment.replace(tzinfo=UTC).astimezone(place).replace(tzinfo=None))


def from_the_wall(values: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """Return the instants at which clocks in the zone showed these times."""
    place = ZoneInfo(zone)
    return _each(values, lambda moment: _in_utc(moment, place))


def _in_utc(moment: datetime, place: ZoneInfo | None) -> datetime:
    if moment.tzinfo is None:
        if place is None:
            return moment
        moment = moment.replace(tzinfo=place)
    return moment.astimezone(UTC).replace(tzinfo=None)


def _each(values: NDArray[np.datetime64], change: Callable[[datetime], datetime]) -> NDArray[np.datetime64]:
    """Change every different instant once."""
    distinct, places = np.unique(values, return_inverse=True)
    try:
        changed = [change(moment) for moment in distinct.astype(INSTANT).tolist()]
    except (AttributeError, OverflowError, TypeError):
        raise BadRequest("a time is out of the years 1 to 9999, where zones are known") from None
    return np.array(changed, dtype=INSTANT)[places]


def _hint(value: Any) -> str:
    if type(value) not in (int, float):
        return ""
    return "; a number does not say of which unit it is (pandas: to_json(..., date_format='iso'))"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
