"""Answers as bytes: the writer of each form, and the type that it says."""

from collections.abc import Mapping
from typing import Any, Final

from triglot.bodies.media import ARROW, ARROW_FILE, CSV, JSON, NDJSON, PARQUET, USUAL, Form
from triglot.bodies.payload import JSON_TYPE
from triglot.bulk import json_writing, writing
from triglot.tables.labels import Labels

CONTENT_TYPE: Final = {
    JSON: JSON_TYPE,
    CSV: "text/csv; charset=utf-8; header=present",
    ARROW: ARROW,
    ARROW_FILE: ARROW_FILE,
    PARQUET: PARQUET,
    NDJSON: NDJSON,
}
_FORMAT = {CSV: "csv", ARROW: "arrows", ARROW_FILE: "arrow", PARQUET: "parquet"}


def writer_of(
    form: Form,
    sink: Any,
    labels: Labels | None,
    metadata: Mapping[str, Any],
    *,
    proba: bool,
    both: bool,
    any_json: bool = False,
) -> writing.Writer:
    """Return the writer of answers in a form; `both` are classes and their probabilities."""
    if form == USUAL:
        return json_writing.as_usual(sink, labels, {"metadata": metadata}, proba=proba, both=both)
    coded = form.kind in (ARROW, ARROW_FILE, PARQUET)
    answers = writing.Answers(labels, proba=proba, both=both, coded=coded, any_json=any_json)
    if form.kind == NDJSON:
        return json_writing.Lines(sink, answers)
    if form.orient == "columns":
        return json_writing.as_columns(sink, answers)
    if form.orient:
        return json_writing.Rows(sink, answers, split=form.orient == "split")
    return writing.Columns(sink, answers, _FORMAT[form.kind])
