"""What is wrong with a graph of imports, as text; a graph is module -> the modules that it imports."""

from collections.abc import Callable, Iterable, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

Graph: TypeAlias = Mapping[str, Set[str]]
Drawing: TypeAlias = Iterable[Iterable[str]]


def within(name: str, parents: Iterable[str]) -> bool:
    """Return whether a module is one of these, or stands in one of these packages."""
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def closure(graph: Graph, name: str) -> set[str]:
    """Return all modules that importing `name` can ever lead to, ours and others', and itself."""
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += graph.get(module, ())
    return reached


def heights(drawing: Drawing) -> dict[str, int]:
    """Return how high each name is drawn; the highest level comes first."""
    levels = [list(level) for level in drawing]
    return {name: len(levels) - place for place, level in enumerate(levels) for name in level}


def height(module: str, drawn: Mapping[str, int]) -> int | None:
    """Return how high a module is drawn, by its own name or by that of the nearest package; None where it is not."""
    names = [name for name in drawn if within(module, {name})]
    return drawn[max(names, key=len)] if names else None


def homeless(modules: Iterable[str], drawn: Mapping[str, int]) -> list[str]:
    """Return the modules that are on no level."""
    return [f"{module} is on no level" for module in modules if height(module, drawn) is None]


def upward(graph: Graph, drawn: Mapping[str, int]) -> list[str]:
    """Return the imports of what is drawn above the importer."""
    return [
        f"{module} imports {target}, which is drawn above it"
        for module, targets in graph.items()
        for target in sorted(targets & graph.keys())
        if (height(target, drawn) or 0) > (height(module, drawn) or 0)
    ]


def over_the_wall(graph: Graph, importers: Iterable[str], hidden: Set[str]) -> list[str]:
    """Return what modules import of what is hidden from them."""
    return [
        f"{module} imports {target}, which it may not see"
        for module in sorted(importers)
        for target in sorted(graph.get(module, frozenset()) & hidden)
    ]


def circle(graph: Graph, package_of: Callable[[str], str]) -> list[str]:
    """Return the packages of one circle, if there is one, each imported by the one before it."""
    packages: dict[str, set[str]] = {}
    for module, targets in graph.items():
        found = packages.setdefault(package_of(module), set())
        found |= {package_of(target) for target in targets & graph.keys()} - {package_of(module)}
    try:
        TopologicalSorter(packages).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
