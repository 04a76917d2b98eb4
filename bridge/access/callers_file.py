"""The file of callers, read again when it has changed: a key that was taken out of it is worth nothing then."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from triglot.access.callers import Register, records_in, register_of
from triglot.errors import ConfigError

logger = logging.getLogger("triglot.access")

LOOK_S: Final = 1.0
_Stamp = tuple[int, int, int]


class CallersFile:
    """Those whom a file and a text name; raises `ConfigError` at first for a bad file, and later keeps what it had.

    path: None where there is only the text, which an environment gave.
    """

    def __init__(self, path: Path | None, text: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._more = records_in(text, "TRIGLOT_CALLERS")
        self._clock = clock
        self._looked = clock()
        self._stamp = self._look()
        self._register = self._read()

    def __call__(self) -> Register:
        """Return those who are known now."""
        if self._path is not None and self._clock() - self._looked >= LOOK_S:
            self._looked = self._clock()
            stamp = self._look()
            if stamp != self._stamp:
                self._stamp = stamp
                self._read_again()
        return self._register

    def _read_again(self) -> None:
        try:
            self._register = self._read()
        except ConfigError as error:
            logger.error("%s; those who were known before still are", error)

    def _look(self) -> _Stamp | None:
        try:
            found = None if self._path is None else self._path.stat()
        except OSError:
            return None
        return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)

    def _read(self) -> Register:
        if self._path is None:
            return register_of(self._more, "TRIGLOT_CALLERS")
        try:
            text = self._path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"access: callers: {error}; make the file, or leave the entry out") from None
        return register_of([*records_in(text, str(self._path)), *self._more], str(self._path))
