"""Progress on long work: a spinner with the time it takes on a terminal, plain lines elsewhere."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from triglot.util import timer

logger = logging.getLogger("triglot")


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
