"""Pluggable decorators: lists in the configuration that wrap named points of the program.

    'load_data_decorators': ['my_module.log_rows', {'!': 'triglot.cache.diskcache'}],

The first of a list is the innermost. Where the lists come from is said by whoever reads a configuration
(`use_decorators`), so that what has such a point need not know one.
"""

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]
Source: TypeAlias = Callable[[str], Sequence[Decorator]]  # the decorators of a list, by the list's key

_lock = threading.RLock()
_source: Source | None = None


def use_decorators(source: Source | None) -> None:
    """Take all lists from this source from now on, also for points that were passed before; None has none."""
    global _source
    _source = source


def wrapped(key: str, func: Callable[..., R]) -> Callable[..., R]:
    """Return `func` inside the decorators that the list `key` names now, the first of them innermost.

    Examples:
        >>> def loudly(func):
        ...     return lambda: func().upper()
        >>> use_decorators({"greeting_decorators": [loudly]}.get)
        >>> wrapped("greeting_decorators", lambda: "good morning")()
        'GOOD MORNING'
        >>> use_decorators(None)
    """
    source = _source
    return functools.reduce(lambda inner, decorator: decorator(inner), source(key) if source else (), func)


def pluggable(key: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return the decorator that makes a function or method a point, wrapped once by the decorators of the list `key`.

    The list is looked up when the point is first passed, and again once another configuration is there.

    Examples:
        >>> @pluggable("load_data_decorators")
        ... def load():
        ...     return [1, 2]
        >>> load()
        [1, 2]
    """

    def make_point(func: Callable[P, R]) -> Callable[P, R]:
        made: tuple[Source | None, Callable[..., R]] = (None, func)

        @functools.wraps(func)
        def point(*args: P.args, **kwargs: P.kwargs) -> R:
            nonlocal made
            if made[0] is not _source:
                with _lock:
                    if made[0] is not _source:
                        made = (_source, wrapped(key, func))
            return made[1](*args, **kwargs)

        return point

    return make_point
