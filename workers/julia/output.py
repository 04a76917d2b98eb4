"""What Julia and the C code below it write, kept in a file until somebody asks.

Julia duplicates both descriptors when it starts, so they are exchanged before that. Python's own streams, and
the log's, go on where they went before.
"""

import logging
import os
import sys
import tempfile
from typing import IO

SHOWN_AT_MOST = 256 * 1024  # bytes of one call's output; the rest is counted


class Capture:
    """The exchanged descriptors of a process; made once, before anything that duplicates them."""

    def __init__(self) -> None:
        # O_APPEND, because the file is emptied while others still write to it
        descriptor, path = tempfile.mkstemp(prefix="triglot-output-")
        os.close(descriptor)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        os.unlink(path)
        self._kept: list[tuple[int, int]] = []
        for number, name in ((1, "stdout"), (2, "stderr")):
            stream: IO[str] = getattr(sys, name)
            stream.flush()
            kept = os.dup(number)
            self._kept.append((number, kept))
            os.dup2(self._file, number)
            replacement = os.fdopen(kept, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
            _move_handlers(stream, replacement)
            setattr(sys, name, replacement)

    def take(self) -> str:
        """Return what was written since the last call, and forget it."""
        size = os.fstat(self._file).st_size
        if not size:
            return ""
        text = os.pread(self._file, SHOWN_AT_MOST, 0).decode("utf-8", "replace")
        os.ftruncate(self._file, 0)
        return text if size <= SHOWN_AT_MOST else f"{text}\n... {size - SHOWN_AT_MOST} more bytes"

    def keep_crashes_out(self) -> None:
        """Give descriptor 2 back once Julia has its own copy: what C writes there before a crash must be seen."""
        os.dup2(self._kept[1][1], 2)

    def undo(self) -> None:
        """Give the descriptors back; for a start that failed."""
        for number, kept in self._kept:
            os.dup2(kept, number)


def _move_handlers(old: IO[str], new: IO[str]) -> None:
    """Let handlers of the root logger that write to the old stream write to the new one."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is old:
            handler.setStream(new)
