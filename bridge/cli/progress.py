"""Progress on long work: a spinner with the time it takes on a terminal, plain lines elsewhere."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

logger = logging.getLogger("triglot")


@contextmanager
def step(what: str) -> Iterator[None]:
    """Show that `what` is going on, and log how long it took in seconds."""
    logger.info("%s...", what)
    started = time.perf_counter()
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(what, total=None)
        yield
    logger.info("%s done in %.3f sec.", what, time.perf_counter() - started)
