"""Pages that list things list all of them: loaders and their arguments, loggers, and what the reference shows."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from triglot import dataset, foreign
from triglot.logs import LEVEL_VARIABLE, LEVELS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LOADERS = {
    name: kind
    for module in (dataset, foreign)
    for name, kind in vars(module).items()
    if inspect.isclass(kind) and kind.__module__ == module.__name__ and not name.startswith("_")
}
# the schema of logging.config.dictConfig
DICT_CONFIG = {"version", "formatters", "filters", "handlers", "loggers", "root", "incremental"}
DICT_CONFIG |= {"disable_existing_loggers"}
ABSTRACT = {"DatasetLoader"}  # what a loader is, and none itself


def section(page: str, title: str) -> str:
    """Return the text below a heading of a page, up to the next."""
    text = (DOCS / page).read_text("utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/{page} has no section {title!r}"
    return found[1]


def arguments(kind: type[Any]) -> dict[str, inspect.Parameter]:
    """Return the arguments of a class by name, without those that go to somebody else."""
    if kind.__init__ is object.__init__:
        return {}
    return {
        name: parameter
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    }


@pytest.mark.parametrize("name", sorted(LOADERS.keys() - ABSTRACT))
def test_a_loader_has_a_section_with_each_of_its_arguments_and_its_default(name: str) -> None:
    text = section("loaders.md", name)

    assert f"`{LOADERS[name].__module__}.{name}`" in text
    for argument, parameter in arguments(LOADERS[name]).items():
        assert f"`{argument}`" in text
        if parameter.default not in (parameter.empty, None) and "as of [CSV]" not in text and name != "Table":
            shown = "{}" if argument == "params" else repr(parameter.default)
            assert f"`{shown}`" in next(line for line in text.splitlines() if f"`{argument}`" in line)


def test_no_section_names_an_argument_that_a_loader_does_not_have() -> None:
    wrong = []
    for name in LOADERS.keys() - ABSTRACT:
        rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", section("loaders.md", name), re.MULTILINE)
        named = {argument for row in rows for argument in re.findall(r"`(\w+)`", row)}
        wrong += [f"{name}: {argument}" for argument in named - arguments(LOADERS[name]).keys()]
    assert not wrong


def test_every_logger_is_named_and_no_other() -> None:
    used = {
        node.args[0].value
        for room in ("bridge", "server", "workers")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "getLogger"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    named = re.findall(r"^\| `([\w.]+)` \|", section("logging.md", "The loggers"), re.MULTILINE)
    assert sorted(named) == sorted(name for name in used if str(name).startswith("triglot"))


def test_every_key_of_the_entry_for_logging_and_every_level_is_named() -> None:
    named = re.findall(r"^\| `(\w+)` \|", section("logging.md", "The entry `logging`"), re.MULTILINE)
    assert set(named) == DICT_CONFIG
    levels = section("logging.md", "How much")
    assert f"`{LEVEL_VARIABLE}`" in levels
    assert [level for level in LEVELS if f"`{level}`" not in levels] == []
