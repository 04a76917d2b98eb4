"""Days and instants: what text may spell them, and what clocks in a zone show."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.errors import BadRequest
from triglot.tables import times
from triglot.tables.field import Field
from triglot.tables.schema import Schema
from triglot.tables.table import Column

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
moments = st.datetimes(datetime(1900, 1, 2), datetime(2100, 1, 1))


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (None, ""),
        ("", ""),
        (ZoneInfo("Europe/Berlin"), "Europe/Berlin"),
        (UTC, "UTC"),
        (timezone(timedelta(hours=2)), "UTC"),
        ("Nowhere/Land", "UTC"),
        ("../etc/passwd", "UTC"),
    ],
)
def test_a_zone_is_known_by_its_place_and_an_offset_is_no_place(zone: Any, name: str) -> None:
    assert times.zone_name(zone) == name


@given(st.lists(moments, max_size=5), st.sampled_from(ZONES))
def test_instants_survive_their_text_and_the_way_to_a_wall_and_back(found: list[datetime], zone: str) -> None:
    instants = np.array(found, dtype=times.INSTANT)
    read = times.reader(zone)
    assert [read(text) for text in times.texts(instants, zone)] == instants.tolist()
    walls = times.on_the_wall(instants, zone)
    shown = [m.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for m in found]
    assert walls.tolist() == shown
    again = times.on_the_wall(times.from_the_wall(walls, zone), zone)
    assert again.tolist() == shown


def test_where_clocks_were_put_back_the_first_of_two_times_is_meant() -> None:
    read = times.reader("Europe/Berlin")
    assert str(read("2026-10-25T02:30:00")) == "2026-10-25T00:30:00.000000"
    assert str(read("2026-10-25T02:30:00+01:00")) == "2026-10-25T01:30:00.000000"


def test_midnight_of_no_zone_is_a_day() -> None:
    assert times.read_day("2026-01-31T00:00:00.000") == times.read_day("2026-01-31")


@pytest.mark.parametrize(
    "text", ["2026-02-30", "31.1.2026", "2026-01-31T00:00:01", "2026-01-31T00:00:00Z", "", 20260131, True, None]
)
def test_what_is_no_day_is_refused_with_an_example(text: Any) -> None:
    with pytest.raises(ValueError, match="must be a day such as 2026-01-31, not"):
        times.read_day(text)


@pytest.mark.parametrize(
    ("zone", "text", "told"),
    [
        ("UTC", "noon", "must be a time such as 2026-01-31T12:00:00\\+01:00"),
        ("", "noon", "must be a time such as 2026-01-31T12:00:00, not 'noon'"),
        ("", "2026-01-31T12:00:00Z", "must be a time without an offset"),
        ("UTC", 1769860800, "must be a time such as"),
        ("UTC", "0001-01-01T00:00:00+05:00", "is out of the years 1 to 9999"),
    ],
)
def test_what_is_no_time_of_the_column_is_refused_with_what_to_do(zone: str, text: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        times.reader(zone)(text)


def test_a_column_of_times_is_cast_where_nothing_is_lost() -> None:
    fields = [Field("day", "date"), Field("there", "datetime", zone="Europe/Berlin"), Field("wall", "datetime")]
    noon = np.array(["2026-01-31T12:00"], times.INSTANT)
    midnight = np.array(["2026-01-31"], times.INSTANT)

    def cast(**columns: Column) -> dict[str, list[Any]]:
        from triglot.tables.table import Table

        known = {"day": Column.times(midnight), "there": Column.times(noon, zone="UTC"), "wall": Column.times(noon)}
        checked = Schema(fields).check(Table.of(known | columns))
        return {name: column.to_list() for name, column in zip(checked.names, checked.columns, strict=True)}

    expected = {
        "day": ["2026-01-31"],
        "there": ["2026-01-31T12:00:00.000000Z"],
        "wall": ["2026-01-31T12:00:00.000000"],
    }
    assert cast() == expected
    assert cast(day=Column.strings(["2026-01-31"]), there=Column.strings(["2026-01-31T13:00"])) == expected
    assert cast(there=Column.times(noon)) == expected | {"there": ["2026-01-31T11:00:00.000000Z"]}
    for wrong, told in (
        ({"day": Column.times(noon)}, "'day': must be days, not times within days"),
        ({"wall": Column.times(noon, zone="UTC")}, "'wall': must be times without a zone"),
        ({"day": Column.numeric(np.array([1.0]))}, "'day': must be of kind date, not float64"),
    ):
        with pytest.raises(BadRequest, match=told):
            cast(**wrong)
