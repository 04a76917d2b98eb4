"""`devserver`: Flask's own server with workers of its own, for one developer on one machine."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click

from triglot import operation
from triglot.languages.launch import worker_command, worker_environment
from triglot.languages.pools import group_of, language_of
from triglot.project import Project
from triglot.transport.discovery import run_directory

PORT = 5000
STOP_S = 10.0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--debug", default=False, type=bool, help="1: start again when code changes, and show errors in full.")
@click.pass_obj
def devserver(project: Project, host: str, port: int, debug: bool) -> None:
    """Serve in the foreground by Flask's own server, until Ctrl-C; for development only.

    It starts the workers that it needs, in a run directory of its own.

    Example: triglot devserver --port 5001 --debug 1
    """
    plan = operation.plan(project, host=host, port=port, workers={})
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="triglot-") as folder, ExitStack() as processes:
        run_dir = run_directory(Path(folder))
        environment = {**project.environ, **plan.environment, "TRIGLOT_RUN_DIR": str(run_dir)}
        for pool, count in plan.workers.items():
            language, group = language_of(pool), group_of(pool)
            variables = {**environment, **worker_environment(language, project.environ)}
            for number in range(count):
                command = worker_command(language, f"{pool}-{number}", run_dir, key_file=plan.key_file, group=group)
                processes.enter_context(_child(command, variables, plan.directory))
        flask = [sys.executable, "-m", "flask", "--app", "triglot.server.wsgi", "run", "--host", host]
        flask += ["--port", str(port), "--debug" if debug else "--no-debug"]
        server = processes.enter_context(_child(flask, environment, plan.directory))
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
    if code:
        raise click.exceptions.Exit(1)


@contextmanager
def _child(command: list[str], environment: Mapping[str, str], cwd: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Hold a process; it and what it started are ended with the block."""
    process = subprocess.Popen(command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        _signal(process, signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
