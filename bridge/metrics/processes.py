"""The processes of a service, as families of metrics: what supervisord knows of them, and what the system does."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from triglot.supervision.programs import crashes
from triglot.supervision.status import Program

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Use(NamedTuple):
    """What processes use: seconds of a processor since they started, bytes of memory, open files, threads."""

    cpu_s: float = 0.0
    resident_bytes: int = 0
    files: int = 0
    threads: int = 0

    def plus(self, other: "Use") -> "Use":
        """Return what both use together."""
        return Use(
            self.cpu_s + other.cpu_s,
            self.resident_bytes + other.resident_bytes,
            self.files + other.files,
            self.threads + other.threads,
        )


def families(programs: Mapping[str, Program]) -> Iterator[Metric]:
    """Yield the metrics of supervised programs, by their names as `supervisorctl` has them."""
    up = GaugeMetricFamily("triglot_program_up", "Whether a supervised program runs.", labels=("program",))
    starts = CounterMetricFamily("triglot_program_starts", "How often it was started.", labels=("program",))
    exits = CounterMetricFamily("triglot_program_exits", "How often it ended, and how.", labels=("program", "how"))
    cpu = CounterMetricFamily("triglot_process_cpu_seconds", "Time on a processor.", labels=("program",))
    memory = GaugeMetricFamily("triglot_process_resident_memory_bytes", "Memory in use.", labels=("program",))
    files = GaugeMetricFamily("triglot_process_open_fds", "Open file descriptors.", labels=("program",))
    threads = GaugeMetricFamily("triglot_process_threads", "Threads.", labels=("program",))
    for program, known in sorted(programs.items()):
        pid = known["pid"]
        up.add_metric((program,), float(bool(pid)))
        starts.add_metric((program,), known["starts"])
        for how, count in sorted(known["exits"].items()):
            exits.add_metric((program, how), count)
        if pid:
            use = used(pid)
            cpu.add_metric((program,), use.cpu_s)
            memory.add_metric((program,), use.resident_bytes)
            files.add_metric((program,), use.files)
            threads.add_metric((program,), use.threads)
    crashed = CounterMetricFamily("triglot_worker_crashes", "Ends of workers that nobody wanted.", labels=("pool",))
    for pool, count in sorted(crashes(programs).items()):
        crashed.add_metric((pool,), count)
    yield from (up, starts, exits, crashed, cpu, memory, files, threads)


def used(pid: int) -> Use:
    """Return what a process and its descendants use; nothing of those that have ended meanwhile."""
    use = Use()
    with contextlib.suppress(OSError, ValueError):
        proc = Path("/proc") / str(pid)
        fields = (proc / "stat").read_bytes().rpartition(b") ")[2].split()
        use = Use(
            sum(map(int, fields[11:15])) / _TICKS,  # its own time, and that of children that have ended
            int(fields[21]) * _PAGE,
            len(os.listdir(proc / "fd")),
            int(fields[17]),
        )
        for child in (proc / "task" / str(pid) / "children").read_text("ascii").split():
            use = use.plus(used(int(child)))
    return use
