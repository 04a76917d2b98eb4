"""How far what versions are asked is from their training, as a part of the overview."""

from triglot.drift.comparison import ColumnDrift, Drift
from triglot.drift.terms import DriftTerms
from triglot.overview import value

_DIGITS = 4


def told(found: Drift | None, terms: DriftTerms) -> value.Drift:
    """Return how far a version is from its training; None is one that keeps no profile of it."""
    return {
        "profile": found is not None,
        "seconds": terms.window_s,
        "rows": 0 if found is None else found.rows,
        "least": terms.least_rows,
        "columns": [] if found is None else [_column(each) for each in found.ordered],
    }


def _column(of: ColumnDrift) -> value.ColumnDrift:
    return {
        "name": of.name,
        "psi": None if of.psi is None else round(of.psi, _DIGITS),
        "missing": round(of.missing, _DIGITS),
        "missing_in_training": round(of.missing_in_training, _DIGITS),
        "unseen": None if of.unseen is None else round(of.unseen, _DIGITS),
        "drifts": of.drifts,
    }
