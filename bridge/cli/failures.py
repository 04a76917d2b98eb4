"""How commands tell of what was not to be done."""

import click

from triglot.errors import TriglotError


def tell_of_failure(error: TriglotError, what: str = "") -> None:
    """Write on standard error what went wrong, after `what` it was, and the author's own trace, if there is one."""
    click.echo(f"triglot: {what}{error}", err=True)
    if trace := getattr(error, "traceback", ""):
        click.echo(trace, err=True)
