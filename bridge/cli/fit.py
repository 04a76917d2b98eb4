"""`fit` and `test`: they start the worker that they need, so no service has to run."""

import logging
from typing import Any

import click

from triglot.cli.progress import step
from triglot.errors import BadRequest, ConfigError
from triglot.estimators import language_of
from triglot.fitting import Bench, Fitted, bench
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
@click.pass_obj
def fit(
    project: Project,
    names: tuple[str, ...],
    no_save: bool,
    no_activate: bool,
    save_if_better_than: float | None,
    evaluate: bool,
) -> None:
    """Fit the configured MODELs (all of them by default), store them and activate them.

    Each is fitted by a fresh worker process of its language, which ends afterwards.
    """
    for name in names or project.names:
        entry = project.entry(name)
        if save_if_better_than is not None and entry.test is None:
            raise ConfigError(f"model {name!r}: --save-if-better-than needs a dataset_loader_test")
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
            version = project.store.write(name, fitted.artefact, metrics=metrics)
        logger.info("Wrote model with version %d.", version)
        if not no_activate:
            project.store.activate(name, version)
            logger.info("Activated model %s with version %d.", name, version)


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--model-version", type=click.IntRange(min=1), help="The version to test; default: the active one.")
@click.pass_obj
def test(project: Project, names: tuple[str, ...], model_version: int | None) -> None:
    """Score stored versions on the test data, in a fresh worker."""
    for name in names or project.names:
        entry = project.entry(name)
        if entry.test is None:
            raise ConfigError(f"model {name!r} has no dataset_loader_test; add one to the configuration")
        with step("Reading model"):
            stored = project.store.read(name, model_version)
        logger.info("Loaded model version %d", stored.version)
        card = stored.artefact.card()
        with step("Loading data"):
            X, y = _data(entry.test)
        with bench(card["language"], project.environ, project.key_file) as worker, step("Applying model"):
            value = worker.score(name, stored.artefact, X, y)
        click.echo(f"{name} version {stored.version} ({card['language']}): {score_name(card['task'])} {value:.4f}")


def _fit(project: Project, entry: Entry, worker: Bench, evaluate: bool) -> tuple[Fitted, dict[str, Any]]:
    with step("Loading data"):
        X, y = _data(entry.train)
    with step(f"Fitting model {entry.name} ({worker.language})"):
        fitted = worker.fit(entry.name, entry.model, X, y, project.python_path)
    for line in fitted.output.splitlines():
        logger.info("%s: %s", entry.name, line)
    for line in fitted.warnings:
        logger.warning("%s: %s", entry.name, line)
    metrics: dict[str, Any] = {"fit_seconds": fitted.info.get("seconds")}
    if evaluate:
        metrics["score_train"] = worker.score(entry.name, fitted.artefact, X, y)
        logger.info("Train score: %s", metrics["score_train"])
        del X, y
        if entry.test is not None:
            with step("Loading test data"):
                X, y = _data(entry.test)
            metrics["score_test"] = worker.score(entry.name, fitted.artefact, X, y)
            logger.info("Test score:  %s", metrics["score_test"])
    return fitted, metrics


def _data(loader: Any) -> tuple[Any, Any]:
    """Return X and y with names and types where the loader keeps them."""
    loaded = loader.frame() if hasattr(loader, "frame") else loader()
    if not isinstance(loaded, tuple) or len(loaded) != 2:
        raise BadRequest(f"the dataset loader must return a pair (X, y), not {type(loaded).__name__}")
    return loaded


COMMANDS = (fit, test)
