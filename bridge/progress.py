"""Progress on long work: a spinner with the time it takes on a terminal, plain lines elsewhere."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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
    if not _on_a_terminal():
        yield lambda done, said: None
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    with _progress(*columns) as progress:
        task = progress.add_task(what, total=total, said="")
        yield lambda done, said: progress.update(task, completed=done, said=said)


@contextmanager
def step(what: str, log: Callable[[str], Any] = logger.info) -> Iterator[None]:
    """Show that `what` is going on, and log how long it took in seconds."""
    with timer(log, what):
        if not _on_a_terminal():
            yield
            return
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        with _progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()) as progress:
            progress.add_task(what, total=None)
            yield


def _on_a_terminal() -> bool:
    """Whether somebody sees it who did not ask for quiet; without, rich is not even imported."""
    return sys.stderr.isatty() and logger.isEnabledFor(logging.INFO)


def _progress(*columns: Any) -> Any:
    from rich.console import Console
    from rich.progress import Progress

    above = sys.stdout.isatty()  # what is printed meanwhile; elsewhere it is not for eyes
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=above)
