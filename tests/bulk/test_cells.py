"""How CSV spells what is missing, and what stands between its fields."""

import pytest

from tests.bulk.test_conforming import from_csv
from triglot.bulk.cells import Dialect
from triglot.errors import BadRequest
from triglot.tables.field import Field
from triglot.tables.schema import Schema


def test_na_is_missing_in_csv_unless_it_is_text_or_a_level() -> None:
    schema = Schema(
        [
            Field("f", "float64", nullable=True),
            Field("s", "string", nullable=True),
            Field("c", "category", ("NA", "EU"), nullable=True),
            Field("k", "category", ("EU",), nullable=True),
        ]
    )

    table = from_csv('f,s,c,k\nNA,NA,NA,NA\n,,,\n1,"","EU",EU\n', schema)

    assert [column.to_list() for column in table.columns] == [
        [None, None, 1.0],
        ["NA", None, ""],
        ["NA", None, "EU"],
        [None, None, "EU"],
    ]


def test_two_quotes_and_nan_are_missing_where_they_can_be_nothing_else() -> None:
    schema = Schema(
        [
            Field("f", "float64", nullable=True),
            Field("i", "int64", nullable=True),
            Field("b", "bool", nullable=True),
            Field("d", "date", nullable=True),
            Field("s", "string", nullable=True),
            Field("c", "category", ("", "EU"), nullable=True),
            Field("k", "category", ("NaN",), nullable=True),
        ]
    )

    table = from_csv('f,i,b,d,s,c,k\n"","","","","","",""\nNaN,nan,NA,NA,NaN,EU,NaN\n-nan,3.0,true,,nan,,\n', schema)

    assert [column.to_list() for column in table.columns] == [
        [None, None, None],
        [None, None, 3],
        [None, None, True],
        [None, None, None],
        ["", "NaN", "nan"],
        ["", "EU", None],
        [None, "NaN", None],
    ]


@pytest.mark.parametrize(
    ("delimiter", "header", "message"),
    [
        (",", "a\tb", 'has tabs and no comma: say delimiter="tab"'),
        (";", "a,b", 'has commas and no semicolon: say delimiter=","'),
        (",", '"a";"b"', 'has semicolons and no comma: say delimiter=";"'),
    ],
)
def test_another_delimiter_than_the_one_that_was_said_is_named(delimiter: str, header: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Dialect.said(delimiter, ".").check_header(header)
    assert message in str(refused.value)


def test_a_name_may_hold_a_delimiter_within_quotes_or_beside_the_one_that_was_said() -> None:
    assert from_csv('"a;b"\n1\n', Schema([Field("a;b", "float64")])).matrix().tolist() == [[1.0]]
    assert from_csv("a;b,c\n1,2\n", Schema([Field("a;b", "float64"), Field("c", "float64")])).rows == 1
