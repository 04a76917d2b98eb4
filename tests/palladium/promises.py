"""The tests of Palladium's last release: as its modules have them, and as docs/palladium-promises.md tells of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DOCUMENT = Path(__file__).parents[2] / "docs" / "palladium-promises.md"
AS_IT_IS, NOT_KEPT = "as it is", "not kept: "

_HEAD = re.compile(r"\| `(test_\w+\.py)` \| Tests \| Here \|")


class Test(NamedTuple):
    """A test by its module, its class, which may be none, and its name."""

    __test__ = False

    module: str
    of: str
    name: str

    @property
    def node(self) -> str:
        """How pytest calls it, in the folder of the modules."""
        return "::".join(part for part in self if part)


def told() -> list[tuple[Test, str]]:
    """Return the tests that the document names, each with what it says of it."""
    found, module = [], ""
    for line in DOCUMENT.read_text("utf-8").splitlines():
        if head := _HEAD.fullmatch(line):
            module = head[1]
        elif line.startswith("| ") and module:
            classes, names, here = (cell.strip() for cell in line.strip("|").split(" | "))
            for of in re.findall(r"`(\w+)`", classes) or [""]:
                found += [(Test(module, of, name), here) for name in re.findall(r"`(\w+)`", names)]
    return found


def written(suite: Path) -> Iterator[Test]:
    """Give the tests of a folder of modules, those that classes inherit within their module with them."""
    for path in sorted(suite.glob("test_*.py")):
        classes: dict[str, dict[str, None]] = {}
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and _is_test(node):
                yield Test(path.name, "", node.name)
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                bases = [classes[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
                own = {each.name: None for each in node.body if isinstance(each, ast.FunctionDef) and _is_test(each)}
                classes[node.name] = {name: None for names in (*bases, own) for name in names}
                yield from (Test(path.name, node.name, name) for name in classes[node.name])


def _is_test(node: ast.FunctionDef) -> bool:
    return node.name.startswith("test") and not any("fixture" in ast.dump(each) for each in node.decorator_list)
