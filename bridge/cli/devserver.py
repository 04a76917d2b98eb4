"""`devserver`: Flask's own server with workers of its own, for one developer on one machine."""

import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import click

from triglot import operation
from triglot.cli.children import Program, environment_of, programs, running
from triglot.project import Project
from triglot.transport.discovery import run_directory

PORT = 5000


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--debug", default=False, type=bool, help="1: start again when code changes, and show errors in full.")
@click.pass_obj
def devserver(project: Project, host: str, port: int, debug: bool) -> None:
    """Serve in the foreground by Flask's own server, until Ctrl-C; for development only.

    It starts the workers that it needs, in a run directory of its own, and a runner of jobs where there can be jobs.

    Example: triglot devserver --port 5001 --debug 1
    """
    plan = operation.plan(project, host=host, port=port, workers={})
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="triglot-") as folder, ExitStack() as processes:
        run_dir = run_directory(Path(folder))
        for program in programs(project, plan, run_dir):
            processes.enter_context(running(program))
        flask = [sys.executable, "-m", "flask", "--app", "triglot.server.development", "run", "--host", host]
        flask += ["--port", str(port), "--debug" if debug else "--no-debug"]
        front_end = Program(flask, environment_of(project, plan, run_dir), plan.directory)
        server = processes.enter_context(running(front_end))
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
    if code:
        raise click.exceptions.Exit(1)


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
