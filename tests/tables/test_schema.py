import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import mixed, names, same_tables, text
from triglot.errors import BadRequest, Problem
from triglot.tables.field import Field
from triglot.tables.schema import MAX_PROBLEMS, Schema
from triglot.tables.table import Column, Table

HOUSE = Schema(
    [
        Field("area", "float64"),
        Field("rooms", "int64"),
        Field("garden", "bool"),
        Field("kind", "category", ("flat", "villa")),
        Field("street", "string", nullable=True),
    ]
)
ROW = {"area": 81.5, "rooms": 3, "garden": True, "kind": "villa", "street": "Am Bach"}


def problems(schema: Schema, rows: list[Any], *, allow_extra: bool = False) -> tuple[Problem, ...]:
    with pytest.raises(BadRequest) as caught:
        schema.rows(rows, allow_extra=allow_extra)
    return caught.value.problems


def outcome(table: Table | BadRequest) -> Any:
    """Return what can be compared: the values in full, or all that is wrong."""
    if isinstance(table, BadRequest):
        return table.problems
    return table.names, table.rows, table.is_matrix, table.matrix().dtype, table.matrix().tobytes()


def attempt(rows: Any) -> Table | BadRequest:
    try:
        found: Table = rows()
    except BadRequest as error:
        return error
    return found


numbers = st.floats() | st.integers() | st.integers(2**60, 2**70) | st.just(10**400)
values = numbers | st.booleans() | st.none() | text | st.sampled_from(["1.5", " 7 ", "nan", "inf", "1e999"])


@given(names.filter(bool), st.data(), st.booleans())
def test_the_fast_path_gives_what_the_slow_path_gives(
    fields: list[str], data: st.DataObject, allow_extra: bool
) -> None:
    schema = Schema([Field(name, "float64") for name in fields])
    sound = st.fixed_dictionaries({name: numbers for name in fields})
    any_row = st.dictionaries(st.sampled_from(fields) | text, values, max_size=len(fields) + 1)
    rows = data.draw(st.lists(sound, max_size=4) | st.lists(sound | any_row | values, max_size=3))
    fast = attempt(lambda: schema.rows(rows, allow_extra=allow_extra))
    slow = attempt(lambda: schema._field_by_field(rows, allow_extra))
    if rows or isinstance(fast, BadRequest):
        assert outcome(fast) == outcome(slow)
    else:
        assert fast.rows == 0


@given(mixed())
def test_a_schema_learnt_from_a_table_accepts_that_table_and_its_json_is_the_schema(table: Table) -> None:
    schema = Schema.learn(table)
    checked = schema.check(table)
    assert [column.to_list() for column in checked.columns] == [column.to_list() for column in table.columns]
    again = Schema.from_json(schema.to_json())
    assert again.fields == schema.fields


@given(mixed(), st.randoms())
def test_columns_may_come_in_any_order(table: Table, random: Any) -> None:
    order = list(range(len(table.names)))
    random.shuffle(order)
    shuffled = Table([table.names[j] for j in order], columns=[table.columns[j] for j in order])
    assert same_tables(Schema.learn(table).check(shuffled), Schema.learn(table).check(table))


def test_a_row_becomes_columns_of_the_schemas_kinds() -> None:
    table = HOUSE.rows([ROW, {**ROW, "street": None, "kind": "flat", "area": 80}])
    assert [column.kind for column in table.columns] == ["float64", "int64", "bool", "category", "string"]
    assert [column.to_list() for column in table.columns] == [
        [81.5, 80.0],
        [3, 3],
        [True, True],
        ["villa", "flat"],
        ["Am Bach", None],
    ]


def test_text_that_spells_a_value_is_that_value() -> None:
    row = {"area": "81.5", "rooms": "3", "garden": "true", "kind": "villa", "street": "7"}
    assert [column.to_list()[0] for column in HOUSE.rows([row]).columns] == [81.5, 3, True, "villa", "7"]


def test_every_bad_field_of_every_row_is_named_at_once() -> None:
    found = problems(HOUSE, [{**ROW, "area": "big", "rooms": 2.5}, ROW, {**ROW, "kind": "tent", "garden": 7}])
    assert [(problem.row, problem.field) for problem in found] == [
        (0, "area"),
        (0, "rooms"),
        (2, "garden"),
        (2, "kind"),
    ]
    assert "must be a number, not the text 'big'" in found[0].message
    assert "none of the levels 'flat', 'villa'" in found[3].message


def test_a_misspelt_field_is_named_with_the_field_that_was_meant() -> None:
    found = problems(HOUSE, [{"arae": 81.5}])
    assert [problem.field for problem in found] == ["area", "rooms", "garden", "kind", "street", "arae"]
    assert "did you mean 'area'?" in found[-1].message
    row = {name: value for name, value in ROW.items() if name != "area"} | {"aera": 1.0}
    assert [problem.field for problem in problems(HOUSE, [row])] == ["area", "aera"]


def test_of_many_misspelt_fields_few_are_compared_with_many_columns() -> None:
    wide = Schema([Field(f"column {number}", "float64") for number in range(1_000)])
    misspelt = {f"colunm {number}": 1.0 for number in range(1_000)}

    for found in (problems(wide, [misspelt] * 3), wide.name_problems(misspelt)):
        assert sum("did you mean" in problem.message for problem in found) <= 4
        assert len([problem for problem in found if "is not a field" in problem.message]) <= MAX_PROBLEMS
    row = {name: 1.0 for name in wide.names[1:]} | {"colunm 0": 1.0}
    assert "did you mean 'column 0'?" in problems(wide, [row])[-1].message


def test_unknown_fields_are_ignored_where_the_caller_says_so() -> None:
    assert HOUSE.rows([{**ROW, "colour": "red"}], allow_extra=True).names == HOUSE.names
    assert [problem.field for problem in problems(HOUSE, [{**ROW, "colour": "red"}])] == ["colour"]


def test_null_is_refused_where_nothing_was_missing_at_the_fit() -> None:
    (problem,) = problems(HOUSE, [{**ROW, "area": None}])
    assert problem.field == "area"
    assert "must not be null" in problem.message
    assert math.isnan(Schema([Field("a", "float64", nullable=True)]).rows([{"a": None}]).matrix()[0, 0])


@pytest.mark.parametrize("row", ["text", 7, None, [1, 2], ["area"]])
def test_a_row_that_is_no_object_is_refused(row: Any) -> None:
    (problem,) = problems(HOUSE, [row])
    assert problem.message.startswith("must be an object with the fields area, rooms")
    (problem,) = problems(Schema([Field("a", "float64")]), [row])
    assert problem.message.startswith("must be an object with the fields a")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int64", 2**63),
        ("int32", 2**31),
        ("int32", "-2147483649"),
        ("int64", True),
        ("int64", 1e300),
        ("float64", 10**400),
        ("float64", "nan"),
        ("float64", "inf"),
        ("float64", False),
        ("float64", [1]),
        ("bool", 1),
        ("bool", "perhaps"),
        ("string", 7),
    ],
)
def test_a_value_that_a_column_cannot_hold_is_refused(kind: Any, value: Any) -> None:
    (problem,) = problems(Schema([Field("a", kind), Field("b", "string")]), [{"a": value, "b": ""}])
    assert problem.field == "a"


@pytest.mark.parametrize(("kind", "value"), [("int64", -(2**63)), ("int64", 2**63 - 1), ("int32", 2**31 - 1)])
def test_the_edges_of_integers_are_kept(kind: Any, value: int) -> None:
    assert Schema([Field("a", kind)]).rows([{"a": value}]).columns[0].to_list() == [value]


def test_a_flood_of_mistakes_is_told_by_its_first_fifty() -> None:
    assert len(problems(HOUSE, [{}] * 1000)) == MAX_PROBLEMS


def test_a_column_given_twice_is_refused() -> None:
    schema = Schema([Field("a", "float64"), Field("b", "float64")])
    with pytest.raises(BadRequest, match="'a': is there twice"):
        schema.check(Table("aab", matrix=np.zeros((1, 3))))
    with pytest.raises(BadRequest, match="must differ"):
        Schema.learn(Table("aa", matrix=np.zeros((1, 2))))


def test_a_table_is_converted_where_nothing_is_lost() -> None:
    schema = Schema([Field("n", "int64"), Field("f", "float64"), Field("c", "category", ("lo", "hi"))])
    table = Table(
        ["c", "f", "n"],
        columns=[
            Column.category(np.array([0, 1]), ["hi", "lo"]),
            Column.numeric(np.array([1, 2], np.int32)),
            Column.numeric(np.array([3.0, 4.0])),
        ],
    )
    assert [column.to_list() for column in schema.check(table).columns] == [[3, 4], [1.0, 2.0], ["hi", "lo"]]


@pytest.mark.parametrize(
    "column",
    [
        Column.numeric(np.array([0.5])),
        Column.numeric(np.array([np.nan])),
        Column.numeric(np.array([1e300])),
        Column.numeric(np.array([True])),
        Column.strings(["1"]),
        Column("int32", np.array([1], np.int32), np.array([True])),
    ],
    ids=["fraction", "nan", "huge", "bool", "text", "missing"],
)
def test_a_table_is_refused_where_something_would_be_lost(column: Column) -> None:
    with pytest.raises(BadRequest, match="'n'"):
        Schema([Field("n", "int32")]).check(Table("n", columns=[column]))


def test_what_becomes_of_unseen_levels_is_learnt_kept_and_done() -> None:
    table = Table(["kind"], columns=[Column.category(np.array([0, 1]), ["a", "b"])])
    for policy, levels, expected in (("missing", ("a", "b"), None), ("other", ("a", "b", "other"), "other")):
        schema = Schema.from_json(Schema.learn(table, policy).to_json())
        assert schema.fields[0].levels == levels
        rows = schema.rows([{"kind": "zebra"}, {"kind": "b"}])
        assert rows.columns[0].to_list() == [expected, "b"]
        assert same_tables(schema.check(rows), rows)
        given = Table(["kind"], columns=[Column.category(np.array([0, 1]), ["zebra", "b"])])
        assert same_tables(schema.check(given), rows)
    (problem,) = problems(Schema.learn(table, "missing"), [{"kind": None}])
    assert "must not be null" in problem.message
    with pytest.raises(BadRequest, match="unseen_levels is 'guess'; use one of error, missing, other"):
        Schema.learn(table, "guess")  # type: ignore[arg-type]


def test_a_level_that_no_row_has_may_be_unknown() -> None:
    schema = Schema([Field("kind", "category", ("a", "b"))])
    table = Table(["kind"], columns=[Column.category(np.array([1]), ["zebra", "b"])])
    assert schema.check(table).columns[0].to_list() == ["b"]


def test_what_stands_at_a_missing_place_does_not_hinder_a_conversion() -> None:
    schema = Schema([Field("n", "int64", nullable=True)])
    column = Column.numeric(np.array([1.0, np.nan]), missing=np.array([False, True]))
    assert schema.check(Table("n", columns=[column])).columns[0].to_list() == [1, None]
