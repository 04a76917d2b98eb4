"""Palladium's import names, for configurations and modules that were written for it.

After `install()` the statement `from palladium.interfaces import DatasetLoader` gives the module of that name of
`triglot.palladium`. Palladium itself keeps its name where it is installed.
"""

import importlib
import importlib.abc
import importlib.util
import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

NAME = "palladium"
PACKAGE = "triglot.palladium"
PALLADIUM_VERSION = "1.2.4.1"  # the release whose users and clients find here what they know
# These stand in the room that knows HTTP; importing wsgi makes the application.
IN_THE_SERVER = {"server": "triglot.server.palladium", "wsgi": "triglot.server.palladium_wsgi"}


def install() -> None:
    """Let `palladium` and its modules be imported where there is no such package; a second call does nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        # the first, or else the path finder would make second copies of the modules in this package's folder
        sys.meta_path.insert(0, _Finder())


def ours(name: str) -> str:
    """Return where a dotted name of Palladium's stands here; any other name is returned as it is."""
    package, dot, rest = name.partition(".")
    if package != NAME or not dot:
        return name
    module = re.split(r"[.:]", rest, maxsplit=1)[0]
    return IN_THE_SERVER.get(module, f"{PACKAGE}.{module}") + rest[len(module) :]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds `palladium.x` as `triglot.palladium.x`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, rest = fullname.partition(".")
        if package != NAME:
            return None
        if self._has_owner() if not rest else sys.modules.get(NAME) is not sys.modules.get(PACKAGE):
            return None
        name = ours(fullname) if rest else PACKAGE
        found = importlib.util.find_spec(name)
        if found is None:
            return None
        return ModuleSpec(fullname, _Alias(name), is_package=found.submodule_search_locations is not None)

    def _has_owner(self) -> bool:
        """Return whether somebody else's package has the name; a folder without `__init__.py` is none, nor our file."""
        specs = (finder.find_spec(NAME, None) for finder in sys.meta_path if finder is not self)
        return any(spec is not None and spec.submodule_search_locations and spec.origin is not None for spec in specs)


class _Alias(importlib.abc.Loader):
    """Gives a module that exists under another name; its own spec stays as it was."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
