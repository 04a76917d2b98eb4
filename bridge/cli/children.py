"""The processes beside a front end that somebody else supervises, or nobody: workers, and a runner of jobs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from triglot.languages.launch import worker_command, worker_environment
from triglot.languages.pools import group_of, language_of
from triglot.project import Project
from triglot.supervision.supervisord import Plan

STOP_S = 10.0


class Program(NamedTuple):
    """A command line with its environment, and where it works."""

    command: list[str]
    environ: Mapping[str, str]
    cwd: Path


def environment_of(project: Project, plan: Plan, run_dir: Path) -> dict[str, str]:
    """Return the environment of a front end and of what stands beside it, in a run directory."""
    return {**project.environ, **plan.environment, "TRIGLOT_RUN_DIR": str(run_dir)}


def programs(project: Project, plan: Plan, run_dir: Path) -> Iterator[Program]:
    """Give what a plan has beside its front end."""
    environ = environment_of(project, plan, run_dir)
    for pool, count in plan.workers.items():
        language, group = language_of(pool), group_of(pool)
        variables = {**environ, **worker_environment(language, project.environ)}
        for number in range(count):
            command = worker_command(language, f"{pool}-{number}", run_dir, key_file=plan.key_file, group=group)
            yield Program(command, variables, plan.directory)
    if plan.jobs:
        yield Program([sys.executable, "-m", "triglot", "jobs", "run"], environ, plan.directory)


def begun(program: Program) -> "subprocess.Popen[bytes]":
    """Return a program's process, which is the first of a group of its own."""
    return subprocess.Popen(
        program.command,
        env=program.environ,
        cwd=program.cwd,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[bytes]") -> None:
    """End a process and what it started."""
    _signal(process, signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()


@contextmanager
def running(program: Program) -> Iterator["subprocess.Popen[bytes]"]:
    """Hold a process; it and what it started are ended with the block."""
    process = begun(program)
    try:
        yield process
    finally:
        ended(process)


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)
