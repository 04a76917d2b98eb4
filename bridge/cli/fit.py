"""`fit` and `test`: they start the worker that they need, so no service has to run."""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from triglot import __version__
from triglot.cli.failures import tell_of_failure
from triglot.cli.scopes import EXIT_NOT_PROVED, Where, fit_scopes
from triglot.engines.choosing import ENGINES
from triglot.errors import ConfigError, ModelNotFound, TriglotError
from triglot.languages.known import language_name
from triglot.palladium.left_behind import tell_of_what_waits
from triglot.persister import NOT_PROVED, StoredVersion, VersionInfo
from triglot.project import Project
from triglot.report import figures
from triglot.report.answers import section
from triglot.report.page import Section, page, write
from triglot.training import train
from triglot.training.answers import ask
from triglot.training.evaluation import Scores
from triglot.training.fit_worker import Bench
from triglot.training.pipelines import language_of
from triglot.training.scoring import name as score_name

logger = logging.getLogger("triglot")


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--no-save", "-n", is_flag=True, help="Fit, but do not store.")
@click.option("--no-activate", is_flag=True, help="Store, but leave the version that is served alone.")
@click.option("--save-if-better-than", type=float, help="Store only with at least this test score; implies --evaluate.")
@click.option(
    "--evaluate", "-e", is_flag=True, help="Score on the training data, and on the test data if there is any."
)
@click.option("--no-proof", is_flag=True, help="Activate it without a fresh process having answered first.")
@click.option(
    "--scopes",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Fit one model for each row of this CSV file, whose columns the dataset loader gets the values of.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="With --scopes: how many at a time. Default: one a processor."
)
@click.option("--engine", type=click.Choice(ENGINES), help="What has the scopes fitted; default: processes here.")
@click.option("--master", metavar="URL", help="Spark's master; default: one on this machine.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask's scheduler; default: one on this machine.")
@click.option("--job", hidden=True, help="The job that this fit is; done already, it is not done again.")
@click.pass_obj
def fit(
    project: Project,
    names: tuple[str, ...],
    no_save: bool,
    no_activate: bool,
    save_if_better_than: float | None,
    evaluate: bool,
    no_proof: bool,
    scopes: Path | None,
    workers: int | None,
    engine: str | None,
    master: str | None,
    scheduler: str | None,
    job: str | None,
) -> None:
    """Fit the configured MODELs (all of them by default), store them and activate them.

    Each is fitted by a fresh worker process of its language, which ends afterwards. Before it is activated a second
    one, in an empty folder, loads it and is asked for rows, together and one by one. A version that fails there is
    stored and not activated; the exit code is then 3.

    With --scopes each row of the file has a model of its own, NAME/VALUE/VALUE. Those that fail are listed with the
    reason in a file that can be given as --scopes again; the exit code is then 1, or 3 where all of them are stored. A
    run that was ended goes on where it was when the command is given again.

    Example: triglot fit --evaluate iris-r, or triglot fit --scopes stores.csv --workers 4 sales
    """
    if not no_save:
        tell_of_what_waits(project.store)
    if scopes is not None:
        if no_save:
            raise click.UsageError("--scopes stores each model in a transaction of its own; leave --no-save out")
        _exit(
            fit_scopes(
                project,
                names,
                scopes,
                Where(workers, engine or "local", master, scheduler),
                activate=not no_activate,
                evaluate=evaluate,
                persist_if_better_than=save_if_better_than,
                prove=not no_proof,
            )
        )
        return
    if workers is not None or engine is not None or master is not None or scheduler is not None:
        raise click.UsageError("--workers, --engine, --master and --scheduler are of scopes; say which by --scopes")
    unproved = False
    for name in names or project.chosen:
        if job is not None and (done := _done(project, name, job)) is not None:
            logger.info("Model %s was written by this job before, as version %d.", name, done.version)
            if why := done.metadata.get(NOT_PROVED):
                logger.error("It is not activated: %s", why)
                unproved = True
            elif not no_activate:
                project.store.activate(name, done.version)
            continue
        entry = project.entry(name)
        if len(project.names) > 1:
            logger.info("Model %s (%s)", name, language_of(entry.model))
        options = train.FitOptions(
            activate=not no_activate,
            evaluate=evaluate,
            persist_if_better_than=save_if_better_than,
            scoring=project.part(name, "scoring"),
            metadata={"job": job} if job else None,
            prove=not no_proof,
        )
        made = train.fit_model(entry, project.workshop, None if no_save else project.store, options)
        unproved |= made.unproved is not None and made.version is not None
    if unproved:
        _exit(EXIT_NOT_PROVED)


def _exit(code: int) -> None:
    click.get_current_context().exit(code)


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--model-version", type=click.IntRange(min=1), help="The version to test; default: the active one.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with plots to this HTML file."
)
@click.pass_obj
def test(project: Project, names: tuple[str, ...], model_version: int | None, report: Path | None) -> None:
    """Score stored versions on the test data, in a fresh worker.

    The report shows classifiers with confusion matrix, ROC and calibration, regressions with their residuals. Of
    several models one that has no version, or fails, is told of on a line; the exit code is then 1.

    Example: triglot test --report report.html iris-r
    """
    sections: list[Section] = []

    def draw(worker: Bench, stored: StoredVersion, X: Any, y: Any) -> None:
        lead = f"Version {stored.version}, {language_name(worker.language)}, on the test data."
        try:
            sections.append(section(stored.model, lead, ask(worker, stored.model, stored.artefact, X, y)))
        except ConfigError as error:  # its answers are measured by its author alone
            sections.append(Section(stored.model, [], f"{lead} {error}."))

    if report is not None:
        figures.check_installed()
    chosen = names or project.chosen
    failed = False
    tell_of_what_waits(project.store)
    for name in chosen:
        try:
            stored, scoring, found = tested(project, name, model_version, None if report is None else draw)
        except TriglotError as error:
            if len(chosen) == 1:
                raise
            tell_of_failure(error, f"{name} is not tested: ")
            sections.append(Section(name, [], f"It is not tested: {error}"))
            failed = True
            continue
        card = stored.artefact.card()
        for what, value in found.items():
            called = score_name(card.task) if scoring is None and not card.any_answers else what
            click.echo(f"{stored.model} version {stored.version} ({card.language}): {called} {value:.4f}")
    if report is not None:
        foot = f"Triglot {__version__}, {datetime.now().astimezone():%d %B %Y, %H:%M}."
        lead = "What the stored versions answer to the test data of the configuration."
        write(report, page(" · ".join(chosen), lead, sections, foot))
        click.echo(f"The report is in {report}")
    if failed:
        _exit(1)


def tested(
    project: Project,
    name: str,
    model_version: int | None,
    look: Callable[[Bench, StoredVersion, Any, Any], None] | None,
) -> tuple[StoredVersion, Any, Scores]:
    """Return the tested version of a model, the active one by default, its scoring, and what that says of it."""
    entry = project.entry(name)
    if entry.test is None:
        raise ConfigError(f"model {name!r} has no dataset_loader_test; add one to the configuration")
    scoring = project.part(name, "scoring")
    stored, found = train.assess(entry, project.workshop, project.store, scoring, model_version, look)
    return stored, scoring, found


def _done(project: Project, name: str, job: str) -> VersionInfo | None:
    """Return the version that an earlier try of this job wrote, if there is one."""
    try:
        versions = project.store.list(name)
    except ModelNotFound:
        return None
    return next((info for info in versions if info.metadata.get("job") == job), None)
