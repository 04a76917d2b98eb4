"""A hook of somebody's, who notes what he hears in a file."""

import os
from pathlib import Path

from triglot.hooks import Answered, Hook


class Note(Hook):
    """Notes each event once."""

    def __init__(self) -> None:
        self._file = Path(os.environ["NOTES"])
        self._noted: set[str] = set()

    def heartbeat(self) -> None:
        self._note("heartbeat")

    def worker_idle(self) -> None:
        self._note("worker_idle")

    def request_answered(self, answered: Answered) -> None:
        self._note(f"request_answered {answered.id} {answered.code}")

    def _note(self, line: str) -> None:
        if line not in self._noted:
            self._noted.add(line)
            with self._file.open("a") as file:
                file.write(f"{line}\n")
