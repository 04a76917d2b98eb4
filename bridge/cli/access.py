"""`access`: make the keys and passwords of callers."""

import datetime
import os
import sys
from pathlib import Path

import click

from triglot.access import callers, passwords
from triglot.access.scopes import SCOPES
from triglot.errors import ConfigError
from triglot.progress import notice

_name = click.argument("name", metavar="NAME")
_scopes = click.option(
    "--scopes", required=True, help=f"What the caller may do, separated by commas: {', '.join(SCOPES)}."
)
_expires = click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The first day on which it is over (UTC).")
_to = click.option("--to", type=click.Path(path_type=Path), help="The file of callers to add the line to.")


@click.group()
def access() -> None:
    """Make keys and passwords for those who may call a service.

    Example: triglot access new-key dashboard --scopes predict,read --to callers
    """


@access.command()
@_name
@_scopes
@_expires
@_to
def new_key(name: str, scopes: str, expires: datetime.datetime | None, to: Path | None) -> None:
    """Print a new key for the program NAME, which is stored nowhere, and the line that knows it again.

    Example: triglot access new-key dashboard --scopes predict --to callers
    """
    key = callers.new_key()
    _keep(callers.line(name, scopes.split(","), expires and expires.date(), key=callers.digest(key)), to)
    click.echo(key)


@access.command()
@_name
@_scopes
@_expires
@_to
def new_password(name: str, scopes: str, expires: datetime.datetime | None, to: Path | None) -> None:
    """Ask for the password of the person NAME, or read it from standard input, and print the line that knows it again.

    Example: triglot access new-password ada --scopes read --to callers
    """
    stored = passwords.hashed(_asked())
    _keep(callers.line(name, scopes.split(","), expires and expires.date(), password=stored), to)


def _asked() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _keep(line: str, to: Path | None) -> None:
    """Add a line to a file, which is its owner's alone where it is new, and stays good; without a file, print it."""
    if to is None:
        click.echo(line)
        return
    try:
        there = to.read_text("utf-8") if to.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--to {str(to)!r}: {error}; name a file of callers, or a new one") from None
    callers.register_of(callers.records_in(f"{there}\n{line}", str(to)), str(to))
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{line}\n" if not there or there.endswith("\n") else f"\n{line}\n")
    notice(f"{to} has a new line; a service that runs knows the caller within a second")
