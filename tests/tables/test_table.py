from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import mixed, same_tables, tables
from triglot.tables.table import Column, Table


@given(tables, st.data())
def test_a_table_cut_anywhere_and_joined_again_is_the_same(table: Table, data: st.DataObject) -> None:
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, table.rows), max_size=4))), table.rows]
    parts = [table.slice(start, stop) for start, stop in pairwise(cuts)]
    assert [part.rows for part in parts] == [stop - start for start, stop in pairwise(cuts)]
    assert same_tables(Table.concat(parts), table)


@given(tables)
def test_columns_of_a_table_make_the_table(table: Table) -> None:
    again = Table.of(dict(zip(table.names, table.columns, strict=True)))
    assert again.names == table.names
    assert [column.to_list() for column in again.columns] == [column.to_list() for column in table.columns]


def test_a_matrix_in_column_order_is_neither_copied_nor_cut_by_copying() -> None:
    matrix = np.asfortranarray(np.arange(12.0).reshape(4, 3))
    table = Table("abc", matrix=matrix)
    assert np.shares_memory(table.matrix(), matrix)
    assert np.shares_memory(table.slice(1, 3).columns[2].values, matrix)
    assert table.slice(1, 3).columns[2].values.tolist() == [5.0, 8.0]


def test_columns_of_one_numeric_kind_become_one_matrix() -> None:
    table = Table.of({"a": Column.numeric(np.array([1, 2], np.int32)), "b": Column.numeric(np.array([3, 4], np.int32))})
    assert table.is_matrix
    assert table.matrix().dtype == np.int32
    assert table.matrix().flags.f_contiguous
    assert table.matrix().tolist() == [[1, 3], [2, 4]]


def test_a_matrix_of_several_kinds_is_float_and_what_is_missing_is_nan() -> None:
    table = Table(
        ["n", "f"],
        columns=[
            Column.numeric(np.array([1, 2], np.int64), missing=np.array([False, True])),
            Column.numeric(np.array([0.5, 1.5], np.float32)),
        ],
    )
    np.testing.assert_array_equal(table.matrix(), [[1.0, 0.5], [np.nan, 1.5]])
    assert table.matrix().dtype == np.float64


def test_text_cannot_be_part_of_a_matrix_and_the_column_is_named() -> None:
    table = Table(["town"], columns=[Column.strings(["Ulm"])])
    with pytest.raises(TypeError, match="'town'"):
        table.matrix()


def test_what_stands_at_a_missing_place_means_nothing() -> None:
    gone = np.array([True, False])
    assert Column.category(np.array([7, 1]), ["a", "b"], missing=gone).to_list() == [None, "b"]
    assert Column.category(np.array([0]), [], missing=np.array([True])).to_list() == [None]
    assert Column("int64", np.array([5, 6]), gone).to_list() == [None, 6]
    assert Column.strings([None, "x"]).to_list() == [None, "x"]


def test_nan_is_a_number_of_the_column_and_none_in_plain_values() -> None:
    column = Column.numeric(np.array([np.nan, 1.0]))
    assert column.missing is None
    assert column.to_list() == [None, 1.0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Table("a", matrix=np.zeros((1, 1))), Table("b", matrix=np.zeros((1, 1)))),
        (Table("a", matrix=np.zeros((1, 1))), Table("a", matrix=np.zeros((1, 1), np.float32))),
        (
            Table("a", columns=[Column.category(np.array([0]), ["x", "y"])]),
            Table("a", columns=[Column.category(np.array([0]), ["y", "x"])]),
        ),
        (
            Table("a", columns=[Column.category(np.array([0]), ["x"])]),
            Table("a", columns=[Column.category(np.array([0]), ["x"], ordered=True)]),
        ),
        (Table("a", matrix=np.zeros((1, 1))), Table("a", columns=[Column.strings(["0"])])),
    ],
    ids=["names", "kinds", "levels", "order", "text"],
)
def test_tables_that_differ_in_more_than_their_rows_are_not_joined(one: Table, other: Table) -> None:
    assert one.signature() != other.signature()
    with pytest.raises(ValueError, match="same names"):
        Table.concat([one, other])


def test_columns_of_different_lengths_make_no_table() -> None:
    with pytest.raises(ValueError, match="one length"):
        Table("ab", columns=[Column.strings(["x"]), Column.strings([])])
    with pytest.raises(ValueError, match="as many as their names"):
        Table("ab", columns=[Column.strings(["x"])])
    with pytest.raises(ValueError, match=r"\(rows, 2\)"):
        Table("ab", matrix=np.zeros((1, 3)))


def test_numbers_that_no_column_holds_are_refused_with_those_that_are_held() -> None:
    with pytest.raises(TypeError, match="float64"):
        Column.numeric(np.zeros(1, np.complex128))


@given(mixed())
def test_a_signature_does_not_depend_on_the_rows(table: Table) -> None:
    assert table.slice(0, 0).signature() == table.signature()


def test_rows_are_taken_in_the_order_that_is_asked_for_with_what_is_missing() -> None:
    matrix = Table(("a", "b"), matrix=np.arange(6.0).reshape(3, 2))
    assert matrix.take(np.array([2, 0])).matrix().tolist() == [[4.0, 5.0], [0.0, 1.0]]
    mixed = Table(
        ("t", "k"), columns=[Column.strings(["x", None, "z"]), Column.category(np.array([0, 1, 0]), ("p", "q"))]
    )
    assert [column.to_list() for column in mixed.take(np.array([2, 1])).columns] == [["z", None], ["p", "q"]]
