"""The walls hold: made graphs with one false arrow each, which the functions behind test_architecture.py must find."""

import pytest

from tests.arrows import Graph, circle, closure, height, heights, homeless, over_the_wall, upward

DRAWN = heights([["shop.till"], ["shop"], ["stock", "paper"], ["words"]])
SOUND: Graph = {
    "shop.till": {"shop.shelf", "paper"},
    "shop.shelf": {"stock.room", "json"},
    "stock.room": {"words", "stock"},
    "stock": set(),
    "paper": {"words"},
    "words": set(),
}


def with_arrow(module: str, target: str) -> Graph:
    return {**SOUND, module: SOUND[module] | {target}}


def package_of(module: str) -> str:
    return module.split(".")[0]


def test_a_sound_graph_has_nothing_wrong() -> None:
    assert not upward(SOUND, DRAWN)
    assert not homeless(SOUND, DRAWN)
    assert not circle(SOUND, str)
    assert not circle(SOUND, package_of)
    assert not over_the_wall(SOUND, {"paper"}, {"stock", "stock.room"})


def test_a_modules_own_place_goes_before_that_of_its_package() -> None:
    assert height("shop.till", DRAWN) == height("shop.shelf", DRAWN) + 1 == height("stock.room", DRAWN) + 2  # type: ignore[operator]
    assert height("shopping", DRAWN) is None


def test_a_module_without_a_place_is_named() -> None:
    assert homeless([*SOUND, "doctor.checks"], DRAWN) == ["doctor.checks is on no level"]
    assert not homeless([*SOUND, "doctor.checks"], {**DRAWN, "doctor": 2})


@pytest.mark.parametrize(
    ("module", "target"), [("words", "paper"), ("stock.room", "shop.shelf"), ("shop.shelf", "shop.till")]
)
def test_an_arrow_that_points_up_is_named(module: str, target: str) -> None:
    assert upward(with_arrow(module, target), DRAWN) == [f"{module} imports {target}, which is drawn above it"]


def test_what_a_room_may_not_see_is_named_even_where_a_third_module_leads_there() -> None:
    graph = with_arrow("words", "paper")
    assert not over_the_wall(graph, {"stock.room"}, {"paper"})
    reached = closure(graph, "stock.room")
    assert over_the_wall(graph, reached, {"paper"}) == ["words imports paper, which it may not see"]


def test_a_circle_between_packages_is_found_where_no_module_has_one() -> None:
    graph: Graph = {**with_arrow("stock", "shop.price"), "shop.price": set()}
    assert not circle(graph, str)
    assert set(circle(graph, package_of)) == {"shop", "stock"}


def test_a_circle_of_modules_is_found() -> None:
    assert set(circle(with_arrow("words", "stock.room"), str)) == {"stock.room", "words"}
