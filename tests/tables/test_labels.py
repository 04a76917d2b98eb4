from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import text
from triglot.errors import BadRequest
from triglot.tables.labels import Label, Labels

classes = st.one_of(
    st.lists(text.filter(lambda label: "\0" not in label), min_size=1, max_size=8, unique=True),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8, unique=True),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8, unique=True),
    st.lists(st.booleans(), min_size=1, max_size=2, unique=True),
)


@given(classes, st.data())
def test_labels_encoded_and_decoded_are_the_same_labels_of_the_same_type(
    found: list[Label], data: st.DataObject
) -> None:
    labels = Labels(tuple(found))
    values = data.draw(st.lists(st.sampled_from(found)))
    codes = labels.encode(values)
    assert codes.dtype == np.int32
    assert labels.decode(codes) == values
    assert [type(value) for value in labels.decode(codes)] == [type(value) for value in values]
    assert [found[code] for code in codes] == values


@given(classes)
def test_learnt_classes_are_sorted_and_do_not_depend_on_the_order_of_the_rows(found: list[Label]) -> None:
    forwards, backwards = Labels.learn(found * 2), Labels.learn(found[::-1])
    assert forwards.classes == backwards.classes == tuple(sorted(found))


def test_levels_keep_the_order_that_they_were_given_in() -> None:
    assert Labels.learn(["b", "a"], levels=["low", "b", "a"]).classes == ("low", "b", "a")


@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.bool_, "U5", object])
def test_labels_of_numpy_arrays_become_pythons_own_and_go_back(dtype: object) -> None:
    values = np.array([1, 0, 1], dtype=dtype)  # type: ignore[call-overload]
    labels = Labels.learn(values)
    assert all(type(label) in (int, float, bool, str) for label in labels.classes)
    np.testing.assert_array_equal(labels.array(labels.encode(values)), values)


def test_a_value_that_is_no_class_is_named() -> None:
    with pytest.raises(BadRequest, match="'moss' is none of the classes 'oak', 'fir'"):
        Labels(("oak", "fir")).encode(["oak", "moss"])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([1.0, float("nan")], "missing"),
        ([None, "a"], "missing"),
        ([1, "a"], "mixes"),
        ([], "must be all text"),
    ],
)
def test_targets_that_have_no_classes_are_refused(values: list[object], reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        Labels.learn(np.array(values, dtype=object))


@pytest.mark.parametrize("wrong", [("a", 1), (1, True), (), ("a", "a"), (None,)])
def test_classes_are_of_one_type_and_differ(wrong: tuple[Label, ...]) -> None:
    with pytest.raises(BadRequest, match="class labels must"):
        Labels(wrong)


def test_texts_of_booleans_and_numbers_are_those_that_r_and_json_people_expect() -> None:
    assert Labels((False, True)).texts == ("false", "true")
    assert Labels((1, 2)).texts == ("1", "2")
    assert Labels((0.5,)).texts == ("0.5",)
    assert (Labels((True,)).kind, Labels((1,)).kind, Labels((1.0,)).kind, Labels(("1",)).kind) == (
        "bool",
        "int",
        "float",
        "string",
    )


@pytest.mark.parametrize(
    ("classes", "values"),
    [
        (("no", "yes", "ja"), ["yes", "no", "ja", "no"]),
        ((1, 2, 5), [5, 1, 2, 2]),
        ((0.5, 1.5), [1.5, 0.5, 0.5]),
        ((False, True), [True, False]),
    ],
)
def test_many_values_have_the_codes_that_few_have(classes: tuple[Any, ...], values: list[Any]) -> None:
    labels = Labels(classes)
    many = np.array(values * 200)

    assert labels.encode(many).tolist() == labels.encode(values).tolist() * 200
    assert labels.encode(many.astype(object)).tolist() == labels.encode(values).tolist() * 200
    assert labels.encode(many).dtype == np.int32
    strange = many.astype(object)
    strange[300] = "stranger"
    for array in (strange, strange.astype(str)):
        with pytest.raises(BadRequest, match=r"is none of the classes"):
            labels.encode(array)


@pytest.mark.parametrize(
    "classes",
    [
        ("Iris-setosa", "Iris-versicolor", "Iris-virginica"),
        tuple(f"class {number}" for number in range(16)),
        ("", "a", "ab", "b"),
        ("aa", "ab", "ba", "bb"),
        tuple(f"{number:04b}" for number in range(16)),
        ("Öl", "🌱", "Ö"),
    ],
)
def test_many_texts_are_told_by_their_letters_and_what_is_like_a_class_is_none(classes: tuple[str, ...]) -> None:
    labels = Labels(classes)
    codes = np.random.default_rng(1).integers(0, len(classes), 500)
    many = np.array(classes)[codes]

    assert labels.encode(many).tolist() == codes.tolist()
    assert labels.encode(many[::-1]).tolist() == codes[::-1].tolist()
    assert labels.encode(many.astype("U20")).tolist() == codes.tolist()
    for place in range(many.dtype.itemsize // 4):
        strange = many.copy()
        letters = strange[7:8].view(np.uint32)
        letters[place] = ord("~")
        with pytest.raises(BadRequest, match=r"is none of the classes"):
            labels.encode(strange)


def test_an_object_that_many_places_hold_is_looked_at_once() -> None:
    looked: list[str] = []

    class Noted(str):
        def __hash__(self) -> int:
            looked.append(self)
            return super().__hash__()

    classes = np.array([Noted("oak"), Noted("fir")], dtype=object)
    codes = np.random.default_rng(1).integers(0, 2, 5_000)
    labels = Labels(("oak", "fir"))

    assert labels.encode(classes[codes]).tolist() == codes.tolist()
    assert sorted(looked) == ["fir", "oak"]
    assert labels.encode(classes[codes][::2]).tolist() == codes[::2].tolist()
    own = np.array([str(label).encode().decode() for label in classes[codes]], dtype=object)
    assert labels.encode(own).tolist() == codes.tolist()
    own[4_000] = ["oak"]
    with pytest.raises(TypeError):
        labels.encode(own)
