"""Palladium's commands, `pld-fit` and its like: the same flags, the same lines, exit code 1 for whatever goes wrong."""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from triglot import __version__
from triglot.cli.devserver import devserver
from triglot.cli.dockerize import dockerize
from triglot.cli.fit import fit, tested
from triglot.cli.search import grid_search
from triglot.cli.store import admin, export, upgrade
from triglot.cli.stream import stream
from triglot.errors import TriglotError
from triglot.logs import PALLADIUM, logging_as
from triglot.palladium.left_behind import tell_of_what_waits
from triglot.palladium.listing import listed
from triglot.project import Project


@click.command(name="list")
@click.pass_obj
def list_(project: Project) -> None:
    """Print what is known of the stored models, and the properties of the store."""
    tell_of_what_waits(project.store)
    click.echo(listed(project.store))


@click.command(name="export")
@click.option("--version", "model_version", type=click.IntRange(min=1), help="The version; default: the active one.")
@click.option("--no-activate", is_flag=True, help="Leave alone what is active there.")
@click.pass_context
def export_(context: click.Context, model_version: int | None, no_activate: bool) -> None:
    """Copy a version from the model_persister to the model_persister_export."""
    context.invoke(export, model_version=model_version, no_activate=no_activate)


@click.command(name="test")
@click.option("--model-version", type=click.IntRange(min=1), help="The version to test; default: the active one.")
@click.pass_obj
def test(project: Project, model_version: int | None) -> None:
    """Score the active version on the test data."""
    tell_of_what_waits(project.store)
    for name in project.chosen:
        tested(project, name, model_version, None)  # the log tells the scores


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


def pld_admin() -> int:
    """Run `pld-admin`."""
    return run("pld-admin", admin)


def pld_devserver() -> int:
    """Run `pld-devserver`."""
    return run("pld-devserver", devserver)


def pld_dockerize() -> int:
    """Run `pld-dockerize`."""
    return run("pld-dockerize", dockerize)


def pld_export() -> int:
    """Run `pld-export`."""
    return run("pld-export", export_)


def pld_fit() -> int:
    """Run `pld-fit`."""
    return run("pld-fit", fit)


def pld_grid_search() -> int:
    """Run `pld-grid-search`."""
    return run("pld-grid-search", grid_search)


def pld_list() -> int:
    """Run `pld-list`."""
    return run("pld-list", list_)


def pld_stream() -> int:
    """Run `pld-stream`."""
    return run("pld-stream", stream)


def pld_test() -> int:
    """Run `pld-test`."""
    return run("pld-test", test)


def pld_upgrade() -> int:
    """Run `pld-upgrade`."""
    return run("pld-upgrade", upgrade)


def pld_version() -> int:
    """Run `pld-version`."""
    return run("pld-version", version)


COMMANDS = {
    "admin": admin,
    "devserver": devserver,
    "export": export_,
    "fit": fit,
    "grid-search": grid_search,
    "list": list_,
    "stream": stream,
    "test": test,
    "upgrade": upgrade,
    "version": version,
}


def run_by_name(name: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command `pld-name`; return its exit code, which is 0 or 1."""
    return run(f"pld-{name}", COMMANDS[name], arguments)


def run(name: str, command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a command under Palladium's name for it; return its exit code, which is 0 or 1."""
    project = Project([], os.environ, Path.cwd())
    settings: dict[str, Any] = {"obj": project, "help_option_names": ["-h", "--help"]}
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        with command.make_context(name, words, **settings) as context, logging_as(PALLADIUM):
            if command is not version:
                logging.getLogger(PALLADIUM).setLevel(logging.DEBUG)
                project.configure_logging()
                logging.getLogger("alembic").setLevel(logging.WARNING)
            if command in (fit, grid_search, stream, test):
                _ = project.own  # is there for as long as the command
            command.invoke(context)
    except click.exceptions.Exit as done:
        return 1 if done.exit_code else 0
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        click.echo(error.format_message(), err=True)
        return 1
    except TriglotError as error:
        trace = getattr(error, "traceback", "")
        click.echo(f"{name}: {error}" + (f"\n{trace}" if trace else ""), err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        return 1
    return 0
