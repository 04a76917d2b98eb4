"""`check`: what of a model may surprise its author once it is served, found out before."""

import json
import logging
import textwrap
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict

import click
import numpy as np
from rich.console import Console

from triglot.dataset import load
from triglot.errors import TriglotError, WorkerLost
from triglot.progress import step
from triglot.project import Project
from triglot.tables.frames import task_of, to_table, to_target
from triglot.training import checks
from triglot.training.checks import Finding, Subject
from triglot.training.entry import Entry
from triglot.training.fit_worker import Bench, Fitted, bench
from triglot.training.pipelines import language_of
from triglot.training.remarks import remarks
from triglot.training.unanswered import askable, closed
from triglot.training.weight import Weight

logger = logging.getLogger("triglot")

MARGIN = " " * 25
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def check(project: Project, names: tuple[str, ...], as_json: bool) -> None:
    """Fit the configured MODELs and try what serving will ask of them; store nothing.

    Each is fitted by a fresh worker on its training data, then asked for one row, no rows, rows in another order,
    missing values and levels that it never saw; then loaded and fitted again by another worker. A line a check says
    what was found and what to do. Exit code 1 if a check failed, 0 with warnings at most.

    Example: triglot check iris-r
    """
    reports = []
    for name in names or project.chosen:
        entry = project.entry(name)
        language = language_of(entry.model)
        if not as_json:
            click.secho(f"{name} ({language})", bold=True)
        found = []
        for finding in _findings(project, entry, language):
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
        click.echo(json.dumps(reports, indent=2, ensure_ascii=False))
    if not all(report["ok"] for report in reports):
        click.get_current_context().exit(1)


def _findings(project: Project, entry: Entry, language: str) -> Iterator[Finding]:
    """Yield what the checks find, one after the other; an end of the worker is what was found, and the last of it."""
    try:
        yield from _checked(project, entry, language)
    except WorkerLost as error:
        yield Finding("worker", "fail", str(error), "code that ends its process is a crash when it is served")


def _checked(project: Project, entry: Entry, language: str) -> Iterator[Finding]:
    def worker() -> AbstractContextManager[Bench]:
        return bench(language, project.environ, project.key_file)

    def fit(on: Bench) -> Fitted:
        with step(f"Fitting {entry.name}", logger.debug):
            return on.fit(entry.name, entry.model, X, y, project.python_path, entry.terms)

    def again(subject: Subject) -> list[Finding]:
        try:
            with worker() as fresh, step("Loading and fitting it again in a fresh worker", logger.debug):
                return [checks.after_loading(subject, fresh), checks.after_refit(subject, fit(fresh).artefact, fresh)]
        except TriglotError as error:
            return [checks.failed("fresh worker", error)]

    with step("Loading data", logger.debug):
        X, y = load(entry.train)
    table = to_table(X)
    yield Finding("data", "ok", f"{table.rows:,} rows, {len(table.names)} columns: {', '.join(table.names[:8])}")
    for remark in remarks(entry.model, table, y):
        yield Finding("data", "warn", remark, "look whether it is what you mean")
    with worker() as first:
        try:
            fitted = fit(first)
        except WorkerLost:
            raise
        except TriglotError as error:
            yield checks.failed("fit", error)
            return
        yield from _of_fit(entry, fitted)
        yield _size(Weight.of(language, len(fitted.artefact.blob), table, fitted.info))
        target = None if y is None else to_target(y, task_of(entry.model, y))[0]
        schema = fitted.artefact.card().schema
        usable = askable(table, schema)
        few = usable[np.unique(np.linspace(0, len(usable) - 1, checks.ROWS).astype(int))]
        subject = Subject(
            first,
            entry.name,
            fitted.artefact,
            table.take(few),
            None if target is None else target[few],
            entry.terms.batch,
            tuple(closed(table, schema)),
        )
        with step("Asking the model", logger.debug):
            found = list(checks.all_of(subject))
        yield from found
        if found[0].verdict != "fail":  # else it does not answer, and would not in another process
            yield from again(subject)


def _size(weight: Weight) -> Finding:
    """Return how large the artefact is, and how it is slimmed where one part is most of it."""
    return (
        Finding("size", "warn", str(weight), weight.remedy) if weight.one_sided else Finding("size", "ok", str(weight))
    )


def _of_fit(entry: Entry, fitted: Fitted) -> Iterator[Finding]:
    """Yield which functions there are, what the fit gave, and what it warned of."""
    spec = fitted.artefact.card().spec
    said = [
        f"{key} is {spec[key]}" for key in ("script", "fit", "predict", "predict_proba", "dump", "load") if key in spec
    ]
    if said:
        yield Finding("functions", "ok", ", ".join(said))
    seconds = fitted.info.get("seconds") or 0.0
    text = f"{fitted.info.get('native_class', 'a model')}, {fitted.task}, in {seconds:.2f} s"
    if fitted.warnings:
        yield Finding(
            "fit", "warn", f"{text}; it warned: {fitted.warnings[0]}", "look whether the model is what you mean"
        )
    else:
        yield Finding("fit", "ok", text)


def _show(finding: Finding) -> None:
    room = max(60, Console().width) - len(MARGIN)
    found = f"\n{MARGIN}".join(textwrap.wrap(finding.found, room))
    click.echo(f"  {click.style(f'{finding.verdict:4}', fg=COLOURS[finding.verdict])}  {finding.check:15}  {found}")
    for number, line in enumerate(finding.remedy.splitlines()):
        lead = "→ " if number == 0 else "  "
        text = textwrap.wrap(line, room, initial_indent=lead, subsequent_indent="  ", drop_whitespace=False)
        click.echo("\n".join(f"{MARGIN}{part.rstrip()}" for part in text))
