"""Tables and targets as scikit-learn's estimators take them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from triglot.errors import BadRequest
from triglot.tables.frames import to_frame
from triglot.tables.labels import Labels
from triglot.tables.table import FLOATS, NUMERIC, WHOLE, Array, Table

# How an estimator gets X: a numpy array of two dimensions or of one, or a pandas DataFrame.
Form: TypeAlias = Literal["matrix", "frame", "vector"]


def form_of(spec: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> Form:
    """Decide by what the manifest keeps alone, so that fitting and every later prediction agree."""
    said = spec.get("x")
    if said == "vector" and len(fields) != 1:
        raise BadRequest(f'spec.x is "vector", and X has {len(fields)} columns; a vector is one')
    if said in ("matrix", "frame", "vector"):
        found: Form = said
        return found
    mixed = any(
        field["kind"] not in FLOATS and (field["kind"] not in WHOLE or field.get("nullable", False)) for field in fields
    )
    return "frame" if mixed else "matrix"


def features(X: Table, form: Form, *, copy: bool = False) -> Any:
    """Return X in that form; the caller may write into a matrix, and into a frame that is a copy."""
    if form == "frame":
        return to_frame(X, copy=copy)
    if form == "vector" and X.columns[0].kind not in NUMERIC:
        return np.array(X.columns[0].to_list(), dtype=object)
    matrix = np.array(X.matrix(), order="C")  # always a copy, because estimators may write into it
    return matrix[:, 0] if form == "vector" else matrix


def target(labels: Labels | None, y: Array | None) -> Array | None:
    """Return a target of the estimator's own: labels, or numbers.

    Text is objects, as in pandas: an array of numpy's own text would copy the text of each row that is predicted.
    """
    if labels is None or y is None:
        return None if y is None else np.array(y)
    return np.array(labels.classes, dtype=object)[y] if labels.kind == "string" else labels.array(y)


def taken(function: Callable[..., Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the arguments that a function takes by name, all where it takes any."""
    parameters = inspect.signature(function).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return dict(offered)
    by_name = {each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
    return {name: value for name, value in offered.items() if name in by_name}
