"""Parameters that had other names: the former ones go on working, and each is told of once a process.

The signature of a constructor has today's names alone, which scikit-learn and a configuration's errors read there.
"""

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar, cast

Init = TypeVar("Init", bound=Callable[..., None])
Names: TypeAlias = Mapping[str, str]  # former name -> today's


def takes_former_names(names: Names) -> Callable[[Init], Init]:
    """Return the decorator of a constructor that takes arguments by former names, too."""

    def decorated(init: Init) -> Init:
        @functools.wraps(init)
        def taking(self: Any, *arguments: Any, **given: Any) -> None:
            init(self, *arguments, **renamed(names, given, functools.partial(warn, type(self).__name__)))

        taking.former_names = names  # type: ignore[attr-defined]  # mypy knows no attributes of functions
        return cast(Init, taking)

    return decorated


def former_names(factory: Any) -> Names:
    """Return the former names that the constructor of a class takes; none for anything else."""
    return cast(Names, getattr(getattr(factory, "__init__", None), "former_names", {}))


def renamed(names: Names, given: Mapping[str, Any], tell: Callable[[str], object]) -> dict[str, Any]:
    """Return arguments under today's names; `tell` gets the advice what to write where some came under others.

    Raises `ValueError` where one is given under both names.
    """
    found = [(former, today) for former, today in names.items() if former in given]
    for former, today in found:
        if today in given:
            raise ValueError(f"{former!r} and {today!r} mean the same; keep {today!r}")
    if found:
        advice = ", ".join(f"{today!r} for {former!r}" for former, today in found)
        tell(f"write {advice}; former names go on working")
    return {names.get(name, name): value for name, value in given.items()}


@functools.cache  # a search sets parameters for each of its candidates
def warn(whose: str, advice: str) -> None:
    """Warn whoever called what called `renamed`, once a process."""
    warnings.warn(f"{whose}: {advice}", FutureWarning, stacklevel=4)
