"""The copy of a service's log in its run directory: two files of a bounded length, the newer and the one before it."""

import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from triglot.logs.lines import BELOW

FILE: Final = "service.log"
BEFORE: Final = FILE + ".1"
POLL_S: Final = 0.2


def records(run_dir: Path) -> Iterator[str]:
    """Give what is kept, the oldest first: each line with what stands below it."""
    for name in (BEFORE, FILE):
        try:
            with (run_dir / name).open("rb") as file:
                yield from _records(file)
        except FileNotFoundError:
            continue


def followed(run_dir: Path, poll_s: float = POLL_S) -> Generator[str]:
    """Give what is kept, and then what comes, for ever; an empty text stands for each look that found nothing.

    A file that was begun anew meanwhile is read to its end first.
    """
    file: BinaryIO | None = None
    yield from _of(run_dir / BEFORE)
    try:
        while True:
            file = file or _opened(run_dir / FILE)
            if file is not None:
                yield from _records(file)
                if _is_replaced(file, run_dir / FILE):
                    yield from _records(file)
                    file.close()
                    file = None
                    continue
            yield ""
            time.sleep(poll_s)
    finally:
        if file is not None:
            file.close()


def _of(path: Path) -> Iterator[str]:
    file = _opened(path)
    if file is not None:
        with file:
            yield from _records(file)


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _is_replaced(file: BinaryIO, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False  # between two names
    return there.st_ino != os.fstat(file.fileno()).st_ino


def _records(file: BinaryIO) -> Iterator[str]:
    """Give the whole lines that there are; the beginning of one that is being written is read next time."""
    kept: list[str] = []
    while line := file.readline():
        if not line.endswith(b"\n"):
            file.seek(-len(line), os.SEEK_CUR)
            break
        text = line.decode("utf-8", "backslashreplace").rstrip("\n")
        if kept and not text.startswith(BELOW):
            yield "\n".join(kept)
            kept = []
        kept.append(text)
    if kept:
        yield "\n".join(kept)
