"""An author's Python model that answers what it is given, and misbehaves when a row or a parameter says so."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from typing import Any

DEADLY = -666.0


def keep_the_lock(seconds: float) -> None:
    """Keep Python's lock for so long, as a sort of millions of objects does and many a C extension.

    Before that the alarm is set and taken back, as those do who bound their own time.
    """
    if seconds:
        signal.alarm(60)
        signal.alarm(0)
        ctypes.PyDLL(None).usleep(int(seconds * 1e6))


class Echo:
    """Predicts the first column; a row that starts with `DEADLY` ends the process, as a crash in a library would."""

    def __init__(self, factor: float = 1.0, locked: float = 0.0) -> None:
        self.factor = factor
        self.locked = locked

    def fit(self, X: Any, y: Any) -> "Echo":
        keep_the_lock(self.locked)
        return self

    def predict(
        self, X: Any, nap: float = 0.0, add: float = 0.0, raises: str = "", deaf: bool = False, locked: float = 0.0
    ) -> Any:
        keep_the_lock(locked)
        if (X[:, 0] == DEADLY).any():
            os.kill(os.getpid(), signal.SIGKILL)
        while deaf:
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(0.1)
        for _ in range(int(nap * 100)):
            time.sleep(0.01)
        if raises == "exit":
            sys.exit(3)
        if raises:
            raise ValueError(raises)
        return X[:, 0] * self.factor + add
