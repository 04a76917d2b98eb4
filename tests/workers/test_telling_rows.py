"""Which rows of the training data are kept as golden ones."""

import numpy as np
import pytest

from triglot.tables.table import Column, Table
from triglot.workers.telling_rows import CELLS, EVENLY, MOST, infinite, telling_rows

ROWS = 1_000


def rows_of(**columns: Column) -> tuple[Table, list[int]]:
    """Return a table of these columns and the rows of it that tell most."""
    X = Table.of(columns)
    return X, telling_rows(X, np.arange(X.rows), None).tolist()


def counted() -> np.ndarray:
    """Return the numbers of the rows, in no order."""
    return np.random.default_rng(1).permutation(ROWS).astype(float)


def test_a_row_shows_each_class_however_rare() -> None:
    codes = np.zeros(ROWS, dtype=int)
    codes[[17, 333]] = 1, 2

    chosen = telling_rows(Table(["x"], matrix=np.ones((ROWS, 1))), np.arange(ROWS), codes)

    assert set(codes[chosen].tolist()) == {0, 1, 2}


def test_rows_show_each_gap_each_level_and_both_extremes() -> None:
    numbers = counted()
    gone = np.zeros(ROWS, dtype=bool)
    gone[421] = True
    holes = numbers.copy()
    holes[577] = np.nan
    codes = np.zeros(ROWS, dtype=int)
    codes[[3, 811]] = 1, 2

    X, chosen = rows_of(
        number=Column.numeric(numbers),
        missing=Column.numeric(numbers.astype(np.int64), gone),
        nan=Column.numeric(holes),
        level=Column.category(codes, ["a", "b", "c", "never"]),
    )

    assert {421, 577, 3, 811, int(numbers.argmin()), int(numbers.argmax())} <= set(chosen)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= MOST
    assert X.gaps()[chosen].sum() == 2


def test_one_row_is_enough_for_all_that_it_shows() -> None:
    codes = np.zeros(ROWS, dtype=int)
    codes[400] = 1
    numbers = np.zeros(ROWS)
    numbers[400] = 9.0

    _, chosen = rows_of(a=Column.numeric(numbers), b=Column.category(codes, ["x", "y"]))

    assert len(chosen) == EVENLY + 1


def test_many_levels_leave_room_for_the_other_kinds() -> None:
    numbers = counted()
    _, chosen = rows_of(
        level=Column.category(np.arange(ROWS), [str(j) for j in range(ROWS)]), number=Column.numeric(numbers)
    )

    assert len(chosen) == MOST
    assert {int(numbers.argmin()), int(numbers.argmax())} <= set(chosen)


def test_a_wide_table_keeps_the_evenly_spaced_rows_alone_for_each_manifest_holds_them() -> None:
    X = Table([f"x{j}" for j in range(CELLS)], matrix=np.random.default_rng(1).random((20, CELLS)))

    assert telling_rows(X, np.arange(X.rows), None).tolist() == [0, 4, 9, 14, 19]


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_of_few_rows_all_are_taken(rows: int) -> None:
    assert telling_rows(Table(["x"], matrix=np.ones((rows, 1))), np.arange(rows), None).tolist() == list(range(rows))


def test_rows_with_infinity_are_found_as_no_manifest_can_hold_them() -> None:
    X = Table.of({"a": Column.numeric(np.array([1.0, np.inf, np.nan])), "b": Column.numeric(np.array([1, 2, 3]))})

    assert infinite(X).tolist() == [False, True, False]


def test_rows_that_may_not_be_kept_are_passed_over_for_others_that_show_the_same() -> None:
    codes = np.zeros(ROWS, dtype=int)
    codes[[17, 333]] = 1
    usable = np.delete(np.arange(ROWS), 17)

    chosen = telling_rows(Table(["x"], matrix=np.ones((ROWS, 1))), usable, codes)

    assert 333 in chosen
    assert 17 not in chosen
