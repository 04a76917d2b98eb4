"""Several models on the same folds of the same rows: scores, times, sizes, and where they disagree."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from triglot.errors import ConfigError, TriglotError
from triglot.tables.frames import task_of, to_table, to_target
from triglot.tables.labels import Task
from triglot.tables.table import Array, Table
from triglot.training.answers import Answers, ask, measures
from triglot.training.entry import UNSAID, Terms
from triglot.training.fit_worker import Bench
from triglot.training.pipelines import language_of
from triglot.training.unanswered import Unanswered, rows_of

ONE_ROW_TIMES = 30
Workers: TypeAlias = Callable[[str], AbstractContextManager[Bench]]


@dataclass(frozen=True, slots=True, eq=False)
class Rival:
    """A model that is to be compared, with the data that its own loader gave."""

    name: str
    model: Any
    X: Any
    y: Any
    terms: Terms = UNSAID


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What came of one model: a value a fold in `scores` and `fit_s`, and the answers to all rows, out of fold."""

    name: str
    language: str
    scores: dict[str, list[float]]
    fit_s: list[float]
    one_row_s: float
    size: int
    answers: Answers

    @property
    def unanswered(self) -> Unanswered:
        """The rows that it answers with what is no number; all else is of the others."""
        return self.answers.unanswered

    def mean(self, measure: str) -> float:
        """Return the mean of a measure over the folds."""
        return float(np.mean(self.scores[measure]))


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All results, and the rows that they are about; of a model that gave none, why, by its name."""

    task: Task
    X: Table
    folds: int
    results: tuple[Result, ...]
    failed: Mapping[str, TriglotError] = field(default_factory=dict)

    @property
    def measures(self) -> list[str]:
        """The measures that all models have, the one that decides first."""
        first = self.results[0].scores
        return [name for name in first if all(name in result.scores for result in self.results)]

    def disagreements(self) -> Array:
        """Return the rows on which the models differ: labels of which they are surest first, else the widest apart."""
        predicted = np.array([result.answers.predicted for result in self.results])
        if self.task == "regression":
            numbers = predicted.reshape(len(predicted), self.X.rows, -1)
            gone = ~np.isfinite(numbers)  # what is no number is apart from nothing
            lowest, highest = np.where(gone, np.inf, numbers).min(axis=0), np.where(gone, -np.inf, numbers).max(axis=0)
            return np.argsort(-(highest - lowest).max(axis=1), kind="stable")
        differ = np.flatnonzero((predicted != predicted[0]).any(axis=0))
        confidence = np.min(
            [
                np.ones(self.X.rows) if result.answers.shares is None else result.answers.shares.max(axis=1)
                for result in self.results
            ],
            axis=0,
        )
        return differ[np.argsort(-confidence[differ], kind="stable")]


def compare(
    rivals: Sequence[Rival], workers: Workers, *, folds: int, seed: int, python_path: tuple[str, ...]
) -> Comparison:
    """Return what comes of the models on the same folds of the same rows, each in one fresh worker of its own.

    One that fails is left out. Raises its error where there is no other left, and `ConfigError` where they are not
    about the same target.
    """
    first = rivals[0]
    task = task_of(first.model, first.y)
    truth, labels = to_target(first.y, task)
    for rival in rivals[1:]:
        _check_same(first, rival, task, truth)
    splits = _splits(task, truth, folds, seed)
    classes = () if labels is None else labels.classes
    results: list[Result] = []
    failed: dict[str, TriglotError] = {}
    for rival in rivals:
        try:
            results.append(_result(rival, task, classes, truth, splits, workers, python_path))
        except TriglotError as error:
            failed[rival.name] = error
    if not results:
        raise failed[first.name]
    return Comparison(task, to_table(first.X), folds, tuple(results), failed)


def _check_same(first: Rival, rival: Rival, task: Task, truth: Array) -> None:
    if rival.y is None or task_of(rival.model, rival.y) != task:
        raise ConfigError(f"{first.name} and {rival.name} cannot be compared: one is a classifier, one a regression")
    other, _ = to_target(rival.y, task)
    if other.shape != truth.shape or not np.array_equal(other, truth):
        raise ConfigError(
            f"{first.name} and {rival.name} cannot be compared: their dataset_loader_train give other targets or other "
            "rows; let both have the one at the top level of the configuration"
        )


def _splits(task: Task, truth: Array, folds: int, seed: int) -> list[tuple[Array, Array]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    if len(truth) < folds:
        raise ConfigError(f"{len(truth)} rows cannot make {folds} folds; take fewer --folds")
    if task == "classification":
        rarest = int(np.bincount(truth)[np.unique(truth)].min())
        if rarest < folds:
            raise ConfigError(f"a class has {rarest} rows, too few for {folds} folds; take fewer --folds")
        return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(len(truth)), truth))
    return list(KFold(folds, shuffle=True, random_state=seed).split(truth))


def _result(
    rival: Rival,
    task: Task,
    classes: tuple[Any, ...],
    truth: Array,
    splits: Sequence[tuple[Array, Array]],
    workers: Workers,
    python_path: tuple[str, ...],
) -> Result:
    table = to_table(rival.X)
    fit_s: list[float] = []
    scores: dict[str, list[float]] = {}
    predicted = np.zeros_like(truth)
    shares = np.zeros((len(truth), len(classes)))
    has_shares = bool(classes)
    language = language_of(rival.model)
    with workers(language) as worker:
        for train, test in splits:
            fitted = worker.fit(
                rival.name,
                rival.model,
                table.take(train),
                rows_of(rival.y, train),
                python_path,
                rival.terms,
            )
            fit_s.append(float(fitted.info.get("seconds") or 0.0))
            found = ask(worker, rival.name, fitted.artefact, table.take(test), rows_of(rival.y, test))
            for name, value in measures(found).items():
                scores.setdefault(name, []).append(value)
            if task == "classification":
                place = np.array([classes.index(label) for label in found.classes])
                predicted[test] = place[found.predicted]
                if found.shares is None:
                    has_shares = False
                else:
                    shares[np.ix_(test, place)] = found.shares
            else:
                predicted[test] = found.predicted
        one_row_s = _one_row_s(worker, rival.name, fitted.artefact, table)
    answers = Answers(task, classes, truth, predicted, shares if has_shares else None)
    complete = {name: values for name, values in scores.items() if len(values) == len(splits)}
    return Result(rival.name, language, complete, fit_s, one_row_s, len(fitted.artefact.blob), answers)


def _one_row_s(worker: Bench, name: str, artefact: Any, table: Table) -> float:
    taken = []
    for number in range(ONE_ROW_TIMES):
        row = table.slice(number % table.rows, number % table.rows + 1)
        started = time.perf_counter()
        worker.predict(name, artefact, row)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)
