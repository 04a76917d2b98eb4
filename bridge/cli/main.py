"""`triglot`: the group of all commands, and what they share."""

import importlib
import os
from pathlib import Path
from typing import Final

import click

from triglot import __version__
from triglot.cli.failures import tell_of_failure
from triglot.errors import TriglotError
from triglot.logs import LEVEL_VARIABLE, start_command

EPILOG = """
Exit codes: 0 done, 1 the command could not do what was asked (the reason is on standard error), 2 the command line
itself is wrong, 3 a version was stored and not activated, because a fresh process does not answer with it, 4 all rows
were scored that can be, and others are in the file of bad rows.

A first model, in R, Julia or Python:

\b
    triglot new r coffee && cd coffee     a folder that runs as it is
    triglot check                         what would surprise callers
    triglot fit --evaluate                fit it and store it
    triglot serve                         serve it; see 127.0.0.1:8000/docs

\b
    triglot doctor                        what is missing, and what mends it
"""

# Where each command stands, MODULE:NAME in this package: one that is not called is not imported, for most bring along
# a database's library, or pandas.
PLACES: Final = {
    "access": "access:access",
    "activate": "models:activate",
    "deactivate": "models:deactivate",
    "admin": "store:admin",
    "backup": "backup:backup",
    "check": "check:check",
    "client": "client:client",
    "compare": "compare:compare",
    "delete": "models:delete",
    "deploy": "deploy:deploy",
    "devserver": "devserver:devserver",
    "diff": "show:diff",
    "dockerize": "dockerize:dockerize",
    "doctor": "doctor:doctor",
    "export": "store:export",
    "fit": "fit:fit",
    "grid-search": "search:grid_search",
    "jobs": "jobs:jobs",
    "list": "models:list_",
    "logs": "logs:logs",
    "new": "new:new",
    "predict": "predict:predict",
    "release": "release:release",
    "restart": "serve:restart",
    "restore": "backup:restore",
    "run": "run:run",
    "scale": "serve:scale",
    "score": "score:score",
    "serve": "serve:serve",
    "show": "show:show_",
    "status": "status:status",
    "stream": "stream:stream",
    "supervisor-config": "serve:supervisor_config",
    "test": "fit:test",
    "upgrade": "store:upgrade",
    "upgrade-service": "upgrade_service:upgrade_service",
    "worker": "serve:worker",
}


class Commands(click.Group):
    """A group whose expected errors are one line on standard error and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*PLACES, *super().list_commands(ctx)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now, or None where there is none of this name."""
        if cmd_name not in PLACES:
            return super().get_command(ctx, cmd_name)
        module, _, name = PLACES[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"triglot.cli.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; with --debug errors keep their trace."""
        try:
            return super().invoke(ctx)
        except TriglotError as error:
            if ctx.params.get("debug"):
                raise
            tell_of_failure(error)
            ctx.exit(1)


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "-c",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Configuration file; several are merged left to right. Default: TRIGLOT_CONFIG, then triglot-config.py.",
)
@click.option("--quiet", "-q", is_flag=True, help="Tell of warnings and errors alone, besides what was asked for.")
@click.option("--verbose", "-v", is_flag=True, help="Tell more of what goes on.")
@click.option("--debug", is_flag=True, help="The same, and show Python's own traces of errors.")
@click.version_option(__version__, message="%(prog)s %(version)s", help="Print name and version.")
@click.pass_context
def main(ctx: click.Context, paths: tuple[Path, ...], quiet: bool, verbose: bool, debug: bool) -> None:
    """Fit, store and serve models written in R, Julia and Python.

    What is said here of quiet and verbose holds for all commands and for the processes that they start.
    """
    from triglot.project import Project  # --help, --version and completion need none

    if quiet and (verbose or debug):
        raise click.UsageError("--quiet and --verbose (or --debug) contradict each other; leave one out")
    said = {LEVEL_VARIABLE: "warning" if quiet else "debug"} if quiet or verbose or debug else {}
    environ = {**os.environ, **said}
    start_command(environ)
    if environ.get("NO_COLOR"):
        ctx.color = False
    ctx.obj = Project(paths, environ, Path.cwd())


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)
