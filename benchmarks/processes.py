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
REST_S = 3.0  # between the last load and the look at the memory
_POLL_S = 0.02
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process has in memory, in MB; pages that it shares with others are counted in proportion.

    anonymous: what has been written to. file: what is as it is in a file, which the kernel may drop and read again.
    """

    pss: float = 0.0
    anonymous: float = 0.0
    file: float = 0.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that has given its first good answer: its process id, and the seconds that this took."""

    pid: int
    start_s: float

    def memory_mb(self) -> float:
        """Return the proportional memory (PSS) of all of its processes, in MB."""
        return sum(memory(pid).pss for pid in family(self.pid))

    def cpu_s(self) -> float:
        """Return the processor time that its living processes have taken so far, in seconds."""
        return sum(ticks(pid) for pid in family(self.pid)) / _TICKS_PER_S


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


def memory(pid: int) -> Memory:
    """Return what a process has in memory, nothing where it has ended."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        mb = {line.partition(":")[0]: int(line.split()[1]) / 1000 for line in lines}
        return Memory(mb["Pss"], mb["Pss_Anon"], mb["Pss_File"])
    return Memory()


def title(pid: int) -> str:
    """Return the words by which one tells a process of Python's from others: its module and that one's argument."""
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    after = words[words.index("-m") + 1 :] if "-m" in words else words
    return " ".join(after[:1] + [word for word in after[1:2] if not word.startswith(("-", "/"))])


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


def ticks(pid: int) -> int:
    """Return the processor time that a process has taken so far, in ticks of the system's clock."""
    with contextlib.suppress(OSError):
        user, system = _stat(pid)[11:13]
        return int(user) + int(system)
    return 0
