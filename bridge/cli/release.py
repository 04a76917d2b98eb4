"""`release`: a version that was in quarantine is asked again."""

import click

from triglot.progress import notice
from triglot.project import Project
from triglot.tally.cases import Cases
from triglot.transport.discovery import run_directory


@click.command()
@click.argument("name", required=False, metavar="[MODEL]")
@click.pass_obj
def release(project: Project, name: str | None) -> None:
    """Have versions in quarantine asked again, of MODEL or all; the service that runs follows at once.

    A version is put there after its requests have ended workers, and tried again by itself after a while.

    Example: triglot release iris-r
    """
    released = Cases(run_directory(project.run_dir), project.quarantine()).release(name)
    for model, version, _ in released:
        click.echo(f"Released model {model} with version {version}: it is asked again.")
    if not released:
        notice(f"No version{'' if name is None else f' of model {name}'} is in quarantine.")
