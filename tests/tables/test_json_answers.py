"""Answers that are any JSON: what may be one, as what text it crosses, and when two are the same."""

import json
from collections import OrderedDict
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.errors import ProtocolError
from triglot.tables.json_answers import (
    DEEPEST,
    LONGEST,
    NoJson,
    is_json,
    of_table,
    parsed,
    to_array,
    to_table,
    to_text,
)
from triglot.tables.likeness import alike

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner)
    ),
    max_leaves=12,
)


def texts(*values: Any) -> Any:
    found = np.empty((len(values), 1), dtype=object)
    found[:, 0] = [to_text(value) for value in values]
    return found


@given(st.lists(VALUES, max_size=5))
def test_what_json_can_say_comes_back_and_crosses_as_a_column_of_text(values: list[Any]) -> None:
    answer = texts(*values)
    assert is_json(answer)
    assert parsed(answer) == values
    assert parsed(of_table(to_table(answer))) == values
    assert alike(answer, answer)
    assert to_array(values).tolist() == values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.5), "0.5"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        (np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]"),
        (np.array(["a", None], dtype=object), '["a",null]'),
        (np.str_("süß"), '"süß"'),
        ((1, (2.5,)), "[1,[2.5]]"),
        (OrderedDict({"b": 1, 7: np.array([1.0])}), '{"b":1,"7":[1.0]}'),
    ],
)
def test_tuples_arrays_and_numpys_scalars_are_what_palladium_made_of_them(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "holds nan, which JSON has no word for; answer None"),
        ([1, {"a": np.float64("inf")}], "holds inf"),
        (b"x", "holds a value of type bytes"),
        ({1, 2}, "holds a value of type set"),
        ([object()], "holds a value of type object"),
        (datetime(2026, 1, 1), "holds a value of type datetime"),
        (np.array(["2026-01-01"], dtype="datetime64[ns]"), "holds a value of type ndarray"),
        (np.longdouble(1), "holds a value of type longdouble"),
        (1 + 2j, "holds a value of type complex"),
        (2**63, "holds a whole number of more than 64 bits; answer its text"),
        (10**400, "holds a whole number of more than 64 bits"),
        ({(1, 2): 3}, "has a key of type tuple"),
        ({True: 3}, "has a key of type bool"),
        ("\ud800", "holds half a surrogate pair"),
        ("x" * LONGEST, f"has {LONGEST + 2:,} letters as JSON, and {LONGEST:,} are the most"),
    ],
)
def test_what_json_has_no_word_for_says_what_it_is(value: Any, why: str) -> None:
    with pytest.raises(NoJson) as caught:
        to_text(value)
    assert str(caught.value).startswith(why)


def test_how_deep_a_value_may_be_is_bounded() -> None:
    deep: Any = 1
    for _ in range(DEEPEST):
        deep = [deep]
    assert json.loads(to_text(deep)) == deep
    with pytest.raises(NoJson, match=f"nested more than {DEEPEST} deep"):
        to_text([deep])
    round_and_round: list[Any] = []
    round_and_round.append(round_and_round)
    with pytest.raises(NoJson, match="nested"):
        to_text(round_and_round)


def test_answers_are_alike_but_for_the_rounding_of_numbers_in_them() -> None:
    one = texts({"a": [1.0, "x"], "b": None}, 3)
    assert alike(one, texts({"b": None, "a": [1.0 + 1e-9, "x"]}, 3.0))
    for other in (texts({"a": [1.1, "x"], "b": None}, 3), texts({"a": [1.0], "b": None}, 3), texts(True, 3)):
        assert not alike(one, other)
    assert not alike(texts(1), texts(True))
    assert not alike(texts(1, 2), texts(1))
    assert not alike(texts(1), np.array([[1.0]]))


def test_an_array_is_of_numbers_only_where_it_gives_back_the_very_values() -> None:
    assert to_array([[0.25], [0.5]]).shape == (2, 1)
    assert to_array(["a", "b"]).dtype.kind == "U"
    for values in ([1, 2.5], [1, "a"], [[1], [2, 3]], [{"a": 1}], [True, 2], [None, 1.0], [[1, 2], {"a": 1}]):
        assert json.dumps(to_array(values).tolist()) == json.dumps(values)


def test_what_a_worker_sends_that_is_no_json_is_a_fault_of_the_protocol() -> None:
    for text in ("{", "1]", None):
        wrong = np.empty((1, 1), dtype=object)
        wrong[0, 0] = text
        with pytest.raises(ProtocolError, match="no JSON"):
            parsed(wrong)
    wrong[0, 0] = "1,2"
    with pytest.raises(ProtocolError, match="2 values of JSON for 1 rows"):
        parsed(wrong)
