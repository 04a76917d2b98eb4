"""`upgrade`, `export` and `admin`: what is done with whole stores, and Palladium's words for single versions."""

import logging
from contextlib import closing
from pathlib import Path

import click

from triglot.artefact import load_key
from triglot.cli.models import activate_version, delete_version, name_argument, version_argument
from triglot.errors import StoreError
from triglot.palladium import migrate
from triglot.palladium.left_behind import source_in, tell_of_what_waits
from triglot.persisters.decorated import read_model, write_model
from triglot.persisters.palladium_source import Contents, PalladiumSource
from triglot.project import Project
from triglot.training.fit_worker import bench
from triglot.training.proof import Version, prover
from triglot.versions import bundle_of, named

logger = logging.getLogger("triglot")

_ADVICE = (
    "Nothing was converted: a pickle runs code when it is opened. If you trust whoever wrote these, say "
    "--trust-pickles; each is then opened by a worker process of its own."
)


@click.command()
@name_argument
@click.option("--from", "start", metavar="VERSION", help="The release of Palladium that the source was last used with.")
@click.option("--to", "end", metavar="VERSION", help="The release of Palladium up to which its steps are taken.")
@click.option(
    "--source",
    metavar="PLACE",
    help="Where Palladium's models are: a key of the configuration, a database's URL, or a path or URL with {version} "
    "in it. Default: where the model_persister itself finds them.",
)
@click.option("--trust-pickles", is_flag=True, help="Open the pickles, which runs the code in them, and convert them.")
@click.pass_obj
def upgrade(
    project: Project, name: str | None, start: str | None, end: str | None, source: str | None, trust_pickles: bool
) -> None:
    """Bring the model store up to date, and move in what Palladium left behind.

    Without --trust-pickles Palladium's versions are listed and nothing is opened. With it each becomes a version of
    MODEL, in order, with its metadata, and the active one is activated unless one is active here already. A second
    run converts nothing twice. The source is read, never changed.

    Example: triglot upgrade --source sqlite:///iris-model.db --trust-pickles
    """
    project.store.upgrade()
    click.echo("The model store is up to date.")
    found = source_in(project.store) if source is None else _source(project, source)
    contents = found.contents().after_steps(start, end) if found is not None else None
    if found is None or contents is None or not contents.versions:
        if source is not None:
            raise StoreError(f"{source}: Palladium has left no models there; check the path or the URL")
        return
    name = name or (project.only_name if project.names else project.default_name)
    _upgrade(project, found, contents, name, trust_pickles)


@click.command()
@name_argument
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False), metavar="[FILE]")
@click.option("--model-version", type=click.IntRange(min=1), help="The version to export; default: the active one.")
@click.option("--no-activate", is_flag=True, help="Leave alone what is active there.")
@click.pass_obj
def export(project: Project, name: str | None, file: Path | None, model_version: int | None, no_activate: bool) -> None:
    """Copy a version of MODEL from the model_persister to the model_persister_export, or into FILE, a bundle.

    MODEL may be NAME@VERSION. The signature goes with it: the other side needs the same signing key.

    Example: triglot export iris-r@3 iris.bundle
    """
    tell_of_what_waits(project.store)
    name, model_version = named(name or project.only_name, model_version)
    if file is not None:
        bundle = bundle_of(project, name, model_version)
        bundle.write(file, load_key(project.key_file, project.environ))
        logger.info("Exported version %d of %s to %s.", bundle.version, bundle.model, file)
        return
    target = project.export_store
    stored = read_model(project.store, name, model_version)
    version = write_model(target, name, stored.artefact, metrics=stored.metrics, metadata=stored.metadata)
    logger.info("Exported model. New version number: %d", version)
    if not no_activate:
        target.activate(name, version)


@click.group()
def admin() -> None:
    """Activate and delete versions in Palladium's words.

    Example: triglot admin activate 1
    """


@admin.command()
@version_argument
@name_argument
@click.pass_obj
def activate(project: Project, model_version: int, name: str | None) -> None:
    """Serve VERSION of MODEL from now on.

    Example: triglot admin activate 1
    """
    activate_version(project, model_version, name)
    logger.info("Activated model with version %d.", model_version)


@admin.command()
@version_argument
@name_argument
@click.pass_obj
def delete(project: Project, model_version: int, name: str | None) -> None:
    """Delete VERSION of MODEL for good.

    Example: triglot admin delete 1
    """
    delete_version(project, model_version, name)
    logger.info("Deleted model with version %d.", model_version)


def _source(project: Project, place: str) -> PalladiumSource:
    """Return the source at a key of the configuration, or at a place."""
    persister = project.persister(place)
    if persister is None:
        return migrate.source_at(place)
    found = source_in(persister)
    if found is None:
        raise StoreError(f"{place} is of type {type(persister).__name__}, in which Palladium has no models")
    return found


def _upgrade(project: Project, source: PalladiumSource, contents: Contents, name: str, trusted: bool) -> None:
    click.echo(f"Palladium's models in {source.identity}:")
    if not trusted:
        waiting = [_tell(planned, contents, name) for planned in migrate.plan(source, contents, project.store, name)]
        if any(waiting):
            click.echo(_ADVICE)
        return
    service = project.predict_service()
    converter = migrate.Converter(
        name,
        migrate.mapping_of(service),
        load_key(project.key_file, project.environ),
        lambda: bench("python", project.environ, project.key_file),
        project.python_path,
        single_values=getattr(service, "unwrap_sample", False),
    )
    failed = 0
    with closing(converter):
        for planned in migrate.plan(source, contents, project.store, name):
            if _tell(planned, contents, name):
                outcome = converter.convert(source, planned.old, project.store)
                failed += outcome.here is None
                said = f"stays: {outcome.reason}" if outcome.here is None else f"is version {outcome.here} now"
                click.echo(f"    {said}")
    if (number := converter.active(source, contents, project.store)) is not None:
        _activate_proved(project, name, number)
    answering = (info for info in project.store.list() if info.model == name and "active" in info.aliases)
    if contents.active is not None and not any(answering):
        click.echo(
            f"No version of model {name} is active: what was active in Palladium stays behind. Fit the model again, or "
            "activate a version that was converted."
        )
    if failed:
        raise StoreError(f"{failed} of Palladium's versions could not be converted; the reasons are above")


def _activate_proved(project: Project, name: str, number: int) -> None:
    version = Version.stored(name, project.store.read(name, number).artefact)
    with prover("python", project.workshop) as proof:
        why = None if proof is None else proof.why_not(version)
    if why is not None:
        raise StoreError(f"version {number} of model {name} is not activated: {why}")
    project.store.activate(name, number)
    click.echo(f"Activated model {name} with version {number}.")


def _tell(planned: migrate.Planned, contents: Contents, name: str) -> bool:
    """Say what is known of an old version; return whether it is to be converted."""
    version = planned.old.version
    what = f"  version {version}{' (active)' if version == contents.active else ''}"
    if planned.here is not None:
        click.echo(f"{what}: is version {planned.here} of model {name} already")
    elif planned.reason:
        click.echo(f"{what}: stays, as {planned.reason}")
    else:
        click.echo(f"{what}: a pickle of {planned.loads}, to become a version of model {name}")
        return True
    return False
