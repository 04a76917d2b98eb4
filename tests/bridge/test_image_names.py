"""Names of images: what Docker takes, and what would not stay a name."""

import pytest

from triglot.dockerize.names import check_image, suffixed
from triglot.errors import ConfigError


@pytest.mark.parametrize(
    "name", ["coffee", "coffee:1.2", "team/coffee", "registry.example.com:5000/team/co-ffee_2:v1", "localhost/a__b"]
)
def test_what_docker_takes_is_taken(name: str) -> None:
    assert check_image(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "a b", "coffee\nUSER root", "coffee\n", 'coffee"', "coffee'", "../coffee", "a/../b", "a..b", "a:1..2"),
        *("Coffee", "-coffee", "coffee-", "coffee:", ":1", "a//b", "/a", "a/", "$HOME", "`id`", "a;b", "kaffee\u00e4"),
        *("coffee@sha256:12", f"coffee:{'1' * 129}"),
    ],
)
def test_what_is_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is no name of an image: write small letters"):
        check_image(name)


def test_a_digest_belongs_to_a_base_alone() -> None:
    pinned = f"triglot@sha256:{'0' * 64}"

    assert check_image(pinned, digest=True) == pinned
    with pytest.raises(ConfigError):
        check_image(pinned)


@pytest.mark.parametrize(
    ("name", "sister"),
    [
        ("coffee", "coffee-predict"),
        ("coffee:1.2", "coffee-predict:1.2"),
        ("registry:5000/coffee", "registry:5000/coffee-predict"),
        ("registry:5000/team/coffee:1", "registry:5000/team/coffee-predict:1"),
    ],
)
def test_a_sister_image_keeps_registry_and_tag(name: str, sister: str) -> None:
    assert suffixed(name, "predict") == sister
