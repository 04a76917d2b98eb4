"""`list`, `activate`, `delete`: the model store from the command line."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Literal

import click
from rich.console import Console
from rich.filesize import decimal
from rich.table import Column, Table

from triglot.persister import ACTIVE, NOT_PROVED
from triglot.progress import notice
from triglot.project import Project
from triglot.store import VersionInfo
from triglot.supervision.readiness import sentence, standings
from triglot.supervision.status import address

NUMBERS = ("version", "train", "test", "size")
COLUMNS = ("model", "version", "lang", "train", "test", "created (UTC)", "size", "aliases")
READY_TIMEOUT_S = 2.0
PIPED_WIDTH = 10_000  # for grep and awk: a line stays a line


version_argument = click.argument("model_version", type=click.IntRange(min=1), metavar="VERSION")
name_argument = click.argument("name", required=False, metavar="[MODEL]")


@click.command(name="list")
@name_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object a version, with everything that is known.")
@click.pass_obj
def list_(project: Project, name: str | None, as_json: bool) -> None:
    """List the stored versions, of one MODEL or of all.

    Example: triglot list iris-r
    """
    versions = project.store.list(name)
    models = _standings(project)
    if as_json:
        for info in versions:
            click.echo(json.dumps(_plain(info) | _standing(info, models), default=str))
        return
    if not versions:
        notice("There are no versions yet; triglot fit makes the first.")
        return
    table = Table(*map(_column, COLUMNS), box=None, pad_edge=False)
    for info in versions:
        table.add_row(
            info.model,
            str(info.version),
            info.language,
            _score(info, "score_train"),
            _score(info, "score_test"),
            info.created.astimezone(UTC).strftime("%Y-%m-%d %H:%M"),
            f"{info.size} B" if info.size < 1000 else decimal(info.size),
            ", ".join([*info.aliases, *(key.replace("_", " ") for key in _standing(info, models))]),
        )
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    console = Console(width=width, highlight=False)
    console.print(table)
    for model in sorted({info.model for info in versions} & models.keys()):
        if trouble := sentence(model, models[model]):
            notice(trouble)


@click.command()
@version_argument
@name_argument
@click.option("--alias", default=ACTIVE, show_default=True, help="The name to point at the version.")
@click.pass_obj
def activate(project: Project, model_version: int, name: str | None, alias: str) -> None:
    """Serve VERSION of MODEL from now on; running services follow without a restart.

    The number of an earlier version is the rollback. MODEL may be left out where only one is configured.

    Example: triglot activate 3 iris-r
    """
    name = activate_version(project, model_version, name, alias)
    click.echo(
        f"Activated model {name} with version {model_version}."
        if alias == ACTIVE
        else f"Model {name}: {alias} is version {model_version}."
    )


@click.command()
@version_argument
@name_argument
@click.pass_obj
def delete(project: Project, model_version: int, name: str | None) -> None:
    """Delete VERSION of MODEL for good; one that is active is refused, and its number is never used again.

    Example: triglot delete 2 iris-r
    """
    name = delete_version(project, model_version, name)
    click.echo(f"Deleted model {name} with version {model_version}.")


def activate_version(project: Project, version: int, name: str | None, alias: str = ACTIVE) -> str:
    """Point an alias at a version of a model, of the only one by default; return the model's name."""
    name = name or project.only_name
    project.store.activate(name, version, alias)
    if why := project.store.info(name, version).metadata.get(NOT_PROVED):
        notice(f"It did not stand the proof when it was fitted: {why}")
    return name


def delete_version(project: Project, version: int, name: str | None) -> str:
    """Delete a version of a model, of the only one by default; return the model's name."""
    name = name or project.only_name
    project.store.delete(name, version)
    return name


def _standings(project: Project) -> Mapping[str, Mapping[str, Any]]:
    """Return how the models of the service of this run directory stand; nothing where none answers."""
    try:
        return standings(address(project.run_dir), READY_TIMEOUT_S) or {}
    except OSError:
        return {}


def _standing(info: VersionInfo, models: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """Return what a service says of a version where the active one does not load: it is this, or this one answers."""
    model = models.get(info.model, {})
    trouble = model.get("not_loadable")
    told: dict[str, object] = {}
    if trouble and trouble["version"] == info.version and ACTIVE in info.aliases:
        told["does_not_load"] = trouble["cause"]
    if trouble and model["version"] == info.version:
        told["answers"] = True
    return told


def _score(info: VersionInfo, key: str) -> str:
    value = info.metrics.get(key)
    return "" if value is None else f"{value:.3f}"


def _column(name: str) -> Column:
    # On a narrow terminal long names fold rather than lose their end.
    wide = name in ("model", "aliases")
    justify: Literal["left", "right"] = "right" if name in NUMBERS else "left"
    return Column(name, no_wrap=not wide, overflow="fold", justify=justify)


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
