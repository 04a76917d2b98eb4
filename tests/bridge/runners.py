"""Real runners of jobs in working directories of their own; whatever they start ends with them."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.functional.running import descendants, environment
from tests.helpers import PATIENCE_S, until
from triglot.store import ModelStore
from triglot.store.jobs import Job


class Place:
    """A working directory with a configuration, its store and the runners that were started there."""

    def __init__(self, folder: Path, config: str) -> None:
        self.folder = folder
        (folder / "my-config.py").write_text(config)
        shutil.copy(Path(__file__).parent / "unhurried.py", folder)
        shutil.copy(Path(__file__).parents[1] / "workers" / "greedy" / "greedy.py", folder)
        self.url = f"sqlite:///{folder / 'triglot.db'}"
        self.store = ModelStore(self.url)
        self.store.upgrade()
        self.jobs = self.store.jobs
        self.log = folder / "runner.log"
        self._runners: list[subprocess.Popen[bytes]] = []

    def run(self) -> "subprocess.Popen[bytes]":
        """Start a runner; the configuration is named to it alone, so that it must hand it on."""
        with self.log.open("ab") as out:
            runner = subprocess.Popen(
                [sys.executable, "-m", "triglot", "-c", "my-config.py", "jobs", "run"],
                cwd=self.folder,
                env=environment(TRIGLOT_ADMIN_TOKEN="secret-token"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self._runners.append(runner)
        return runner

    def begun(self) -> list[int]:
        """Return the process of each slow fit that has begun."""
        with contextlib.suppress(FileNotFoundError):
            return [int(line.split()[0]) for line in (self.folder / "begun").read_text().splitlines()]
        return []

    def ended(self, job_id: str) -> Job:
        """Return a job once it has ended."""
        until(lambda: self.jobs.get(job_id).state in ("finished", "error", "cancelled"))
        return self.jobs.get(job_id)

    def close(self) -> None:
        """End all runners and what they started."""
        for runner in self._runners:
            for pid in [*descendants(runner.pid), runner.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            runner.wait(PATIENCE_S)
        self.store.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that waits to be buried has."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True
