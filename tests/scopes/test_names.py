"""Names of scopes' models: every value can be told apart again, and what is near is found among many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triglot.errors import ConfigError
from triglot.persister import check_name
from triglot.scope_names import is_of_a_family, model_of, near, parted, scope_of, values_of

VALUES = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), min_size=1, max_size=3)


@given(VALUES)
def test_the_values_of_a_scope_can_be_read_again_from_a_name_that_a_store_takes(values: list[str]) -> None:
    try:
        name = model_of("sales", values)
    except ConfigError:  # too long, by its escapes
        return
    check_name("model", name)
    family, scope = parted(name)
    assert (family, values_of(scope)) == ("sales", values)


def test_a_slash_and_a_per_cent_sign_are_escaped_so_that_no_two_scopes_share_a_name() -> None:
    assert scope_of(["a/b"]) == "a%2Fb"
    assert scope_of(["a%2Fb"]) == "a%252Fb"
    assert len({scope_of(values) for values in (["a", "b"], ["a/b"], ["a%2Fb"])}) == 3
    assert model_of("sales", ["3", "x"]) == "sales/3/x"


@pytest.mark.parametrize(
    ("family", "values", "reason"),
    [
        ("a/b", ["1"], "cannot have '/' in its name"),
        ("sales", ["1", ""], "a value is empty"),
        ("sales", ["x" * 200], "and 200 fit"),
    ],
)
def test_what_can_name_no_model_is_told(family: str, values: list[str], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        model_of(family, values)


def test_a_model_is_of_a_family_by_its_name_and_by_what_its_version_says() -> None:
    assert is_of_a_family("sales/3", {"scope": {"store": "3"}})
    assert not is_of_a_family("sales/3", {})
    assert not is_of_a_family("sales", {"scope": {"store": "3"}})


def test_near_names_are_found_among_ten_thousand() -> None:
    known = [f"{number:05d}" for number in range(10_000)]
    assert "04711" in near("4711", known) or near("047111", known)[0] == "04711"
    assert near("elsewhere", known) == []
