"""A library that others import in passing is loaded once something of it is used, and not before."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands for a module and loads it when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        _give_way(self)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def later(name: str) -> Iterator[None]:
    """Put off what the block imports under `name`: the importer gets a stand-in, and everybody after it the module."""
    if name in sys.modules:
        yield
        return
    standing_in = sys.modules[name] = _Later(name)
    try:
        yield
    finally:
        _give_way(standing_in)


def _give_way(standing_in: _Later) -> None:
    if sys.modules.get(standing_in.__name__) is standing_in:
        del sys.modules[standing_in.__name__]
