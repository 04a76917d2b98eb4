"""The configuration's `scoring`: scorers of scikit-learn over the answers of a worker, in whatever language."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from triglot.artefact import Artefact
from triglot.bygone.names import todays_scoring
from triglot.config.directives import nearest
from triglot.errors import ConfigError
from triglot.serving.remote_model import RemoteModel
from triglot.tables.frames import to_frame, to_table
from triglot.tables.table import Array, Column, Table
from triglot.training.fit_worker import Bench, bench
from triglot.training.unanswered import Unanswered, rows_of, unanswered

logger = logging.getLogger("triglot")

R = TypeVar("R")

Scores: TypeAlias = dict[str, float]
Scorer: TypeAlias = Callable[[Any, Any, Any], Any]

ONE = "score"


class ScoredModel(RemoteModel):
    """A fitted model as scikit-learn's scorers know estimators: samples are data as its author's loaders give them."""

    def __init__(self, worker: Bench, name: str, artefact: Artefact) -> None:
        self._worker = worker
        self._artefact = artefact
        card = artefact.card()
        self._task = card.task
        labels = card.labels
        super().__init__(name, card.schema, labels, self._by_the_worker)
        if labels is not None:  # scorers take it for granted that classes are sorted
            self._sorted, self._columns = np.unique(np.array(labels.classes), return_index=True)

    @property
    def classes_(self) -> Array:
        """The sorted classes of a classifier."""
        return super().classes_ if self._labels is None else self._sorted

    def predict_proba(self, samples: Any, **params: Any) -> Array:
        """Return probabilities of shape (rows, classes), in the order of `classes_`."""
        shares = super().predict_proba(samples, **params)
        return shares if self._labels is None else shares[:, self._columns]

    def _table(self, samples: Any) -> Table:
        """Return the table of a data frame, of an array or of a table itself."""
        return to_table(samples)

    def _by_the_worker(self, X: Table, params: Mapping[str, Any], *, proba: bool) -> Array:
        return self._worker.answer(self._name, self._artefact, X, params, proba=proba)

    def _answer(self, X: Table, params: Mapping[str, Any], *, proba: bool) -> Array:
        return self._ask(X, params, proba=proba)  # what a model foresees is told to callers, and here is a failure

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy or R²."""
        return self._worker.score(self._name, self._artefact, X, y)

    @property
    def may_lack(self) -> bool:
        """Whether an answer may be no number; a class is never missing."""
        return self._task == "regression"

    @property
    def any_answers(self) -> bool:
        """Whether the answers are any JSON, which no scorer of scikit-learn knows."""
        return self._artefact.card().any_answers

    def numbers(self, X: Any) -> Array:
        """Return the answers of a regression as they come, of shape (rows,) or (rows, outputs)."""
        return self._worker.predict(self._name, self._artefact, X)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        classifier = self._task == "classification" and not self.any_answers
        kind = "classifier" if classifier else "regressor"
        return Tags(
            estimator_type=None if self.any_answers else kind,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if classifier else None,
            regressor_tags=None if classifier else RegressorTags(),
        )


@dataclass(slots=True)
class FittedModel:
    """What a fit gave, whose every answer is computed by a fresh worker that ends afterwards.

    `version` is the number that it was stored under, None where it was not. `metadata` is stored beside the metrics.
    `unproved` says why the version was not activated, if it did not stand the proof. For many answers serve it.
    """

    name: str
    artefact: Artefact
    environ: Mapping[str, str]
    key_file: Path | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    unproved: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def __metadata__(self) -> dict[str, Any]:
        """What is known of the fit."""
        known = {} if self.version is None else {"version": self.version}
        return {**known, "train_timestamp": self.artefact.card().created, **self.metrics, **self.metadata}

    @property
    def classes_(self) -> Array:
        """The ordered classes of a classifier."""
        labels = self.artefact.card().labels
        if labels is None:
            raise AttributeError("this model is no classifier and has no classes_")
        return np.array(labels.classes)

    def predict(self, X: Any) -> Array:
        """Return a label or a number a row."""
        return self._by_a_worker(lambda model: model.predict(self._named(X)))

    def predict_proba(self, X: Any) -> Array:
        """Return probabilities of shape (rows, classes), in the order of `classes_`."""
        return self._by_a_worker(lambda model: model.predict_proba(self._named(X)))

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy or R²."""
        return self._by_a_worker(lambda model: model.score(self._named(X), y))

    def _named(self, X: Any) -> Any:
        """Return an array as the table of the model's columns, in order, and what has names as it is."""
        if isinstance(X, Table) or hasattr(X, "columns"):
            return X
        return to_table(X).renamed(self.artefact.card().schema.names)

    def _by_a_worker(self, ask: Callable[[ScoredModel], R]) -> R:
        with bench(self.artefact.card().language, self.environ, self.key_file) as worker:
            return ask(ScoredModel(worker, self.name, self.artefact))


def is_single(scoring: Any) -> bool:
    """Return whether a `scoring` gives one score, as far as can be told without calling it."""
    return scoring is None or isinstance(scoring, str) or callable(scoring)


def judged(model: ScoredModel, scoring: Any, X: Any, y: Any) -> tuple[Scores, Unanswered]:
    """Return what `scoring` says of the rows that the model answers with a number, and which it does not."""
    if not model.may_lack:
        return scores(model, scoring, X, y), Unanswered()
    table, answers = to_table(X), model.numbers(X)
    if not (gone := Unanswered.among(answers, table)):
        return scores(model, scoring, X, y), gone
    kept = np.flatnonzero(~unanswered(answers))
    if not kept.size:
        return dict.fromkeys(scorers(scoring) or [ONE], float("nan")), gone
    return scores(model, scoring, table.take(kept), rows_of(y, kept)), gone


def scores(model: ScoredModel, scoring: Any, X: Any, y: Any) -> Scores:
    """Return what `scoring` says of the model on these data: one entry `score`, or those of a dict of scorers.

    Without a `scoring` it is the accuracy of a classifier and R² of a regression.
    """
    if y is None:
        raise ConfigError("there is no target to score against; give the dataset loader a target_column")
    if scoring is None:
        return {ONE: model.score(X, y)}
    X, y = for_python(X, y)
    found: Scores = {}
    for name, scorer in scorers(scoring).items():
        value = _judged_by(model, name, scorer, X, y)
        found |= {key: float(one) for key, one in value.items()} if isinstance(value, Mapping) else {name: float(value)}
    return found


def _judged_by(model: ScoredModel, name: str, scorer: Scorer, X: Any, y: Any) -> Any:
    try:
        return scorer(model, X, y)
    except (ValueError, TypeError) as error:
        if not model.any_answers:
            raise
        raise ConfigError(
            f"scoring: {name!r} cannot judge a model that answers any JSON ({error}); write a function f(model, X, y) "
            "that reads what the model's predict answers"
        ) from error


def for_python(X: Any, y: Any) -> tuple[Any, Any]:
    """Return data of an R or Julia function as scikit-learn takes them; everything else as it is."""
    if isinstance(X, Table):
        X = to_frame(X)
    return X, np.array(y.to_list()) if isinstance(y, Column) else y


def metric(found: Scores) -> float | Scores:
    """Return scores as they are stored: one as the number itself."""
    return found[ONE] if set(found) == {ONE} else found


def told(found: Scores) -> list[str]:
    """Return a line a score."""
    return [f"{name}: {value}" for name, value in found.items()]


def scorers(scoring: Any) -> dict[str, Scorer]:
    """Return the scorers that a `scoring` names; raises `ConfigError` for one that there is not."""
    if scoring is None:
        return {}
    if isinstance(scoring, Mapping):
        return {str(name): _scorer(entry) for name, entry in scoring.items()}
    if isinstance(scoring, (list, tuple, set)):
        return {str(name): _scorer(name) for name in scoring}
    return {ONE: _scorer(scoring)}


def _scorer(entry: Any) -> Scorer:
    if callable(entry):
        scorer: Scorer = entry
        return scorer
    from sklearn.metrics import get_scorer, get_scorer_names

    try:
        known: Scorer = get_scorer(todays_scoring(entry, logger.warning))
    except (ValueError, KeyError, TypeError):
        hint = nearest(str(entry), get_scorer_names())
        raise ConfigError(f"scoring: there is no scorer {entry!r}. {hint} Or give a function f(model, X, y).") from None
    return known
