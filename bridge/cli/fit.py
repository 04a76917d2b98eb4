"""`fit` and `test`: they start the worker that they need, so no service has to run."""

import logging
from typing import Any

import click

from triglot.cli.progress import step
from triglot.cli.scoring import RemoteModel, Scores, is_single, metric, scorers, scores, told
from triglot.dataset import load
from triglot.decorators import pluggable
from triglot.errors import ConfigError, ModelNotFound
from triglot.estimators import language_of
from triglot.fitting import Bench, Fitted, bench
from triglot.points import read_model, write_model
from triglot.project import Entry, Project
from triglot.scoring import name as score_name

logger = logging.getLogger("triglot")


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--no-save", "-n", is_flag=True, help="Fit, but do not store.")
@click.option("--no-activate", is_flag=True, help="Store, but leave the version that is served alone.")
@click.option("--save-if-better-than", type=float, help="Store only with at least this test score; implies --evaluate.")
@click.option(
    "--evaluate", "-e", is_flag=True, help="Score on the training data, and on the test data if there is any."
)
@click.option("--job", hidden=True, help="The job that this fit is; done already, it is not done again.")
@click.pass_obj
def fit(
    project: Project,
    names: tuple[str, ...],
    no_save: bool,
    no_activate: bool,
    save_if_better_than: float | None,
    evaluate: bool,
    job: str | None,
) -> None:
    """Fit the configured MODELs (all of them by default), store them and activate them.

    Each is fitted by a fresh worker process of its language, which ends afterwards.

    Example: triglot fit --evaluate iris-r
    """
    for name in names or project.chosen:
        if job is not None and (done := _done(project, name, job)) is not None:
            logger.info("Model %s was written by this job before, as version %d.", name, done)
            if not no_activate:
                project.store.activate(name, done)
            continue
        entry = project.entry(name)
        if save_if_better_than is not None and entry.test is None:
            raise ConfigError(f"model {name!r}: --save-if-better-than needs a dataset_loader_test")
        if save_if_better_than is not None and not is_single(project.part(name, "scoring")):
            raise ConfigError(f"model {name!r}: --save-if-better-than needs one score, and scoring gives several")
        with bench(language_of(entry.model), project.environ, project.key_file) as worker:
            fitted, metrics = _fit(project, entry, worker, evaluate or save_if_better_than is not None)
        if save_if_better_than is not None and not metrics["score_test"] >= save_if_better_than:
            logger.info(
                "Not persisting model that has a test score %s < %s", metrics["score_test"], save_if_better_than
            )
            continue
        if no_save:
            continue
        with step("Writing model"):
            version = write_model(
                project.store, name, fitted.artefact, metrics=metrics, metadata={"job": job} if job else None
            )
        logger.info("Wrote model with version %d.", version)
        if not no_activate:
            project.store.activate(name, version)
            logger.info("Activated model %s with version %d.", name, version)


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--model-version", type=click.IntRange(min=1), help="The version to test; default: the active one.")
@click.pass_obj
def test(project: Project, names: tuple[str, ...], model_version: int | None) -> None:
    """Score stored versions on the test data, in a fresh worker.

    Example: triglot test --model-version 3 iris-r
    """
    for name in names or project.chosen:
        entry = project.entry(name)
        if entry.test is None:
            raise ConfigError(f"model {name!r} has no dataset_loader_test; add one to the configuration")
        with step("Reading model"):
            stored = read_model(project.store, name, model_version)
        logger.info("Loaded model version %d", stored.version)
        card = stored.artefact.card()
        with step("Loading data"):
            X, y = load(entry.test)
        scoring = project.part(name, "scoring")
        with bench(card["language"], project.environ, project.key_file) as worker, step("Applying model"):
            found = scores(RemoteModel(worker, name, stored.artefact), scoring, X, y)
        logger.info("Score: %s.", "\n       ".join(told(found)))
        for what, value in found.items():
            called = score_name(card["task"]) if scoring is None else what
            click.echo(f"{name} version {stored.version} ({card['language']}): {called} {value:.4f}")


def _done(project: Project, name: str, job: str) -> int | None:
    """Return the version that an earlier try of this job wrote, if there is one."""
    try:
        versions = project.store.list(name)
    except ModelNotFound:
        return None
    return next((info.version for info in versions if info.metadata.get("job") == job), None)


@pluggable("fit_decorators")
def _fit(project: Project, entry: Entry, worker: Bench, evaluate: bool) -> tuple[Fitted, dict[str, Any]]:
    scoring = project.part(entry.name, "scoring") if evaluate else None
    scorers(scoring)  # a name that is wrong shall not cost a fit
    with step("Loading data"):
        X, y = load(entry.train)
    with step(f"Fitting model {entry.name} ({worker.language})"):
        fitted = worker.fit(entry.name, entry.model, X, y, project.python_path)
    for line in fitted.output.splitlines():
        logger.info("%s: %s", entry.name, line)
    for line in fitted.warnings:
        logger.warning("%s: %s", entry.name, line)
    metrics: dict[str, Any] = {"fit_seconds": fitted.info.get("seconds")}
    if evaluate:
        model = RemoteModel(worker, entry.name, fitted.artefact)
        found = scores(model, scoring, X, y)
        metrics["score_train"] = metric(found)
        logger.info("Train score: %s", _shown(found))
        del X, y
        if entry.test is not None:
            with step("Loading test data"):
                X, y = load(entry.test)
            found = scores(model, scoring, X, y)
            metrics["score_test"] = metric(found)
            logger.info("Test score:  %s", _shown(found))
    return fitted, metrics


def _shown(found: Scores) -> str:
    """Return scores on one line; a single one is its number alone."""
    return str(metric(found)) if isinstance(metric(found), float) else ", ".join(told(found))


COMMANDS = (fit, test)
