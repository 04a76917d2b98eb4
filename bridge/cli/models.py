"""`list`, `activate`, `deactivate`, `delete`: the model store from the command line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from triglot.cli.tables import show, size, table_of
from triglot.errors import ModelNotFound
from triglot.palladium.left_behind import tell_of_what_waits
from triglot.persister import ACTIVE, NOT_PROVED
from triglot.progress import notice
from triglot.project import Project
from triglot.store import VersionInfo
from triglot.store.scopes import Summary, scope_versions, summaries, versions_without_scopes
from triglot.supervision.readiness import sentence, standings
from triglot.supervision.status import address

NUMBERS = ("version", "train", "test", "size")
WIDE = ("model", "aliases")
COLUMNS = ("model", "version", "lang", "train", "test", "created (UTC)", "size", "aliases")
READY_TIMEOUT_S = 2.0

version_argument = click.argument("model_version", type=click.IntRange(min=1), metavar="VERSION")
name_argument = click.argument("name", required=False, metavar="[MODEL]")


@click.command(name="list")
@name_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object a version, with everything that is known.")
@click.option("--scopes", is_flag=True, help="List each scope of MODEL, whose scopes are one line otherwise.")
@click.pass_obj
def list_(project: Project, name: str | None, as_json: bool, scopes: bool) -> None:
    """List the stored versions, of one MODEL or of all.

    Example: triglot list iris-r, or triglot list --scopes sales
    """
    tell_of_what_waits(project.store)
    if scopes:
        _list_scopes(project, name or project.only_name, as_json)
        return
    families = [each for each in summaries(project.store) if name in (None, each.family)]
    versions = versions_without_scopes(project.store) if name is None else _of(project, name, families)
    models = _standings(project)
    if as_json:
        for info in versions:
            click.echo(json.dumps(_plain(info) | _standing(info, models), default=str))
        for family in families:
            click.echo(json.dumps(asdict(family)))
        return
    if not versions and not families:
        notice("There are no versions yet; triglot fit makes the first.")
        return
    table = table_of(COLUMNS, numbers=NUMBERS, wide=WIDE)
    for info in versions:
        table.add_row(
            info.model,
            str(info.version),
            info.language,
            _score(info, "score_train"),
            _score(info, "score_test"),
            _time(info.created),
            size(info.size),
            ", ".join([*info.aliases, *(key.replace("_", " ") for key in _standing(info, models))]),
        )
    for family in families:
        table.add_row(*_row_of(family))
    show(table)
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
@name_argument
@click.option("--alias", default=ACTIVE, show_default=True, help="The name to take away.")
@click.pass_obj
def deactivate(project: Project, name: str | None, alias: str) -> None:
    """Serve no version of MODEL from now on; running services follow without a restart, and its versions stay.

    MODEL may be left out where only one is configured.

    Example: triglot deactivate iris-r
    """
    name = name or project.only_name
    project.store.deactivate(name, alias)
    click.echo(f"Model {name}: no version is {alias}.")


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


def _of(project: Project, name: str, families: Sequence[Summary]) -> list[VersionInfo]:
    """Return the versions of one model, which may be there for its scopes alone."""
    try:
        return project.store.list(name)
    except ModelNotFound:
        if not families:
            raise
        return []


def _list_scopes(project: Project, name: str, as_json: bool) -> None:
    """Print a line for each version of each scope of a model."""
    found = scope_versions(project.store, name)
    if not found:
        raise ModelNotFound(f"model {name!r} has no scopes; triglot fit --scopes FILE {name} makes them")
    if as_json:
        for each in found:
            click.echo(json.dumps(asdict(each)))
        return
    shown = ("model", "version", "lang", "created (UTC)", "size", "aliases")
    table = table_of(shown, numbers=NUMBERS, wide=WIDE)
    for each in found:
        created = datetime.fromisoformat(each.created)
        aliases = ACTIVE if each.active else ""
        table.add_row(each.model, str(each.version), each.language, _time(created), size(each.size), aliases)
    show(table)


def _row_of(family: Summary) -> tuple[str, ...]:
    """Return the line of a family of scopes' models."""
    scopes = f"{family.models} scope{'' if family.models == 1 else 's'}, {family.active} active"
    known = (f"{family.family}/...", str(family.versions), ", ".join(family.languages))
    return (*known, "", "", _time(datetime.fromisoformat(family.newest)), size(family.size), scopes)


def _time(created: datetime) -> str:
    return created.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def activate_version(project: Project, version: int, name: str | None, alias: str = ACTIVE) -> str:
    """Point an alias at a version of a model, of the only one by default; return the model's name."""
    tell_of_what_waits(project.store)
    name = name or project.only_name
    project.store.activate(name, version, alias)
    if why := project.store.info(name, version).metadata.get(NOT_PROVED):
        notice(f"It did not stand the proof when it was fitted: {why}")
    return name


def delete_version(project: Project, version: int, name: str | None) -> str:
    """Delete a version of a model, of the only one by default; return the model's name."""
    tell_of_what_waits(project.store)
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
    """Return what a service says of a version in trouble: it does not load, answers in its stead, or is not asked."""
    model = models.get(info.model, {})
    trouble = model.get("not_loadable")
    told: dict[str, object] = {}
    if trouble and trouble["version"] == info.version and ACTIVE in info.aliases:
        told["does_not_load"] = trouble["cause"]
    if trouble and model["version"] == info.version:
        told["answers"] = True
    held = model.get("quarantined")
    if held and held["version"] == info.version:
        told["quarantined"] = held["cause"]
    return told


def _score(info: VersionInfo, key: str) -> str:
    value = info.metrics.get(key)
    return "" if value is None else f"{value:.3f}"


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
