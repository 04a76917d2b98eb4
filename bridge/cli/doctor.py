"""`doctor`: what the installation lacks, and the commands that mend it."""

import json
import os
import sys
from collections.abc import Iterable, Iterator

import click

from triglot.doctor.examination import examine
from triglot.doctor.finding import Finding
from triglot.doctor.mending import Mender
from triglot.languages.known import LANGUAGES
from triglot.project import Project

ROUNDS = 3  # what was mended may bring to light what else there is
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "off": "bright_black"}
MARGIN = " " * 26


@click.command()
@click.argument("languages", nargs=-1, type=click.Choice(LANGUAGES), metavar="[LANGUAGE]...")
@click.option("--fix", is_flag=True, help="Run the commands, each printed before; sudo is never called.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def doctor(project: Project, languages: tuple[str, ...], fix: bool, as_json: bool) -> None:
    """Look whether Python, R, Julia, the store and the machine are as a service needs them.

    One line a look: ok, warn, fail, or off for a language that is not installed and that nothing asks for; under it
    the commands that mend it. Named LANGUAGES are looked at alone, and must be there. Exit code 1 if a look fails.

    Example: triglot doctor --fix r
    """
    findings = list(_shown(examine(project, languages, os.environ), as_json))
    mender = Mender(os.environ, sys.stderr if as_json else sys.stdout)
    for _ in range(ROUNDS if fix else 0):
        if not mender.mend(findings):
            break
        findings = list(_shown(examine(project, languages, os.environ), as_json))
    if as_json:
        click.echo(json.dumps([finding.to_json() for finding in findings], indent=2, ensure_ascii=False))
    if any(finding.verdict == "fail" for finding in findings):
        click.get_current_context().exit(1)


def _shown(findings: Iterable[Finding], quietly: bool) -> Iterator[Finding]:
    for finding in findings:
        if not quietly:
            _show(finding)
        yield finding


def _show(finding: Finding) -> None:
    """Print a finding; the commands as they are, so that they can be copied."""
    found = finding.found.replace("\n", f"\n{MARGIN}")
    click.echo(f"  {click.style(f'{finding.verdict:4}', fg=COLOURS[finding.verdict])}  {finding.check:16}  {found}")
    for line in (*map(str, finding.commands), *([finding.advice] if finding.advice else [])):
        click.echo(f"{MARGIN}→ {line}")
