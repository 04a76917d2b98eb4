"""`status`: how the service that runs is, in one look, and what to do about what is wrong."""

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from triglot.cli.tables import ago, console, line, progress_of, show, size, table_of, took
from triglot.errors import ConfigError
from triglot.overview.asking import KEY_VARIABLE, asked
from triglot.overview.value import Jobs, Model, Overview, Pace, Process, Trouble
from triglot.project import Project

EVERY_S = 2.0
FEW_JOBS = 8
LONGEST = 300
STYLES = {"well": "green", "degraded": "yellow", "unwell": "red"}
_OF_MODELS = ("model", "state", "version", "lang", "score", "age", "req/s", "p50", "p95", "batch", "errors", "workers")
_OF_PROCESSES = ("worker or program", "lang", "group", "state", "memory", "restarts", "last unasked end")
_OF_JOBS = ("job", "what", "state", "progress", "asked", "took")


@click.command()
@click.option("--watch", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="All that is known as one JSON object, on one line.")
@click.pass_obj
def status(project: Project, watch: bool, as_json: bool) -> None:
    """Show how the service that runs is: models, workers, jobs, store, and what is wrong, with what to do about it.

    It asks the front end of this project's run directory. Where callers need a key, it sends that of the environment
    variable TRIGLOT_KEY, else the admin token.

    Example: triglot status --watch
    """
    if not watch:
        print_once(project, as_json)
        return
    try:
        _watch(project, as_json)
    except KeyboardInterrupt:
        return


def print_once(project: Project, as_json: bool) -> None:
    """Print how the service is now; raises `ConfigError` where none runs."""
    base, overview = _look(project)
    if as_json:
        click.echo(json.dumps(overview))
    else:
        show(*shown(base, overview))


def _watch(project: Project, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        while True:
            print_once(project, as_json)
            sys.stdout.flush()
            time.sleep(EVERY_S)
    with Live(console=console(), screen=True, auto_refresh=False) as live:
        while True:
            live.update(Group(*_now(project)), refresh=True)
            time.sleep(EVERY_S)


def _now(project: Project) -> list[RenderableType]:
    """Return what there is to be seen; a service that is away may come back."""
    try:
        return list(shown(*_look(project)))
    except ConfigError as error:
        return [Text(str(error), "red")]


def _look(project: Project) -> tuple[str, Overview]:
    return asked(project.run_dir, project.environ.get(KEY_VARIABLE, "") or project.admin_token)


def shown(base: str, overview: Overview) -> Iterator[RenderableType]:
    """Yield an overview as lines and tables."""
    now = datetime.fromisoformat(overview["at"])
    condition = overview["condition"]
    yield Text.assemble(
        f"Triglot {overview['triglot_version']} at {base}: ", (condition, f"bold {STYLES[condition]}"), ", ",
        _in_words(overview["lately"]), ", ", f"store {overview['store']}",
    )  # fmt: skip
    if overview["troubles"]:
        yield ""
    for trouble in overview["troubles"]:
        yield _trouble(trouble, now)
    if overview["models"] or overview["families"]:
        yield ""
        yield _models(overview, now)
    if overview["workers"] or overview["programs"]:
        yield ""
        yield _processes([*overview["workers"], *overview["programs"]], now)
    if overview["jobs"]["newest"]:
        yield ""
        yield from _jobs(overview["jobs"], now)


def _in_words(lately: Pace) -> str:
    if not lately["requests"]:
        return "no requests within the last minute"
    failed = f"{lately['failed']} failed" if lately["failed"] else "none failed"
    return f"{_per_second(lately)} requests/s within the last minute ({failed})"


def _trouble(trouble: Trouble, now: datetime) -> Text:
    what = line(f"{trouble['about']}: {trouble['what']}", LONGEST)
    if trouble["now"]:
        first = Text.assemble(("NOW ", "bold red"), what)
    else:
        first = Text.assemble(("was ", "dim"), f"{what}, {ago(trouble['at'], now)} ago")
    return first.append(f"\n    -> {trouble['do']}", "dim")


def _models(overview: Overview, now: datetime) -> Table:
    numbers = ("version", "age", "req/s", "p50", "p95", "batch", "errors", "workers")
    table = table_of(_OF_MODELS, numbers=numbers, wide=("model", "state"))
    for model in overview["models"]:
        known = next(each for each in model["versions"] if each["version"] == _shown_version(model))
        marks = [f"{alias} {each['version']}" for each in model["versions"] for alias in each["aliases"]]
        others = [mark for mark in marks if not mark.startswith("active ")]
        table.add_row(
            model["name"],
            ", ".join([_standing(model), *others]),
            str(known["version"]),
            model["language"],
            _score(known["scores"]),
            ago(known["created"], now),
            *_paced(model["lately"]),
            str(model["workers"]),
        )
    for family in overview["families"]:
        name, scopes = f"{family['name']}/...", f"{family['scopes']} scopes"
        table.add_row(name, scopes, "", family["language"], "", "", *_paced(family["lately"]), "")
    return table


def _shown_version(model: Model) -> int:
    return model["answers"] or model["active"] or model["versions"][0]["version"]


def _standing(model: Model) -> str:
    refused = model.get("not_loadable")
    if refused is not None:
        return f"version {refused['version']} does not load"
    if "quarantined" in model:
        return "in quarantine"
    if model["active"] is None:
        return "not active"
    return "answers" if model["workers"] else "no worker has it"


def _score(scores: object) -> str:
    """Return the most telling of the scores: that of the test, else the first."""
    found = dict(scores) if isinstance(scores, dict) else {}
    name = next((name for name in found if "test" in name), next(iter(found), ""))
    return f"{name.removeprefix('score_').replace('_', ' ')} {found[name]:.3g}" if name else ""


def _paced(lately: Pace) -> tuple[str, str, str, str, str]:
    batch = f"{lately['rows'] / lately['calls']:.1f}" if lately["calls"] else ""
    errors = f"{100 * lately['failed'] / lately['requests']:.1f} %" if lately["requests"] else ""
    return _per_second(lately), _ms(lately["p50_ms"]), _ms(lately["p95_ms"]), batch, errors


def _per_second(lately: Pace) -> str:
    return f"{lately['requests'] / lately['seconds']:.1f}" if lately["seconds"] else "0.0"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.3g} ms" if value < 1000 else f"{value / 1000:.3g} s"


def _processes(processes: list[Process], now: datetime) -> Table:
    table = table_of(_OF_PROCESSES, numbers=("memory", "restarts"), wide=("state", "last unasked end"))
    for each in processes:
        crash, restarts = each["crash"], each["restarts"]
        table.add_row(
            each["program"] or each["name"],
            each["language"],
            each["pool"].removeprefix(each["language"]).lstrip("-"),
            f"{each['state']}: {each['trouble']}" if each["trouble"] else each["state"],
            size(each["memory"]),
            "" if restarts is None else str(restarts),
            "" if crash is None else f"{crash['how']}, {ago(crash['at'], now)} ago",
        )
    return table


def _jobs(jobs: Jobs, now: datetime) -> Iterator[RenderableType]:
    table = table_of(_OF_JOBS, numbers=("took",))
    for job in jobs["newest"][:FEW_JOBS]:
        far = progress_of(job["progress"]) if job["status"] == "running" else ""
        table.add_row(
            job["id"],
            job["func"],
            job["status"],
            far,
            f"{ago(job['created'], now)} ago",
            took(job["started"], job["finished"], now),
        )
    yield table
    yield Text(", ".join(f"{count} {state}" for state, count in jobs["states"].items() if count), "dim")
