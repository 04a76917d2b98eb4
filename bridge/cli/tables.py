"""How commands print tables: nothing of a value is taken for markup, and piped lines stay lines."""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.filesize import decimal
from rich.table import Column, Table

PIPED_WIDTH = 10_000  # for grep and awk: a line stays a line
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def table_of(names: Iterable[str], *, numbers: Iterable[str] = (), wide: Iterable[str] = ()) -> Table:
    """Return a table without lines around it; `numbers` stand on the right, and `wide` fold on a narrow terminal."""
    right, folding = set(numbers), set(wide)

    def column(name: str) -> Column:
        justify: Literal["left", "right"] = "right" if name in right else "left"
        return Column(name, no_wrap=name not in folding, overflow="fold", justify=justify)

    return Table(*map(column, names), box=None, pad_edge=False)


def console() -> Console:
    """Return where tables are printed."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def show(*parts: RenderableType) -> None:
    """Print tables and lines."""
    out = console()
    for part in parts:
        out.print(part)


def size(count: int | None) -> str:
    """Return bytes as people read them; nothing where they are not known."""
    return "" if count is None else f"{count} B" if count < 1000 else decimal(count)


def span(seconds: float) -> str:
    """Return seconds in the largest unit that they have."""
    least, unit = next(((least, unit) for least, unit in _UNITS if seconds >= least), _UNITS[-1])
    return f"{max(0, int(seconds // least))} {unit}"


def ago(then: str | None, now: datetime) -> str:
    """Return how long ago an ISO time was; nothing where there is none."""
    return "" if then is None else span((now - datetime.fromisoformat(then)).total_seconds())


def took(started: str | None, finished: str | None, now: datetime) -> str:
    """Return how long something took from one ISO time to another, or takes; nothing for what has not begun."""
    if started is None:
        return ""
    ended = now if finished is None else datetime.fromisoformat(finished)
    return span((ended - datetime.fromisoformat(started)).total_seconds())


def progress_of(progress: Mapping[str, Any] | None) -> str:
    """Return how far a job is, where it says so."""
    if not progress or "number" not in progress:
        return ""
    return f"{progress['number']}/{progress['of']} {progress['step']}"


def line(text: str, most: int) -> str:
    """Return the first line of a text that somebody else wrote, shortened, as one that no terminal obeys."""
    first = next((each for each in text.splitlines() if each.strip()), "").strip()
    shown = "".join(character if character.isprintable() else " " for character in first)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
