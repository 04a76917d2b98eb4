"""`backup` and `restore`: a model store with its key as one file, and back again."""

import os
import tempfile
from contextlib import closing
from pathlib import Path

import click

from triglot.artefact import key_place, load_key, put_key
from triglot.errors import ConfigError
from triglot.project import Project
from triglot.store import ModelStore
from triglot.store import backup as backups


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--no-key", is_flag=True, help="Leave the signing key out; who restores needs it from elsewhere.")
@click.pass_obj
def backup(project: Project, file: Path, no_key: bool) -> None:
    """Write the model store into FILE, as it stands now, with the key that signed its versions.

    The service goes on meanwhile. Every version is checked against the key first. FILE is readable by you alone, as
    whoever has it can sign versions that this service loads.

    Example: triglot backup triglot-monday.backup
    """
    copied = backups.write(_database(project), file, load_key(project.key_file, project.environ), with_key=not no_key)
    held = f"{copied}, {_size(file)}"
    click.echo(f"{file}: {held}, {'without the signing key' if no_key else 'with the signing key'}.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="FILE")
@click.pass_obj
def restore(project: Project, file: Path) -> None:
    """Fill the model store, which must be empty, from FILE, and put its signing key where none is.

    Every version is checked against the key before anything is written. Numbers, aliases and jobs are as they were.

    Example: triglot restore triglot-monday.backup
    """
    store = _database(project)
    with tempfile.TemporaryDirectory(prefix="triglot-") as folder:
        found = backups.opened(file, Path(folder))
        key, place = _key(project, found.key, file)
        with closing(ModelStore(f"sqlite:///{found.file}")) as source:
            backups.check(source, key)
            store.refuse_filled()
            if place is not None:  # before the store, which is restored once only
                put_key(place, key)
                click.echo(f"Put the signing key into {place}.")
            copied = store.fill_from(source)
    click.echo(f"Restored {copied}, as of {found.about['created'][:19]} UTC.")


def _database(project: Project) -> ModelStore:
    store = project.database
    if store is None:
        kind = type(project.store).__name__
        raise ConfigError(
            f"model_persister: {kind} is no database; back up the files that it keeps, and the signing key"
        )
    return store


def _key(project: Project, held: bytes | None, file: Path) -> tuple[bytes, Path | None]:
    """Return the key to check with, and where to put it, if it is put anywhere."""
    environ = project.environ
    place = key_place(project.key_file, environ)
    if "TRIGLOT_SIGNING_KEY" in environ or os.path.lexists(place):
        own = load_key(project.key_file, environ)
        if held is not None and held != own:
            where = "TRIGLOT_SIGNING_KEY" if "TRIGLOT_SIGNING_KEY" in environ else str(place)
            raise ConfigError(
                f"the signing key in {where} is another one than that of {file}; move it away, or name a file that is "
                "not there yet with TRIGLOT_SIGNING_KEY_FILE, and the backup's key is put there"
            )
        return own, None
    if held is None:
        raise ConfigError(f"{file} holds no signing key; put the one that signed its versions into {place}, mode 0600")
    return held, place


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 2**20:.1f} MiB"
