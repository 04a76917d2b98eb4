"""The population stability index by its known values, counts that add up, and when a column drifts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from triglot.drift.bins import Bins, Counts
from triglot.drift.comparison import ColumnDrift, Drift, compared, psi
from triglot.drift.profile import profile_of
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table

ROWS = 200
counts = hnp.arrays(np.int64, 6, elements=st.integers(0, 10**6))


def independent(expected: list[int], asked: list[int]) -> float:
    """Return the index by its definition, written out bin for bin."""
    kept = [(e + 0.5, a + 0.5) for e, a in zip(expected, asked, strict=True) if e or a]
    of_training, of_asked = sum(e for e, _ in kept), sum(a for _, a in kept)
    return sum((a / of_asked - e / of_training) * math.log((a / of_asked) / (e / of_training)) for e, a in kept)


@given(counts, counts)
def test_the_index_is_what_its_definition_says_and_never_below_nothing(expected: Counts, asked: Counts) -> None:
    found = psi(expected, asked)
    assert found == pytest.approx(independent(expected.tolist(), asked.tolist()), abs=1e-9)
    assert found >= 0
    assert psi(asked, expected) == pytest.approx(found, abs=1e-9)
    assert psi(expected, expected) == 0


def test_of_many_rows_it_is_the_textbook_s_value() -> None:
    # of shares 0.5, 0.5 and 0.4, 0.6: 0.1 ln(1.2) - 0.1 ln(0.8)
    million = np.array([500_000, 500_000]), np.array([400_000, 600_000])
    assert psi(*million) == pytest.approx(0.1 * math.log(1.2) - 0.1 * math.log(0.8), rel=1e-4)


def test_alike_data_stay_below_what_drifts_and_a_shift_does_not() -> None:
    random = np.random.default_rng(7)
    training = np.full(10, 50)
    by_chance = [psi(training, random.multinomial(500, [0.1] * 10)) for _ in range(200)]
    assert max(by_chance) < 0.1
    assert psi(training, np.array([150, 100, 50, 50, 50, 50, 20, 10, 10, 10])) > 0.2


def of(column: Column, **more: object) -> tuple[Bins, Schema]:
    table = Table.of({"x": column})
    schema = Schema.learn(table, **more)  # type: ignore[arg-type]
    made = profile_of(table if "unseen" not in more else schema.check(table), schema)
    assert made is not None
    return made.columns[0], schema


def asked(bins: Bins, schema: Schema, values: list[object]) -> ColumnDrift:
    """Return how far JSON values are, as callers send them."""
    X = schema.rows([{"x": value} for value in values])
    return compared(bins, bins.counted(X.columns[0], schema.fields[0]))


def test_missing_values_are_told_beside_those_of_training_and_change_no_index() -> None:
    values = np.arange(float(ROWS))
    values[:50] = np.nan
    bins, schema = of(Column.numeric(values))
    found = asked(bins, schema, [None if row % 2 else float(50 + row % 150) for row in range(600)])
    assert (found.missing, found.missing_in_training, found.unseen) == (0.5, 0.25, None)
    assert found.drifts
    gone = asked(bins, schema, [None] * 10)
    assert (gone.psi, gone.missing) == (None, 1.0)


LEVELS = Column.category(np.arange(ROWS) % 2, ["a", "b"])


def test_unseen_levels_that_become_missing_are_told_apart_from_what_is_missing() -> None:
    nullable = Column.category(np.arange(ROWS) % 2, ["a", "b"], missing=np.arange(ROWS) < 20)
    bins, schema = of(nullable, unseen="missing")
    found = asked(bins, schema, ["a", "b", "zebra", None])
    assert (found.unseen, found.missing, found.missing_in_training) == (0.25, 0.25, 0.1)


def test_unseen_levels_that_become_others_are_unseen() -> None:
    bins, schema = of(LEVELS, unseen="other")
    assert asked(bins, schema, ["a", "zebra", "b", "other"]).unseen == 0.5


def test_a_text_is_unseen_where_all_of_training_is_known_and_else_part_of_the_rest() -> None:
    bins, schema = of(Column.strings(["a", "b"] * (ROWS // 2)))
    assert asked(bins, schema, ["a", "zebra"]).unseen == 0.5
    bins, schema = of(Column.strings(["a", "b"] * (ROWS // 2) + ["seldom"]))
    found = asked(bins, schema, ["zebra"] * 50)
    assert found.unseen is None
    assert found.psi is not None
    assert found.psi > 1


def test_a_number_that_was_none_of_few_is_unseen() -> None:
    bins, schema = of(Column.numeric(np.arange(ROWS) % 3))
    assert asked(bins, schema, [0, 1, 2, 3, -1]).unseen == 0.4


def test_the_columns_that_drift_are_told_with_the_furthest_first() -> None:
    columns = (
        ColumnDrift("steady", 0.2, 0.1, 0.0, 0.1),
        ColumnDrift("gone", None, 1.0, 0.0, None),
        ColumnDrift("far", 0.3, 0.0, 0.0, None),
        ColumnDrift("filled", 0.0, 0.0, 0.2, None),
        ColumnDrift("strange", 0.1, 0.0, 0.0, 0.2),
    )
    found = Drift(900, columns).ordered
    assert [each.name for each in found if each.drifts] == ["far", "strange", "gone", "filled"]
    assert found[-1].name == "steady"


@given(st.lists(st.floats(-3, 3) | st.none(), min_size=1, max_size=60), st.integers(0, 60))
def test_counts_of_parts_add_up_to_those_of_the_whole(values: list[float | None], cut: int) -> None:
    training = np.random.default_rng(1).normal(size=ROWS)
    training[0] = np.nan
    bins, schema = of(Column.numeric(training))
    table = schema.rows([{"x": value} for value in values])
    parts = [table.slice(0, min(cut, table.rows)), table.slice(min(cut, table.rows), table.rows)]
    whole = bins.counted(table.columns[0], schema.fields[0])
    assert sum(bins.counted(part.columns[0], schema.fields[0]) for part in parts).tolist() == whole.tolist()
    assert whole.sum() == table.rows
