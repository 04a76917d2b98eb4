"""The page of growth: what it shows of measurements is what was measured, and its marks are those of tables."""

import re
from pathlib import Path

import pytest

from benchmarks.simulation import costs, tables
from benchmarks.simulation.tables import ALL, replaced

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
OF_MEASUREMENTS = ("container", "costs", "stores", "store")  # which need no simulation


@pytest.mark.parametrize("name", OF_MEASUREMENTS)
def test_the_page_shows_what_was_measured(name: str) -> None:
    assert f"<!-- {name} -->\n\n{ALL[name](costs.load())}\n\n<!-- / -->" in PAGE.read_text("utf-8")


def test_every_table_has_its_place_on_the_page() -> None:
    marks = re.findall(r"<!-- ([a-z-]+) -->", PAGE.read_text("utf-8"))
    assert sorted(marks) == sorted([*ALL, "machine"])


def test_a_table_is_written_between_its_marks_and_a_mark_of_none_is_refused() -> None:
    found = costs.load()
    page = "before\n<!-- costs -->\nold\n<!-- / -->\nafter\n"
    assert replaced(page, found) == f"before\n<!-- costs -->\n\n{tables.costs(found)}\n\n<!-- / -->\nafter\n"
    with pytest.raises(ValueError, match="no table prices"):
        replaced("<!-- prices -->\n<!-- / -->\n", found)
