"""What is kept of training data: few bins of each column, their counts, nothing that names somebody."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.drift.bins import LEVELS, PARTS, WIDTH, Bins
from triglot.drift.profile import COLUMNS, LEAST_ROWS, SAMPLE, Profile, profile_of
from triglot.errors import BadRequest
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table
from triglot.tables.times import DAY

ROWS = 200


def learnt(column: Column, **more: Any) -> Bins:
    """Return the bins of a training table's only column."""
    table = Table.of({"x": column})
    made = profile_of(table, Schema.learn(table), **more)
    assert made is not None
    return made.columns[0]


def category(texts: list[str | None], levels: list[str]) -> Column:
    codes = np.array([0 if text is None else levels.index(text) for text in texts])
    return Column.category(codes, levels, missing=np.array([text is None for text in texts]))


def test_numbers_are_parted_into_ten_bins_of_as_many_rows_each() -> None:
    bins = learnt(Column.numeric(np.random.default_rng(1).permutation(np.arange(1_000.0))))
    assert bins.edges == tuple(float(edge) for edge in range(100, 1_000, 100))
    assert bins.counts == (101, *[100] * 8, 99)  # what is an edge belongs to the bin below it
    assert (bins.levels, bins.missing) == (None, 0)


def test_a_number_that_most_rows_have_is_one_edge() -> None:
    bins = learnt(Column.numeric(np.concatenate([np.zeros(700), np.arange(1.0, 301.0)])))
    assert bins.edges is not None
    assert bins.edges[0] == 0
    assert (bins.counts[0], sum(bins.counts), len(bins.counts)) == (700, 1_000, len(bins.edges) + 1)


def test_few_numbers_are_levels_and_so_are_booleans() -> None:
    stars = learnt(Column.numeric(np.arange(ROWS) % 5))
    assert (stars.levels, stars.counts, stars.complete) == ((0, 1, 2, 3, 4), (*[ROWS // 5] * 5, 0), True)
    flags = learnt(Column.numeric(np.arange(ROWS) % 4 == 0))
    assert (flags.levels, flags.counts) == ((False, True), (150, 50, 0))
    constant = learnt(Column.numeric(np.full(ROWS, 1.5, np.float32)))
    assert (constant.levels, constant.counts) == ((1.5,), (ROWS, 0))


def test_what_is_no_number_is_missing_and_what_is_infinite_no_edge() -> None:
    values = np.arange(float(ROWS))
    values[:20], values[20:80] = np.nan, np.inf
    bins = learnt(Column.numeric(values, missing=np.arange(ROWS) >= 190))
    assert bins.missing == 30
    assert bins.edges is not None
    assert np.isfinite(bins.edges).all()
    assert sum(bins.counts) == ROWS - 30
    assert learnt(Column.numeric(np.where(np.arange(ROWS) % 2, np.inf, 1.0))).levels is None


def test_levels_are_the_commonest_ones_and_what_else_there_is_is_the_rest() -> None:
    levels = [f"level {number}" for number in range(30)]
    texts = [level for number, level in enumerate(levels) for _ in range(number + 1)]
    bins = learnt(category([*texts, None], [*levels, "in no row"]))
    assert bins.levels == tuple(reversed(levels[-LEVELS:]))
    assert bins.counts[-1] == sum(range(1, 11))
    assert (bins.missing, bins.complete, bins.size) == (1, True, WIDTH)


def test_a_text_is_kept_where_ten_rows_share_it_and_it_is_short() -> None:
    texts = ["often"] * 120 + ["x" * 61] * 60 + [f"Ms {number}" for number in range(20)]
    bins = learnt(Column.strings(texts))
    assert (bins.levels, bins.counts, bins.complete) == (("often",), (120, 80), False)
    whole = learnt(Column.strings(["often"] * 120 + ["seldom"] * 80))
    assert (whole.levels, whole.counts, whole.complete) == (("often", "seldom"), (120, 80, 0), True)


def test_of_times_there_is_what_is_missing_alone() -> None:
    days = np.arange(ROWS).astype(DAY)
    bins = learnt(Column.times(days, missing=np.arange(ROWS) < 50))
    assert (bins.edges, bins.counts, bins.missing) == ((), (150,), 50)


def test_of_much_data_a_sample_is_looked_at_and_no_level_is_then_called_unseen() -> None:
    rows = 3 * SAMPLE
    table = Table.of({"a": Column.numeric(np.arange(rows) % 2), "b": Column.numeric(np.arange(float(rows)))})
    made = profile_of(table, Schema.learn(table))
    assert made is not None
    assert made.rows == SAMPLE
    assert [each.complete for each in made.columns] == [False, False]
    assert made.columns[1].edges == pytest.approx([rows * part / PARTS for part in range(1, PARTS)], rel=0.01)


def test_of_few_rows_nothing_is_kept_nor_of_columns_that_are_left_out() -> None:
    table = Table(["age", "name"], matrix=np.ones((LEAST_ROWS, 2)))
    schema = Schema.learn(table)
    assert profile_of(table.slice(0, LEAST_ROWS - 1), schema) is None
    made = profile_of(table, schema, ["name"])
    assert made is not None
    assert [each.name for each in made.columns] == ["age"]
    with pytest.raises(BadRequest, match="'nam': the data have no such column"):
        profile_of(table, schema, ["nam"])


def test_a_wide_table_is_bounded_and_so_is_what_is_kept_of_it() -> None:
    matrix = np.random.default_rng(1).normal(0, 1e9, (LEAST_ROWS, COLUMNS + 20))
    table = Table([f"feature {number}" for number in range(COLUMNS + 20)], matrix=matrix)
    made = profile_of(table, Schema.learn(table))
    assert made is not None
    assert len(made.columns) == COLUMNS
    assert len(json.dumps(made.to_json())) < 250 * COLUMNS


@given(st.lists(st.floats(allow_nan=False, width=32), min_size=LEAST_ROWS, max_size=300))
def test_training_lies_in_its_own_bins_also_once_they_were_json(values: list[float]) -> None:
    table = Table.of({"x": Column.numeric(np.array(values))})
    schema = Schema.learn(table)
    made = profile_of(table, schema)
    assert made is not None
    again = Profile.from_json(json.loads(json.dumps(made.to_json(), allow_nan=False)))
    assert again == made
    assert again.mark == made.mark
    (bins,) = again.columns
    assert bins.counted(table.columns[0], schema.fields[0]).tolist() == bins.expected.tolist()


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=LEAST_ROWS, max_size=300))
def test_levels_of_training_lie_in_their_own_bins(texts: list[str | None]) -> None:
    for column in (Column.strings(texts), category(texts, ["a", "b", "c"])):
        bins = learnt(column)
        assert bins.counted(column, Schema.learn(Table.of({"x": column})).fields[0]).tolist() == bins.expected.tolist()
        known = Counter(texts)
        assert bins.missing == known[None]


@pytest.mark.parametrize(
    "said",
    [
        None,
        7,
        {},
        {"rows": 1},
        {"rows": 1, "columns": [{}]},
        {"rows": 1, "columns": ["x"]},
        {"rows": 1, "columns": [{"name": "x", "edges": [1], "counts": [1], "missing": 0}]},
        {"rows": 1, "columns": [{"name": "x", "edges": [1], "counts": [1, -1], "missing": 0}]},
        {"rows": 1, "columns": [{"name": "x", "edges": [1], "counts": [1, 2**64], "missing": 0}]},
        {"rows": 1, "columns": [{"name": "x", "edges": [], "levels": [], "counts": [1], "missing": 0}]},
        {"rows": 1, "columns": [{"name": "x", "levels": list(range(90)), "counts": [1] * 91, "missing": 0}]},
    ],
)
def test_what_another_release_wrote_is_no_profile_and_breaks_nothing(said: Any) -> None:
    assert Profile.from_json(said) is None


@pytest.mark.parametrize(
    ("bins", "fits"),
    [
        ({"name": "x", "edges": [0.5], "counts": [1, 1], "missing": 0}, True),
        ({"name": "x", "levels": [1, 2], "counts": [1, 1, 0], "missing": 0}, True),
        ({"name": "x", "levels": ["1", "2"], "counts": [1, 1, 0], "missing": 0}, False),
        ({"name": "town", "levels": ["a"], "counts": [1, 0], "missing": 0}, True),
        ({"name": "town", "levels": [1], "counts": [1, 0], "missing": 0}, False),
        ({"name": "town", "edges": [0.5], "counts": [1, 1], "missing": 0}, False),
        ({"name": "gone", "edges": [0.5], "counts": [1, 1], "missing": 0}, False),
    ],
)
def test_a_profile_of_other_columns_does_not_fit(bins: dict[str, Any], fits: bool) -> None:
    schema = Schema.from_json([{"name": "x", "kind": "float64"}, {"name": "town", "kind": "category", "levels": ["a"]}])
    made = Profile.from_json({"rows": 2, "columns": [bins]})
    assert made is not None
    assert made.fits(schema) is fits
