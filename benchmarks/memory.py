"""`python -m benchmarks.memory`: what each process of the service has in memory, with one worker a language.

Four models are loaded, then asked over up to 256 connections each, then by nobody for some seconds, in which workers
give back what they no longer need. Figures are MB; pages that processes share are counted in proportion.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import ours
from benchmarks.load import ask, wrk
from benchmarks.processes import REST_S, Memory, family, free_port, memory, served, title
from benchmarks.suite import requests
from benchmarks.systems import CONFIG, OURS, SYSTEMS

CONNECTIONS = (1, 64, 256)
MANY_CONNECTIONS = 4
LOAD_S = 2


def main() -> int:
    """Print a table before the loads, after them, and after a rest."""
    triglot = next(system for system in SYSTEMS if system.name == OURS)
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        ours.fit(folder, CONFIG)
        asked = [requests(triglot, model, port) for model in triglot.models]
        environ = {**os.environ, **ours.environment(folder, CONFIG)}
        with served(ours.command(port), environ, folder / "log", lambda: ask(asked[0][0]) is not None) as running:
            ours.wait_until_ready(port)
            print(f"first answer after {running.start_s:.1f} s")
            for one, _ in asked:
                ask(one)
            show("before the loads", running.pid)
            for one, thousand in asked:
                for connections in CONNECTIONS:
                    wrk(one, connections, LOAD_S)
                wrk(thousand, MANY_CONNECTIONS, LOAD_S)
            show("after them", running.pid)
            time.sleep(REST_S)
            show(f"{REST_S:g} s later", running.pid)
    return 0


def show(when: str, pid: int) -> None:
    """Print what a process and its descendants have."""
    found = [(title(member), memory(member)) for member in sorted(family(pid))]
    whole = Memory(*(sum(getattr(each, part) for _, each in found) for part in ("pss", "anonymous", "file")))
    print(f"\n{when:<28}{'PSS':>8}{'written to':>12}{'as in files':>13}")
    for name, each in [*found, ("all", whole)]:
        print(f"{name:<28}{each.pss:>8.1f}{each.anonymous:>12.1f}{each.file:>13.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
