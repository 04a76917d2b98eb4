"""Golden rows: a few rows of the training data with the model's answers, kept in the signed manifest.

A worker answers for a version only after it has reproduced them, so that a changed package, a changed machine or a
model that does not survive its own serialisation is found before a caller finds it, and nobody waits for a compiler.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from triglot.errors import ArtefactRefused, BadRequest, EstimatorFailed
from triglot.hooks import Ask, Hook, LoadedVersion, NewFit
from triglot.manifest import Golden, Question
from triglot.tables.json_answers import is_json
from triglot.tables.likeness import alike
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table
from triglot.workers.answers import WrongShares
from triglot.workers.telling_rows import infinite, telling_rows

logger = logging.getLogger("triglot.worker")

TRIED_S = 5.0  # after so long no further column is tried without a value


class GoldenRows(Hook):
    """Records the rows of each fit, and lets no version answer that does not reproduce its own.

    versions: tells what is installed here, as a manifest's `runtime` does.
    """

    def __init__(self, versions: Callable[[], Mapping[str, Any]]) -> None:
        self._versions = versions

    def model_fitted(self, fit: NewFit) -> None:
        """Write the rows into the manifest, and which columns must have a value for the model to answer.

        Raises `EstimatorFailed` where a loaded copy answers otherwise, and what the model itself raises where it can
        predict none of the rows.
        """
        usable = np.flatnonzero(~infinite(fit.X))
        if not usable.size:
            fit.fields["golden"] = None
            return
        rows = fit.X.take(telling_rows(fit.X, usable, fit.y if fit.classifier else None))
        whole = rows.take(np.flatnonzero(~rows.gaps()))
        try:
            op, first = _question(whole if whole.rows else rows, fit)
        except WrongShares:
            raise
        except EstimatorFailed as error:
            rows = whole = _answered_alone(fit, rows, error)
            op, first = _question(rows, fit)
        fails = 0 < whole.rows < rows.rows and not _answers(fit, op, rows)
        shown = () if fails else _shown(rows)
        if whole.rows:
            fit.fields["schema"] = _closed(fit, op, whole, shown).to_json()
        if fails:
            rows = whole
        golden = record_golden_rows(fit, op, rows, first if len(first) == rows.rows else fit.ask(op, rows))
        fit.fields["golden"] = None if golden is None else golden.to_json()
        if op == "predict_proba":
            fit.ask("predict", rows)  # probabilities do not show that classes are answered, too

    def version_loaded(self, loaded: LoadedVersion) -> None:
        """Ask for the rows; raises `ArtefactRefused` where the answers are others."""
        golden = loaded.manifest.golden
        if loaded.ask is not None and golden is not None:
            check_golden_rows(golden, loaded.ask, lambda: _changes(loaded.manifest.runtime, self._versions()))
            warm_up(golden, loaded.ask)


def record_golden_rows(fit: NewFit, op: Question, rows: Table, first: Array) -> Golden | None:
    """Return these rows with their answers, or None where the answers differ from one call to the next.

    first: the answers to a call before.

    A row whose answer is infinite is left out. Raises `EstimatorFailed` where the model answers alike twice, but
    otherwise once it was dumped and loaded.
    """
    if not alike(first, fit.ask(op, rows)):
        return None
    if not alike(first, fit.ask_reloaded(op, rows)):
        raise EstimatorFailed(
            "the model answers differently after it was dumped and loaded: something of it lives outside of what the "
            "language serialises (an external pointer, say)"
        )
    if is_json(first):  # which has no infinity
        return Golden(op, rows, first)
    finite = np.flatnonzero(~np.isinf(first).any(axis=1))
    return Golden(op, rows.take(finite), first[finite]) if finite.size else None


def check_golden_rows(golden: Golden, ask: Ask, changes: Callable[[], str]) -> None:
    """Return if the answers are what they were when the model was fitted; raises `ArtefactRefused` otherwise.

    changes: tells what is not as it was then, or nothing where all is.
    """
    found = ask(golden.op, golden.X)
    if alike(golden.answers, found):
        return
    cause = changes() or (
        "language and packages are as they were, so that something else has changed: a file that the model reads, or "
        "what its fit kept outside of the model that it returned"
    )
    # the answers themselves are of training data, and the reason comes to whoever asks for the version
    logger.error("%s of the golden rows gave %s, expected %s", golden.op, found.tolist(), golden.answers.tolist())
    raise ArtefactRefused(f"the version does not reproduce its golden rows; {cause}")


def warm_up(golden: Golden, ask: Ask) -> None:
    """Ask for the classes of golden rows whose probabilities were checked, so that what compiles or loads on its first
    call does it now and no caller waits for it. What fails is told to the first caller.
    """
    if golden.op == "predict_proba":
        with contextlib.suppress(BadRequest, EstimatorFailed):
            ask("predict", golden.X)


def _question(rows: Table, fit: NewFit) -> tuple[Question, Array]:
    """Return what is asked for, and the answers to it; probabilities where there are any.

    Classes may be drawn at random among equals.
    """
    if fit.classifier:
        try:
            return "predict_proba", fit.ask("predict_proba", rows)
        except WrongShares:
            raise
        except (BadRequest, EstimatorFailed):
            pass
    return "predict", fit.ask("predict", rows)


def _answered_alone(fit: NewFit, rows: Table, error: EstimatorFailed) -> Table:
    """Return the rows that the model answers one by one; raises the error of all of them where there are none."""
    able = [place for place in range(rows.rows) if _answers(fit, "predict", rows.slice(place, place + 1))]
    if not able:
        raise error
    return rows.take(np.array(able))


def _answers(fit: NewFit, op: Question, rows: Table) -> bool:
    """Return whether the model answers rows in every way that whole ones are answered."""
    try:
        fit.ask(op, rows)
        if op == "predict_proba":
            fit.ask("predict", rows)
    except (BadRequest, EstimatorFailed):
        return False
    return True


def _shown(rows: Table) -> Collection[str]:
    """Return the columns in which one of the rows lacks a value."""
    return {name for name, column in zip(rows.names, rows.columns, strict=True) if column.gaps().any()}


def _closed(fit: NewFit, op: Question, whole: Table, answered: Collection[str]) -> Schema:
    """Return the schema that has a value wanted in each column without which the model fails.

    So a caller learns the row and the column, where the model would fail all rows of the request. `answered` are those
    of which it is known already that the model does not.
    """
    fields, until = list(fit.schema.fields), time.monotonic() + TRIED_S
    nullable = [place for place, field in enumerate(fields) if field.nullable and field.unseen != "missing"]
    for place in nullable:
        if fields[place].name in answered:
            continue
        if time.monotonic() > until:
            break
        columns = list(whole.columns)
        columns[place] = replace(columns[place], missing=np.ones(whole.rows, dtype=bool))
        if not _answers(fit, op, Table(whole.names, columns=columns)):
            fields[place] = replace(fields[place], nullable=False)
    return Schema(fields)


def _changes(then: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """Return which of the versions that a manifest names are others here."""
    return "; ".join(
        f"{name} {version} at the fit, {here[name]} here"
        for name, version in then.items()
        if name != "attached" and name in here and here[name] != version  # that one is no package
    )
