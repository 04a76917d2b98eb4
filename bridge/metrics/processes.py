"""The processes of a service, as families of metrics: what supervisord knows of them, and what the system does."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from triglot.supervision.programs import crashes
from triglot.supervision.status import Program
from triglot.supervision.usage import used


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
