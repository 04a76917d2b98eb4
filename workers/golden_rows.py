"""Golden rows: a few rows of the training data with the model's answers, kept in the signed manifest.

A worker answers for a version only after it has reproduced them, so that a changed package, a changed machine or a
model that does not survive its own serialisation is found before a caller finds it, and nobody waits for a compiler.
"""

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from triglot.errors import ArtefactRefused, BadRequest, EstimatorFailed
from triglot.hooks import Ask, Hook, LoadedVersion, NewFit
from triglot.protocol.messages import Op
from triglot.tables.schema import Schema
from triglot.tables.table import Array, Table
from triglot.workers.answers import WrongShares

ROWS = 5
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9


class GoldenRows(Hook):
    """Records the rows of each fit, and lets no version answer that does not reproduce its own."""

    def model_fitted(self, fit: NewFit) -> None:
        """Write the rows into the manifest; raises `EstimatorFailed` where a loaded copy answers otherwise, and what
        the model itself raises where it cannot predict.
        """
        if not fit.X.rows:
            fit.fields["golden"] = None
            return
        rows = _some_rows(fit.X)
        op, first = _first_answer(rows, fit.classifier, fit.ask)
        fit.fields["golden"] = record_golden_rows(fit, rows, op, first)
        if op == "predict_proba":
            fit.ask("predict", rows)  # probabilities do not show that classes are answered, too

    def version_loaded(self, loaded: LoadedVersion) -> None:
        """Ask for the rows; raises `ArtefactRefused` where the answers are others."""
        if loaded.ask is not None:
            check_golden_rows(loaded.manifest.golden, loaded.manifest.schema, loaded.ask)
            warm_up(loaded.manifest.golden, loaded.manifest.schema, loaded.ask)


def record_golden_rows(fit: NewFit, rows: Table, op: Op, first: Array) -> dict[str, Any] | None:
    """Return these rows with their first answer for the manifest, or None where they cannot be: answers that differ
    from one call to the next, or infinite numbers.

    Raises `EstimatorFailed` where the model answers alike twice, but otherwise once it was dumped and loaded.
    """
    if not _alike(first, fit.ask(op, rows)):
        return None
    if not _alike(first, fit.ask_reloaded(op, rows)):
        raise EstimatorFailed(
            "the model answers differently after it was dumped and loaded: something of it lives outside of what the "
            "language serialises (an external pointer, say)"
        )
    columns = [column.to_list() for column in rows.columns]
    answers = [[None if value != value else value for value in row] for row in first.tolist()]
    if any(math.isinf(value) for column in [*columns, *answers] for value in column if type(value) is float):
        return None  # the manifest is JSON, which has no word for infinity
    return {"op": op, "rows": [list(row) for row in zip(*columns, strict=True)], "answers": answers}


def check_golden_rows(golden: Mapping[str, Any] | None, schema: Schema, ask: Ask) -> None:
    """Return if the answers are what they were when the model was fitted; raises `ArtefactRefused` otherwise."""
    if not golden:
        return
    X = _rows(golden, schema)
    expected = np.array(golden["answers"], dtype=np.float64)
    found = ask(golden["op"], X)
    if not _alike(expected, found):
        raise ArtefactRefused(
            f"the version does not reproduce its golden rows: {golden['op']} gave {found.tolist()}, "
            f"expected {golden['answers']}; compare the package versions here with those in its manifest"
        )


def warm_up(golden: Mapping[str, Any] | None, schema: Schema, ask: Ask) -> None:
    """Ask for the classes of golden rows whose probabilities were checked, so that what compiles or loads on its first
    call does it now and no caller waits for it. What fails is told to the first caller.
    """
    if golden and golden["op"] == "predict_proba":
        with contextlib.suppress(BadRequest, EstimatorFailed):
            ask("predict", _rows(golden, schema))


def _some_rows(X: Table) -> Table:
    places = np.unique(np.linspace(0, X.rows - 1, ROWS).astype(int)).tolist()
    return Table.concat([X.slice(place, place + 1) for place in places])


def _rows(golden: Mapping[str, Any], schema: Schema) -> Table:
    return schema.rows([dict(zip(schema.names, row, strict=True)) for row in golden["rows"]])


def _first_answer(rows: Table, classifier: bool, ask: Ask) -> tuple[Op, Array]:
    """Prefer probabilities: classes may be drawn at random among equals."""
    if classifier:
        try:
            return "predict_proba", ask("predict_proba", rows)
        except WrongShares:
            raise
        except (BadRequest, EstimatorFailed):
            pass
    return "predict", ask("predict", rows)


def _alike(expected: Array, found: Array) -> bool:
    return expected.shape == found.shape and np.allclose(
        np.asarray(expected, dtype=np.float64),
        np.asarray(found, dtype=np.float64),
        rtol=RELATIVE_TOLERANCE,
        atol=ABSOLUTE_TOLERANCE,
        equal_nan=True,
    )
