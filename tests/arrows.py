"""The imports of a checkout, and what is wrong with them, as text; a graph is module -> the modules that it imports."""

import ast
from collections.abc import Callable, Iterable, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeAlias

Graph: TypeAlias = Mapping[str, Set[str]]
Drawing: TypeAlias = Iterable[Iterable[str]]

ROOMS = {"bridge": "triglot", "server": "triglot.server", "workers": "triglot.workers"}
TEMPLATES = Path("bridge", "templates")  # what authors start from: data of the package, not parts of it


def parsed(root: Path) -> dict[str, ast.Module]:
    """Return the modules of a checkout by import name."""
    found = {}
    for folder, package in ROOMS.items():
        for path in sorted((root / folder).rglob("*.py")):
            if root / TEMPLATES in path.parents:
                continue
            parts = [package, *path.relative_to(root / folder).with_suffix("").parts]
            name = ".".join(part for part in parts if part != "__init__")
            found[name] = ast.parse(path.read_text("utf-8"), str(path))
    return found


def read(sources: Mapping[str, ast.Module]) -> dict[str, frozenset[str]]:
    """Return what each module imports, at its top or later; a module that is imported from a package is the import."""
    known = sources.keys()
    found = {}
    for name, tree in sources.items():
        targets = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                targets |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name}: write the absolute name"
                module = node.module or ""
                modules = {f"{module}.{alias.name}" for alias in node.names} & known
                targets |= modules
                if len(modules) < len(node.names):
                    targets.add(module)
        found[name] = frozenset(targets)
    return found


def package_of(module: str) -> str:
    """Return the package of a module, one below the core or the room it stands in; a single module is its own."""
    depth = 3 if within(module, {"triglot.server", "triglot.workers"}) else 2
    return ".".join(module.split(".")[:depth])


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
