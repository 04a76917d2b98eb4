"""What every engine can: have parts done by processes that execute, and say what became of each."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

from triglot.scoring.parts import Done, Part

# Does a part; it can be pickled. What it raises is no fault of the rows, and may be tried again.
Doing: TypeAlias = Callable[[Part], Done]


class Engine(Protocol):
    """Has parts done, each until it is; a part that was tried again says so in `repeated`."""

    def run(self, doing: Doing, parts: Sequence[Part]) -> Iterator[Done]:
        """Yield what became of each part, as they are done, in any order; who stops listening ends the rest."""
        ...

    def close(self) -> None:
        """End what was started for it."""
        ...


def first_line(error: BaseException) -> str:
    """Return the first line of a cluster's error, which goes on for pages; its class where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
