"""`client`: what a caller in R or Julia needs, printed."""

from pathlib import Path
from typing import Final

import click

import triglot

FILES: Final = {"r": "triglot.R", "julia": "Triglot.jl"}  # a caller of Python has the package


@click.command()
@click.argument("language", type=click.Choice(sorted(FILES)), metavar="LANGUAGE")
def client(language: str) -> None:
    """Print the file by which callers in a LANGUAGE, r or julia, ask a service.

    Callers in Python install triglot[client] and import triglot.client.

    Example: triglot client r > triglot.R
    """
    (folder,) = triglot.__path__
    click.echo((Path(folder) / "client" / FILES[language]).read_text("utf-8"), nl=False)
