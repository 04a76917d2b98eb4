"""`python -m triglot.cli.beside`: a project's workers, for as long as a front end of somebody else's is there.

A front end that no `triglot serve` supervises starts it, each of its processes for itself; the first one stays. What it
started and what ended by itself is started again. `triglot.palladium.beside` has the other side.
"""

import logging
import os
import signal
import sys
import time
from pathlib import Path

from triglot import operation
from triglot.cli.children import Program, begun, ended, programs
from triglot.errors import TriglotError
from triglot.logs import start
from triglot.palladium.beside import is_served, kept_alone, nobody_is_left
from triglot.project import Project
from triglot.supervision.crash_loops import Crashes

CHECK_S = 1.0

logger = logging.getLogger("triglot")


def main() -> int:
    """Keep the workers, until no front end is left; return 1 where they cannot be started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        start("workers", os.environ)
        project = Project([], os.environ, Path.cwd())
        with kept_alone(project.run_dir) as alone:
            if alone and not is_served(project.run_dir):
                _keep(project)
    except TriglotError as error:
        logger.error("%s", error)
        return 1
    return 0


def _keep(project: Project) -> None:
    plan = operation.plan(project, host=None, port=None, workers={})
    wanted = list(programs(project, plan, plan.run_dir))
    processes = {number: begun(program) for number, program in enumerate(wanted)}
    crashes, due = Crashes(project.crash_loop()), dict.fromkeys(processes, 0.0)
    logger.info("%d processes beside the front end, in %s", len(processes), plan.run_dir)
    try:
        while not nobody_is_left(project.run_dir):
            time.sleep(CHECK_S)
            crashes.settle(now := time.monotonic())
            for number, process in processes.items():
                if process.poll() is None:
                    continue
                if not due[number]:
                    due[number] = now + _told(crashes, wanted[number], process.returncode, now)
                if now >= due[number]:
                    processes[number], due[number] = begun(wanted[number]), 0.0
                    crashes.running(_name(wanted[number]), now)
    finally:
        for process in processes.values():
            ended(process)


def _told(crashes: Crashes, program: Program, code: int, now: float) -> float:
    """Tell of a program that has ended; return for how many seconds its next start waits."""
    wait_s = crashes.crashed(name := _name(program), now, f"exit code {code}")
    logger.warning("%s ended with %d and is started again%s", name, code, f" in {wait_s:g} s" if wait_s else "")
    return wait_s


def _name(program: Program) -> str:
    return " ".join(program.command[-6:])


if __name__ == "__main__":
    sys.exit(main())
