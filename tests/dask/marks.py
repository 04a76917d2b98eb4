"""How a test finds the processes of R that a cluster's processes have, and catches them in a call."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers import until

AUTHORS = Path(__file__).parent / "authors"


@dataclass(frozen=True)
class Marks:
    """A folder where each call leaves its process's id, and waits while it is held."""

    folder: Path

    def processes(self) -> list[int]:
        """Return the ids, one a call, in no order."""
        return [int(mark.read_text() or 0) for mark in self.folder.glob("call-*")]

    def clear(self) -> None:
        """Forget the calls so far."""
        for mark in self.folder.glob("call-*"):
            mark.unlink()

    @contextmanager
    def meanwhile(self, kill: Callable[[int], None]) -> Iterator[None]:
        """Hold all calls until one has begun, and its process was dealt with."""
        hold = self.folder / "hold"
        hold.touch()
        dealt: list[int] = []
        over = threading.Event()

        def doing() -> None:
            try:
                until(lambda: over.is_set() or any(self.processes()))
                for process in [each for each in self.processes() if each][:1]:
                    kill(process)
                    dealt.append(process)
            finally:
                hold.unlink()

        thread = threading.Thread(target=doing)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        assert dealt, "no call has begun"


def parent(process: int) -> int:
    """Return the id of a process's parent."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def kill(process: int) -> None:
    """End a process as a crash would."""
    os.kill(process, signal.SIGKILL)


def kill_parent(process: int) -> None:
    """End a process's parent as a crash would; returns once that has ended this one, too."""
    kill(parent(process))
    until(lambda: not Path(f"/proc/{process}").exists())


@contextmanager
def without_r(dask: Any) -> Iterator[str]:
    """Take R away from one process of a cluster, and give its address."""
    address = sorted(dask.scheduler_info()["workers"])[0]

    def hide() -> dict[str, str]:  # within, as what travels whole: the tests are no package there
        kept = {name: os.environ.pop(name) for name in ("PATH", "TRIGLOT_R_HOME") if name in os.environ}
        os.environ["PATH"] = "/nonexistent"
        return kept

    def show(kept: dict[str, str]) -> None:
        os.environ.update(kept)

    kept = dask.run(hide, workers=[address])[address]
    try:
        yield address
    finally:
        dask.run(show, kept, workers=[address])
