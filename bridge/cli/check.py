"""`check`: what of a model may surprise its author once it is served, found out before."""

import contextlib
import json
import sys
import textwrap
from dataclasses import asdict

import click
from rich.console import Console

from triglot.project import Project
from triglot.training.inspection import inspect
from triglot.training.pipelines import language_of
from triglot.training.subject import Finding

MARGIN = " " * 25
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def check(project: Project, names: tuple[str, ...], as_json: bool) -> None:
    """Fit the configured MODELs and try what serving will ask of them; store nothing.

    Each is fitted by a fresh worker on its training data, then asked for one row, two, none, rows in another order,
    missing values and levels that it never saw; then loaded and fitted again by another worker, in another folder and
    time zone. A line a check says what was found and what to do. Exit code 1 if a check failed, 0 with warnings at
    most.

    Example: triglot check iris-r
    """
    reports = []
    for name in names or project.chosen:
        entry = project.entry(name)
        language = language_of(entry.model)
        if not as_json:
            click.secho(f"{name} ({language})", bold=True)
        found = []
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():  # a loader may print
            for finding in inspect(entry, project.workshop):
                found.append(finding)
                if not as_json:
                    _show(finding)
        verdicts = [finding.verdict for finding in found]
        reports.append(
            {"model": name, "language": language, "ok": "fail" not in verdicts, "checks": list(map(asdict, found))}
        )
        if not as_json:
            click.echo(f"  {', '.join(f'{verdicts.count(v)} {v}' for v in COLOURS if v in verdicts)}\n")
    if as_json:
        text = json.dumps(reports, indent=2, ensure_ascii=False)
        click.echo(text.encode("utf-8", "backslashreplace").decode())  # a loader's message may hold half a character
    if not all(report["ok"] for report in reports):
        click.get_current_context().exit(1)


def _show(finding: Finding) -> None:
    room = max(60, Console().width) - len(MARGIN)
    found = f"\n{MARGIN}".join(textwrap.wrap(finding.found, room))
    click.echo(f"  {click.style(f'{finding.verdict:4}', fg=COLOURS[finding.verdict])}  {finding.check:15}  {found}")
    for number, line in enumerate(finding.remedy.splitlines()):
        lead = "→ " if number == 0 else "  "
        text = textwrap.wrap(line, room, initial_indent=lead, subsequent_indent="  ", drop_whitespace=False)
        click.echo("\n".join(f"{MARGIN}{part.rstrip()}" for part in text))
