"""Fit, test and search, for commands, jobs and functions alike: data in, a stored version out.

What an author's code does is done by a fresh worker.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from triglot.dataset import load
from triglot.decorators import pluggable
from triglot.errors import BadRequest, ConfigError
from triglot.languages.launch import Workshop
from triglot.logs import is_renamed
from triglot.persister import NOT_PROVED, Persister, StoredVersion
from triglot.persisters.decorated import read_model, write_model
from triglot.progress import step
from triglot.tables.frames import to_table
from triglot.training.candidates import Candidates
from triglot.training.entry import Entry
from triglot.training.evaluation import (
    FittedModel,
    ScoredModel,
    Scores,
    for_python,
    is_single,
    judged,
    metric,
    scorers,
    told,
)
from triglot.training.fit_worker import Bench, bench, log_warning, pass_on
from triglot.training.kept import Kept
from triglot.training.pipelines import language_of
from triglot.training.proof import NUMBERS, Prover, Version, prover
from triglot.training.remarks import remarks
from triglot.training.search import search_of
from triglot.training.unanswered import Unanswered

logger = logging.getLogger("triglot")

CV_RESULTS = "cv_results"
BEST_INDEX = "best_index"


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What is done with a model that was fitted.

    persist: it is stored, where there is a persister. activate: what is stored answers from then on. evaluate: score on
    the training data, and on the test data if there is any. persist_if_better_than: store only with at least this test
    score; implies `evaluate`. scoring: the scores, by default the one that suits the model. metadata: is stored beside
    the scores. prove: what is stored is proved by a fresh process first, and not activated where that fails. kept: who
    keeps workers for many fits of the same author's; by default each has fresh ones. warn: is given a model's name and
    a line that its author should look at.
    """

    persist: bool = True
    activate: bool = True
    evaluate: bool = False
    persist_if_better_than: float | None = None
    scoring: Any = None
    metadata: Mapping[str, Any] | None = None
    prove: bool = True
    kept: Kept | None = None
    warn: Callable[[str, str], None] = log_warning

    @property
    def evaluates(self) -> bool:
        """Whether the model is scored, for whatever reason."""
        return self.evaluate or self.persist_if_better_than is not None

    def check(self, entry: Entry) -> None:
        """Return if all of it can be done with this model, so that what cannot does not cost a fit.

        Raises `ConfigError` where the score that decides is missing, or a score is not known.
        """
        if self.persist_if_better_than is not None:
            if entry.test is None:
                raise ConfigError(f"model {entry.name!r}: --save-if-better-than needs a dataset_loader_test")
            if not is_single(self.scoring):
                raise ConfigError(
                    f"model {entry.name!r}: --save-if-better-than needs one score, and scoring gives several"
                )
        if self.evaluates:
            scorers(self.scoring)

    def is_good(self, score: Any) -> bool:
        """Whether a model of this test score is to be stored."""
        return self.persist_if_better_than is None or score >= self.persist_if_better_than  # NaN is not better


def fit_model(entry: Entry, workshop: Workshop, persister: Persister | None, options: FitOptions) -> FittedModel:
    """Return the model fitted to its training data, and stored, unless there is no persister, as the options say."""
    return fit(
        entry.train,
        entry.model,
        persister,
        persist=options.persist and persister is not None,
        activate=options.activate,
        dataset_loader_test=entry.test,
        evaluate=options.evaluate,
        persist_if_better_than=options.persist_if_better_than,
        scoring=options.scoring,
        entry=entry,
        workshop=workshop,
        options=options,
    )


@pluggable("fit_decorators")
def fit(
    dataset_loader_train: Any,
    model: Any,
    model_persister: Persister | None,
    *,
    entry: Entry,
    workshop: Workshop,
    options: FitOptions,
    dataset_loader_test: Any,
    **wanted: Any,
) -> FittedModel:
    """Fit, with the arguments that `palladium.fit.fit` had: its users' decorators see them, and may pass on others.

    wanted: `persist`, `activate`, `evaluate`, `persist_if_better_than` and `scoring`, as `FitOptions` has them.
    """
    entry = replace(entry, train=dataset_loader_train, model=model, test=dataset_loader_test)
    return _fit(entry, workshop, model_persister, replace(options, **wanted))


def _fit(entry: Entry, workshop: Workshop, persister: Persister | None, options: FitOptions) -> FittedModel:
    options.check(entry)
    stores = persister is not None and options.persist
    with _proving(language_of(entry.model), workshop, options.kept, wanted=stores and options.prove) as proof:
        made, version = _made(entry, workshop, options)
        reached, least = made.metrics.get("score_test"), options.persist_if_better_than
        if not options.is_good(reached):
            logger.info("Not persisting model that has a test score %s < %s", reached, least)
        elif stores and persister is not None:
            _prove(made, version, proof)
            made.version = _store(persister, made, options.metadata, activate=options.activate)
    return made


def _made(entry: Entry, workshop: Workshop, options: FitOptions) -> tuple[FittedModel, Version]:
    """Return the fitted model with its scores, and what of it is to be proved."""
    with _working(language_of(entry.model), workshop, options.kept) as worker:
        with step("Loading data"):
            X, y = load(entry.train)
        table = to_table(X)
        for remark in remarks(entry.model, table, y):
            options.warn(entry.name, remark)
        with step("Fitting model"):
            fitted = worker.fit(entry.name, entry.model, X, y, workshop.python_path, entry.terms)
        pass_on(entry.name, fitted, options.warn)
        metrics: dict[str, Any] = {"fit_seconds": fitted.info.get("seconds")}
        if (compiled := fitted.info.get("compile_seconds")) is not None:
            metrics["compile_seconds"] = compiled
            logger.info("Of the fit's %.3f sec. %.3f were compilation.", metrics["fit_seconds"], compiled)
        made = FittedModel(entry.name, fitted.artefact, workshop.environ, workshop.key_file, metrics)
        if (results := fitted.info.get(CV_RESULTS)) is not None:  # the model itself is a search
            made.metadata = {CV_RESULTS: results}
        version = Version.of(entry, fitted.artefact, table, worker if options.persist and options.prove else None)
        if version.failing:
            options.warn(entry.name, version.failing)
        if options.evaluates:
            model = ScoredModel(worker, entry.name, fitted.artefact)
            with step("Evaluating model on train set", logger.debug):
                found, gone = judged(model, options.scoring, X, y)
            metrics["score_train"] = metric(found)
            _tell("Train", found, gone, made, entry, options.warn)
        del X, y, table
        if options.evaluates and entry.test is not None:
            with step("Loading test data"):
                X, y = load(entry.test)
            with step("Evaluating model on test set", logger.debug):
                found, gone = judged(model, options.scoring, X, y)
            metrics["score_test"] = metric(found)
            _tell("Test", found, gone, made, entry, options.warn)
    return made, version


@contextmanager
def _working(language: str, workshop: Workshop, kept: Kept | None) -> Iterator[Bench]:
    """Hold the worker that fits: a fresh one, or the one that is kept."""
    if kept is not None:
        yield kept.fitting(language)
        return
    with bench(language, workshop.environ, workshop.key_file) as worker:
        yield worker


def _proving(
    language: str, workshop: Workshop, kept: Kept | None, *, wanted: bool
) -> AbstractContextManager[Prover | None]:
    return prover(language, workshop, wanted=wanted) if kept is None else kept.prover(language, wanted=wanted)


def _tell(
    data: str, found: Scores, gone: Unanswered, made: FittedModel, entry: Entry, warn: Callable[[str, str], None]
) -> None:
    """Log the scores, and note where the model has no number for a row that lacks nothing."""
    logger.info("%-12s %s", f"{data} score:", _shown(found))
    if gone:
        warn(entry.name, f"{gone} of the {data.lower()} data; the score is that of the others")
    if gone.surprising and not entry.terms.missing_allowed and made.unproved is None:
        made.unproved = f"{gone} of the {data.lower()} data. {NUMBERS}"


def _prove(made: FittedModel, version: Version, proof: Prover | None) -> None:
    """Note why the version must not answer, if it is so."""
    if proof is not None and made.unproved is None:
        with step("Proving it in a fresh process"):
            made.unproved = proof.why_not(version)


def assess(
    entry: Entry,
    workshop: Workshop,
    persister: Persister,
    scoring: Any = None,
    version: int | None = None,
    look: Callable[[Bench, StoredVersion, Any, Any], None] | None = None,
) -> tuple[StoredVersion, Scores]:
    """Return the version, the active one by default, and its scores on the test data.

    look: is called with the worker that holds the version, and with the data.
    """
    with step("Loading data"):
        X, y = load(entry.test)
    with step("Reading model"):
        stored = read_model(persister, entry.name, version)
    logger.info("Loaded model version %d", stored.version)
    language = stored.artefact.card().language
    with bench(language, workshop.environ, workshop.key_file) as worker, step("Applying model"):
        found, gone = judged(ScoredModel(worker, entry.name, stored.artefact), scoring, X, y)
        if look is not None:
            look(worker, stored, X, y)
    logger.info("Score: %s.", "\n       ".join(told(found)))
    if gone:
        logger.warning("%s of the test data; the score is that of the others", gone)
    return stored, found


def grid_search(
    entry: Entry,
    workshop: Workshop,
    persister: Persister | None,
    wanted: Any,
    scoring: Any = None,
    *,
    prove: bool = True,
    spread: Callable[[Any], Any] | None = None,
    tell: Callable[[str], object] | None = None,
) -> tuple[FittedModel, Candidates]:
    """Return the fitted search, and its candidates; a persister stores and activates the search.

    wanted: the configuration's `grid_search`. prove: as `FitOptions` has it. spread: makes of the search what a worker
    fits in its place, on a cluster, say; that fit returns the search. tell: gets the lines that the search prints, as
    they come; without it they are in the log once it is over.
    """
    with step("Loading data"):
        X, y = for_python(*load(entry.train))
    search = search_of(wanted, entry.model, scoring, X, y, persist=persister is not None)
    with prover("python", workshop, wanted=prove and persister is not None) as proof:
        with bench("python", workshop.environ, workshop.key_file, tell=tell) as worker, step("Running grid search"):
            begun = search if spread is None else spread(search)
            fitted = worker.fit(entry.name, begun, X, y, workshop.python_path, entry.terms)
        pass_on(entry.name, fitted)
        text = fitted.info.get(CV_RESULTS)
        if text is None:
            raise BadRequest(f"grid_search: {type(search).__name__} has no cv_results_ after its fit")
        metrics = {"fit_seconds": fitted.info.get("seconds")}
        made = FittedModel(entry.name, fitted.artefact, workshop.environ, workshop.key_file, metrics)
        if persister is not None:
            if not fitted.info.get("predict"):
                raise ConfigError(
                    f"grid_search: {type(search).__name__} cannot predict after its fit, so it is not stored"
                )
            _prove(made, Version.of(entry, fitted.artefact, to_table(X)), proof)
            made.metadata = {CV_RESULTS: text}
            made.version = _store(persister, made, None, activate=True)
    refit = getattr(search, "refit", None)
    return made, Candidates.of(text, refit if isinstance(refit, str) else None, fitted.info.get(BEST_INDEX))


def _store(persister: Persister, made: FittedModel, metadata: Mapping[str, Any] | None, *, activate: bool) -> int:
    """Return the number of the version that was written; it is activated unless its proof failed."""
    known = {**(metadata or {}), **made.metadata, **({} if made.unproved is None else {NOT_PROVED: made.unproved})}
    with step("Writing model"):
        version = write_model(persister, made.name, made.artefact, metrics=made.metrics, metadata=known)
    # the line of Palladium's commands ends with the number, and is looked for as it was
    logger.info("Wrote model with version %d%s", version, "." if is_renamed() else f" to {_place(persister)}")
    if made.unproved is not None:
        logger.error("Model %s version %d is stored, and not activated: %s", made.name, version, made.unproved)
    elif activate:
        persister.activate(made.name, version)
        logger.info("Activated model %s with version %d.", made.name, version)
    return version


def _place(persister: Persister) -> str:
    """Return where a persister of ours writes to, which holds no password; of others their type."""
    return str(getattr(persister, "location", type(persister).__name__))


def _shown(found: Scores) -> str:
    """Return scores on one line; a single one is its number alone."""
    return str(metric(found)) if isinstance(metric(found), float) else ", ".join(told(found))
