"""`list`, `activate`, `delete`: the model store from the command line."""

import json

import click
from rich.console import Console
from rich.table import Column, Table

from triglot.project import Project
from triglot.store import VersionInfo

COLUMNS = ("model", "version", "language", "task", "train", "test", "created", "size", "aliases")


@click.command(name="list")
@click.argument("name", required=False, metavar="[MODEL]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a version, with everything that is known.")
@click.pass_obj
def list_(project: Project, name: str | None, as_json: bool) -> None:
    """List the stored versions, of one MODEL or of all."""
    versions = project.store.list(name)
    if as_json:
        for info in versions:
            click.echo(json.dumps(_plain(info), default=str))
        return
    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS), box=None, pad_edge=False)
    for info in versions:
        table.add_row(
            info.model,
            str(info.version),
            info.language,
            info.task,
            _score(info, "score_train"),
            _score(info, "score_test"),
            info.created.strftime("%Y-%m-%d %H:%M:%S"),
            f"{info.size:,}",
            ", ".join(info.aliases),
        )
    console = Console()
    console.print(table, soft_wrap=not console.is_terminal)


@click.command()
@click.argument("model_version", type=click.IntRange(min=1), metavar="VERSION")
@click.argument("name", required=False, metavar="[MODEL]")
@click.option("--alias", default="active", show_default=True, help="The name to point at the version.")
@click.pass_obj
def activate(project: Project, model_version: int, name: str | None, alias: str) -> None:
    """Serve VERSION of MODEL from now on; running services follow without a restart."""
    name = name or project.only_name
    project.store.activate(name, model_version, alias)
    click.echo(f"Activated model {name} with version {model_version}.")


@click.command()
@click.argument("model_version", type=click.IntRange(min=1), metavar="VERSION")
@click.argument("name", required=False, metavar="[MODEL]")
@click.pass_obj
def delete(project: Project, model_version: int, name: str | None) -> None:
    """Delete VERSION of MODEL for good; one that is active is refused, and its number is never used again."""
    name = name or project.only_name
    project.store.delete(name, model_version)
    click.echo(f"Deleted model {name} with version {model_version}.")


def _score(info: VersionInfo, key: str) -> str:
    value = info.metrics.get(key)
    return "" if value is None else f"{value:.4f}"


def _plain(info: VersionInfo) -> dict[str, object]:
    return {
        "model": info.model,
        "version": info.version,
        "created": info.created.isoformat(),
        "size": info.size,
        "aliases": list(info.aliases),
        "metrics": info.metrics,
        "metadata": info.metadata,
        **info.card,
    }


COMMANDS = (list_, activate, delete)
