"""Points of the program that lists of the configuration wrap."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from triglot.config import get_config, load_config, note_config, read_config
from triglot.decorators import pluggable, use_decorators
from triglot.errors import ConfigError

CALLS: list[str] = []


def outer(func: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: f"outer({func(*args)})"


class Around:
    """A decorator that is a component."""

    def __init__(self, word: str) -> None:
        CALLS.append(f"made {word}")
        self.word = word

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: f"{self.word}({func(*args)})"


class Asks:
    """A component that passes a point while it is built."""

    def __init__(self) -> None:
        self.heard = point(self)

    def __str__(self) -> str:
        return "early"


class Owner:
    @pluggable("of_methods_decorators")
    def name(self) -> str:
        return "owner"


@pluggable("some_decorators")
def point(what: Any) -> str:
    """Say what it was given."""
    return str(what)


@pytest.fixture(autouse=True)
def _forget() -> None:
    CALLS.clear()


def configured(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.py"
    path.write_text(text)
    return path


def test_without_a_configuration_a_point_is_the_function_itself() -> None:
    assert point("it") == "it"
    assert point.__name__ == "point"
    assert point.__doc__ == "Say what it was given."


def test_the_first_of_a_list_is_the_innermost_and_each_is_made_once(tmp_path: Path) -> None:
    name = __name__
    text = f"{{'some_decorators': [{{'!': '{name}.Around', 'word': 'inner'}}, '{name}.outer']}}"
    load_config([configured(tmp_path, text)], {})
    made = CALLS.count("made inner")

    assert [point("it"), point("it")] == ["outer(inner(it))"] * 2
    assert CALLS.count("made inner") == made + 1


def test_a_point_that_is_passed_while_the_configuration_is_built_is_wrapped_then_and_later(tmp_path: Path) -> None:
    config = load_config(
        [configured(tmp_path, f"{{'c': {{'!': '{__name__}.Asks'}}, 'some_decorators': ['{__name__}.outer']}}")], {}
    )

    assert config["c"].heard == "outer(early)"
    assert point("late") == "outer(late)"


def test_another_configuration_is_followed(tmp_path: Path) -> None:
    use_decorators(lambda key: [outer] if key == "some_decorators" else [])
    assert point("it") == "outer(it)"
    use_decorators(None)
    assert point("it") == "it"


def test_methods_are_points_too(tmp_path: Path) -> None:
    use_decorators(lambda key: [outer] if key == "of_methods_decorators" else [])
    assert Owner().name() == "outer(owner)"


def test_what_was_only_read_has_its_decorators_and_is_built_when_it_is_asked_for(tmp_path: Path) -> None:
    text = f"{{'c': {{'!': '{__name__}.Around', 'word': 'w'}}, 'some_decorators': ['{__name__}.outer']}}"
    note_config(read_config([configured(tmp_path, text)], {}))

    assert point("it") == "outer(it)"
    assert CALLS == []
    assert get_config()["c"].word == "w"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("'os.path.join'", "some_decorators: must be a list of decorators, not str"),
        ("['os.path.jion']", "some_decorators[0]: os.path.jion: "),
        ("[None]", "some_decorators[0]: None cannot be called"),
    ],
)
def test_a_wrong_list_is_named(tmp_path: Path, entry: str, said: str) -> None:
    note_config(read_config([configured(tmp_path, f"{{'some_decorators': {entry}}}")], {}))

    with pytest.raises(ConfigError) as caught:
        point("it")
    assert said in str(caught.value)
    assert "config.py" in str(caught.value)
