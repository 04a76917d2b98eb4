"""A row that stands for a table: typical, taken by the schema, and nobody's own."""

import math

import numpy as np
import pytest

from triglot.tables.example import FEW, example, typical
from triglot.tables.schema import Schema
from triglot.tables.table import Column, Table


def table(**columns: Column) -> Table:
    return Table.of(columns)


def test_a_number_is_the_median_in_three_digits_and_a_whole_one_stays_whole() -> None:
    X = table(
        exact=Column.numeric(np.linspace(0, 2469.134, 101)),
        whole=Column.numeric(np.arange(123_400, 123_501)),
        rare=Column.numeric(np.array([math.nan] * 50 + [7.0] * 51)),
    )

    assert typical(X) == [1230.0, 123_000, 7.0]


def test_a_level_is_the_most_frequent_one_and_a_text_one_that_many_rows_share() -> None:
    X = table(
        level=Column.category(np.array([0] * 5 + [1] * 10), ["low", "high"]),
        shared=Column.strings(["as usual"] * FEW + ["Ms Smith called"] * 5),
        own=Column.strings([f"patient {number}" for number in range(15)]),
        long=Column.strings(["x" * 61] * 15),
    )

    assert typical(X) == ["high", "as usual", None, None]
    assert example(Schema.learn(X), typical(X)) == {
        "level": "high",
        "shared": "as usual",
        "own": "text",
        "long": "text",
    }


def test_a_day_and_an_instant_are_the_first_of_their_month() -> None:
    days = np.arange("2024-02-10", "2024-02-29", dtype="datetime64[D]")
    instants = days.astype("datetime64[us]") + np.timedelta64(12345678, "us")
    X = table(day=Column.times(days), wall=Column.times(instants), zone=Column.times(instants, zone="Europe/Berlin"))

    assert typical(X) == ["2024-02-01", "2024-02-01T00:00:00", "2024-02-01T00:00:00Z"]


def test_nothing_is_told_of_few_rows_and_the_schema_alone_makes_the_example() -> None:
    X = table(
        age=Column.numeric(np.array([41.0] * (FEW - 1) + [math.nan] * 5)),
        member=Column.numeric(np.array([True] * (FEW + 4))),
        town=Column.category(
            np.array([1] * (FEW - 1) + [-1] * 5), ["Bonn", "Köln"], missing=np.arange(FEW + 4) >= FEW - 1
        ),
    )

    assert typical(X) == [None, True, None]
    assert example(Schema.learn(X), typical(X)) == {"age": 0.0, "member": True, "town": "Bonn"}


@pytest.mark.parametrize("known", [(), (1.0,), ("nonsense", "?", 2**80, "x"), (math.inf, "low", 1, "2024")])
def test_what_does_not_fit_the_schema_is_never_shown(known: tuple[object, ...]) -> None:
    X = table(
        number=Column.numeric(np.array([math.inf] * FEW)),
        level=Column.category(np.zeros(FEW), ["only"]),
        whole=Column.numeric(np.full(FEW, 2**31 - 1, dtype=np.int32)),
        day=Column.times(np.full(FEW, "2024-01-05", dtype="datetime64[D]")),
    )
    schema = Schema.learn(X)

    for values in (known, typical(X)):
        assert schema.rows([example(schema, values)]).rows == 1


def test_a_large_table_is_looked_at_in_part() -> None:
    X = table(number=Column.numeric(np.arange(1_000_000.0)))

    assert typical(X) == [pytest.approx(500_000.0, rel=0.01)]
