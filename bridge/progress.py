"""Progress on long work: a spinner with the time it takes on a terminal, plain lines elsewhere."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from triglot.util import timer

logger = logging.getLogger("triglot")


Show = Callable[[int, str], None]


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Show]:
    """Give the function that shows how much is done, of a total if there is one, and says it; on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total, said="")
        yield lambda done, said: progress.update(task, completed=done, said=said)


@contextmanager
def step(what: str, log: Callable[[str], Any] = logger.info) -> Iterator[None]:
    """Show that `what` is going on, and log how long it took in seconds."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        timer(log, what),
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        progress.add_task(what, total=None)
        yield
