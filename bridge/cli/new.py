"""`new`: a folder that runs as it is, for an author to change into a model of their own."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from triglot.errors import ConfigError
from triglot.languages.known import OWN

NAME_PLACE = "@NAME@"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
SHARED = "data"  # a little data set that the models of all languages learn


@click.command()
@click.argument("language", type=click.Choice(tuple(OWN)))
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
def new(language: str, folder: Path) -> None:
    """Make the folder NAME with a model in LANGUAGE that runs as it is: change it into yours.

    In it are the author's file, the configuration, a little data set, a README and tests in the model's own language.
    A folder that is there already is left alone.

    Example: triglot new r coffee && cd coffee && triglot check
    """
    name = folder.absolute().name
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot name a model here: use letters, digits, '.', '_' and '-'")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise ConfigError(f"{str(folder)!r} cannot be made: {error.strerror}; choose another name") from None
    templates = files("triglot") / "templates"
    made = [*_lay_out(templates / language, folder, name), *_lay_out(templates / SHARED, folder, name)]
    for path in sorted(made):
        click.echo(f"  {path}")
    click.echo(f"Now: cd {folder} && triglot check && triglot fit --evaluate && triglot serve")


def _lay_out(template: Traversable, folder: Path, name: str) -> list[Path]:
    """Copy a folder of the package; return the files that were made."""
    made = []
    folder.mkdir(exist_ok=True)
    for entry in template.iterdir():
        if entry.name == "__pycache__":
            continue
        target = folder / entry.name
        if entry.is_dir():
            made += _lay_out(entry, target, name)
        else:
            target.write_text(entry.read_text("utf-8").replace(NAME_PLACE, name), "utf-8")
            made.append(target)
    return made
