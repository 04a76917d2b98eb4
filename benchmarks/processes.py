"""Servers as processes: started, watched and ended together with all of their descendants."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 10.0
_POLL_S = 0.02
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has given its first good answer: its process id, and the seconds that this took."""

    pid: int
    start_s: float

    def memory_mb(self) -> float:
        """Return the proportional memory (PSS) of all of its processes, in MB."""
        return sum(_pss_kb(pid) for pid in family(self.pid)) / 1000

    def cpu_s(self) -> float:
        """Return the processor time that its living processes have taken so far, in seconds."""
        return sum(_ticks(pid) for pid in family(self.pid)) / _TICKS_PER_S


@contextlib.contextmanager
def served(
    command: Sequence[str], environ: Mapping[str, str], log: Path, answers: Callable[[], bool]
) -> Iterator[Running]:
    """Hold a server from its first good answer on; all of its processes end with it.

    `answers` is asked again while it raises `OSError` or says no. Raises `RuntimeError`, with the end of the server's
    log, for one that ends or does not answer in time.
    """
    started = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        while not _good(answers):
            waited = time.perf_counter() - started
            if process.poll() is not None or waited > START_TIMEOUT_S:
                said = log.read_text("utf-8", "replace")[-2000:]
                raise RuntimeError(f"{Path(command[0]).name} gave no good answer in {waited:.0f} s: {said}")
            time.sleep(_POLL_S)
        yield Running(process.pid, time.perf_counter() - started)
    finally:
        _end(process)


def family(pid: int) -> list[int]:
    """Return the process and all of its living descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int(_stat(int(folder.name))[1]), []).append(int(folder.name))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def free_port() -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _good(answers: Callable[[], bool]) -> bool:
    with contextlib.suppress(OSError):
        return answers()
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a server as an operator would, then whatever of it is still there."""
    members = {pid: _born(pid) for pid in family(process.pid)}
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid, born in members.items():  # some put their workers into sessions of their own
        if born is not None and _born(pid) == born:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait()


def _stat(pid: int) -> list[str]:
    """Return what /proc says of a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _born(pid: int) -> str | None:
    with contextlib.suppress(OSError):
        return _stat(pid)[19]
    return None


def _ticks(pid: int) -> int:
    with contextlib.suppress(OSError):
        user, system = _stat(pid)[11:13]
        return int(user) + int(system)
    return 0


def _pss_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return 0
