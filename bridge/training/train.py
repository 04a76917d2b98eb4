"""Fit, test and search, for commands, jobs and functions alike: data in, a stored version out.

What an author's code does is done by a fresh worker. Arguments that a configuration has come first, under its names.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from triglot.dataset import load
from triglot.decorators import pluggable
from triglot.errors import BadRequest, ConfigError
from triglot.languages.launch import Workshop
from triglot.persister import Persister, StoredVersion
from triglot.persisters.decorated import read_model, write_model
from triglot.progress import step
from triglot.protocol.batching import Batch
from triglot.training.evaluation import (
    FittedModel,
    ScoredModel,
    Scores,
    for_python,
    is_single,
    metric,
    scorers,
    scores,
    told,
)
from triglot.training.fit_worker import Bench, Fitted, bench
from triglot.training.pipelines import language_of
from triglot.training.search import search_of

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("triglot")

RANK = "rank_test_score"


@pluggable("fit_decorators")
def fit(
    dataset_loader_train: Any,
    model: Any,
    model_persister: Persister | None,
    persist: bool = True,
    activate: bool = True,
    dataset_loader_test: Any = None,
    evaluate: bool = False,
    persist_if_better_than: float | None = None,
    scoring: Any = None,
    *,
    name: str,
    workshop: Workshop,
    metadata: Mapping[str, Any] | None = None,
    unseen_levels: str | None = None,
    batch: Batch = True,
) -> FittedModel:
    """Return the model fitted to the training data, stored and activated unless that is not wanted.

    evaluate: score on the training data, and on the test data if there is any. persist_if_better_than: store only
    with at least this test score; implies `evaluate`. name, metadata: what the version is stored under and with.
    unseen_levels: what becomes of levels of a category that the data do not have, by default what the model says.
    batch: whether a worker may answer several requests by one call.
    """
    if persist_if_better_than is not None:
        evaluate = True
        if dataset_loader_test is None:
            raise ConfigError(f"model {name!r}: --save-if-better-than needs a dataset_loader_test")
        if not is_single(scoring):
            raise ConfigError(f"model {name!r}: --save-if-better-than needs one score, and scoring gives several")
    if evaluate:
        scorers(scoring)  # a name that is wrong shall not cost a fit
    with bench(language_of(model), workshop.environ, workshop.key_file) as worker:
        with step("Loading data"):
            X, y = load(dataset_loader_train)
        with step("Fitting model"):
            fitted = worker.fit(name, model, X, y, workshop.python_path, unseen_levels, batch)
        _pass_on(name, fitted)
        metrics: dict[str, Any] = {"fit_seconds": fitted.info.get("seconds")}
        if evaluate:
            remote = ScoredModel(worker, name, fitted.artefact)
            with step("Evaluating model on train set", logger.debug):
                found = scores(remote, scoring, X, y)
            metrics["score_train"] = metric(found)
            logger.info("Train score: %s", _shown(found))
        del X, y
        if evaluate and dataset_loader_test is not None:
            with step("Loading test data"):
                X, y = load(dataset_loader_test)
            with step("Evaluating model on test set", logger.debug):
                found = scores(remote, scoring, X, y)
            metrics["score_test"] = metric(found)
            logger.info("Test score:  %s", _shown(found))
    made = FittedModel(name, fitted.artefact, workshop.environ, workshop.key_file, metrics)
    reached: Any = metrics.get("score_test")
    if persist_if_better_than is not None and not reached >= persist_if_better_than:  # NaN is not better
        logger.info("Not persisting model that has a test score %s < %s", reached, persist_if_better_than)
    elif persist and model_persister is not None:
        made.version = _store(model_persister, name, fitted, metrics, metadata, activate=activate)
    return made


def assess(
    dataset_loader_test: Any,
    model_persister: Persister,
    scoring: Any = None,
    model_version: int | None = None,
    *,
    name: str,
    workshop: Workshop,
    look: Callable[[Bench, StoredVersion, Any, Any], None] | None = None,
) -> tuple[StoredVersion, Scores]:
    """Return the version, the active one by default, and its scores on the test data.

    look: is called with the worker that holds the version, and with the data.
    """
    with step("Loading data"):
        X, y = load(dataset_loader_test)
    with step("Reading model"):
        stored = read_model(model_persister, name, model_version)
    logger.info("Loaded model version %d", stored.version)
    language = stored.artefact.card().language
    with bench(language, workshop.environ, workshop.key_file) as worker, step("Applying model"):
        found = scores(ScoredModel(worker, name, stored.artefact), scoring, X, y)
        if look is not None:
            look(worker, stored, X, y)
    logger.info("Score: %s.", "\n       ".join(told(found)))
    return stored, found


def grid_search(
    dataset_loader_train: Any,
    model: Any,
    grid_search: Any,
    scoring: Any = None,
    persist_best: bool = False,
    model_persister: Persister | None = None,
    *,
    name: str,
    workshop: Workshop,
) -> "tuple[FittedModel, pd.DataFrame]":
    """Return the fitted search, and its results, the best first; `persist_best` stores and activates the search."""
    if persist_best and model_persister is None:
        raise ConfigError("the best model cannot be stored without a model_persister; add one to the configuration")
    with step("Loading data"):
        X, y = for_python(*load(dataset_loader_train))
    search = search_of(grid_search, model, scoring, X, y, persist=persist_best)
    with bench("python", workshop.environ, workshop.key_file) as worker, step("Running grid search"):
        fitted = worker.fit(name, search, X, y, workshop.python_path)
    _pass_on(name, fitted)
    text = fitted.info.get("cv_results")
    if text is None:
        raise BadRequest(f"grid_search: {type(search).__name__} has no cv_results_ after its fit")
    metrics = {"fit_seconds": fitted.info.get("seconds")}
    made = FittedModel(name, fitted.artefact, workshop.environ, workshop.key_file, metrics)
    if persist_best and model_persister is not None:
        if not fitted.info.get("predict"):
            raise ConfigError(f"grid_search: {type(search).__name__} cannot predict after its fit, so it is not stored")
        made.version = _store(model_persister, name, fitted, metrics, {"cv_results": text}, activate=True)
    return made, _table(text)


def _store(
    persister: Persister,
    name: str,
    fitted: Fitted,
    metrics: Mapping[str, Any],
    metadata: Mapping[str, Any] | None,
    *,
    activate: bool,
) -> int:
    """Return the number of the version that was written."""
    with step("Writing model"):
        version = write_model(persister, name, fitted.artefact, metrics=metrics, metadata=metadata)
    logger.info("Wrote model with version %d.", version)
    if activate:
        persister.activate(name, version)
        logger.info("Activated model %s with version %d.", name, version)
    return version


def _pass_on(name: str, fitted: Fitted) -> None:
    """Log what the author's code printed and warned of."""
    for line in fitted.output.splitlines():
        logger.info("%s: %s", name, line)
    for line in fitted.warnings:
        logger.warning("%s: %s", name, line)


def _shown(found: Scores) -> str:
    """Return scores on one line; a single one is its number alone."""
    return str(metric(found)) if isinstance(metric(found), float) else ", ".join(told(found))


def _table(records: Any) -> "pd.DataFrame":
    """Return results as a table, the best first where they are ranked."""
    import pandas as pd

    results = pd.DataFrame(json.loads(records))
    return results.sort_values(RANK, kind="stable") if RANK in results else results
