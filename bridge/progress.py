"""Progress on long work: a spinner with the time it takes on a terminal, plain lines elsewhere."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from triglot.util import timer

logger = logging.getLogger("triglot")


Show = Callable[[int, str], None]


def notice(line: str) -> None:
    """Tell people on standard error, unless they asked for quiet, how it goes; standard output is for results."""
    if logger.isEnabledFor(logging.INFO):
        print(line, file=sys.stderr, flush=True)


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Show]:
    """Give the function that shows how much is done, of a total if there is one, and says it; on a terminal only."""
    console = _console()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total, said="")
        yield lambda done, said: progress.update(task, completed=done, said=said)


@contextmanager
def step(what: str, log: Callable[[str], Any] = logger.info) -> Iterator[None]:
    """Show that `what` is going on, and log how long it took in seconds."""
    console = _console()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        timer(log, what),
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        progress.add_task(what, total=None)
        yield


def _console() -> Console:
    return Console(stderr=True, quiet=not logger.isEnabledFor(logging.INFO))
