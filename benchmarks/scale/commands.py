"""Commands that are timed from their start to their end, with the memory of all of their processes."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.processes import ROOT, family, memory
from benchmarks.scale.figures import Figure

LOOK_S = 0.2
KEY = "of what is measured here, and of nothing else"
CONFIG = Path(__file__).with_name("scale-config.py")


class Most:
    """The most memory that some processes and their descendants were seen to have together, in MB."""

    def __init__(self, pids: Sequence[int]) -> None:
        self.mb = 0.0
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Most":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            self.mb = max(self.mb, sum(memory(pid).pss for top in self._pids for pid in family(top)))


def environment(folder: Path) -> dict[str, str]:
    """Return what commands of ours run with: the configuration, with its models and data in a folder."""
    return {
        **os.environ,
        "TRIGLOT_CONFIG": str(CONFIG),
        "TRIGLOT_SCALE": str(folder),
        "TRIGLOT_SIGNING_KEY": KEY,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def timed(part: str, name: str, count: int, environ: Mapping[str, str], *commands: Sequence[str]) -> Figure:
    """Return how long commands take that run at the same time; raises `RuntimeError` with the log where one fails."""
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        processes = [
            subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            for command in commands
        ]
        with Most([process.pid for process in processes]) as most:
            codes = [process.wait() for process in processes]
        seconds = time.perf_counter() - began
        if any(codes):
            log.seek(0)
            raise RuntimeError(f"{name}: {log.read()[-2000:].decode('utf-8', 'replace')}")
    return Figure(part, name, seconds, count / seconds, most.mb)


def said(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return what a command writes; raises `RuntimeError` with the rest of it where it fails."""
    run = subprocess.run(command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} ...: {run.stderr[-2000:]}")
    return run.stdout
