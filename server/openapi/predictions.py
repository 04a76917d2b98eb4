"""What is said of the routes that predict: of each model with its own columns and classes."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote

from triglot.bodies.media import BODIES, CSV, JSON
from triglot.server.openapi import columns
from triglot.server.openapi.described import (
    OF_A_BODY,
    OF_A_PREDICTION,
    Described,
    Operation,
    Operations,
    Schema,
    argument,
    list_of,
    operation,
    record,
    schema,
    text,
)
from triglot.server.predict import PROBA, PredictService
from triglot.serving.served import Served
from triglot.tables import schema as tables
from triglot.tables.field import Field

_PARAMETERS: Mapping[str, Schema] = {
    "float": {"type": "number"},
    "int": {"type": "integer"},
    "str": text(),
    "bool": {"type": "boolean"},
}
_SPLIT = record(columns=list_of(text()), data=list_of(list_of({})))
SHAPES: Mapping[str, Schema] = {
    "Rows": {**list_of({"type": "object"}), "description": "One object a row."},
    "Columns": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": list_of({}),
        "description": "One list a column, all of one length.",
    },
    "Split": {**_SPLIT, "description": "The names of the columns, and the rows in their order."},
}
_OTHERS = (schema("Columns"), schema("Split"))
_BOTH = argument(PROBA, {"type": "boolean"}, description="Whether a classifier answers probabilities, too.")
_SCOPE = argument("scope", text(), description="Which model, where there is one for each scope.")
_MANY = "Rows, columns, or names and rows apart; in the order of the rows one answer each."


def row_of(model: str) -> Schema:
    """Return the reference to the schema of a model's rows; what a name there may not have is written in hex."""
    key = quote(model, safe="").replace("~", "%7E").replace(".", "%2E").replace("%", ".")
    return schema(f"{key}.row")


def rows(models: Mapping[str, Served]) -> dict[str, Schema]:
    """Return the schemas of rows that `row_of` refers to."""
    return {
        row_of(name)["$ref"].rpartition("/")[2]: columns.row(served.schema) | {"examples": [served.info.card.example]}
        for name, served in models.items()
    }


def described(predict: PredictService) -> Described:
    """Return what is said of a route of this predict service."""
    if predict.overridden:  # only its author knows what it takes and answers
        about = f"the answer of the service at {predict.entry_point}"
        return Described({"get": _operation(about, {}), "post": _operation(about, {}, body={JSON: {"schema": {}}})})
    return Described(_operations(predict, None, _UNKNOWN), _of_model(predict), predict.model)


class _Asked(NamedTuple):
    """What a route may be asked: the schema of many rows, the parameters of one, and an example of it."""

    rows: Schema
    fields: Sequence[Schema]
    example: Mapping[str, Any]


# Where the model is not known, one parameter stands for all columns.
_ANY_FIELD = argument("fields", {"type": "object", "additionalProperties": text()}, style="form", explode=True)
_UNKNOWN = _Asked(schema("Rows"), (_ANY_FIELD,), {})


def _of_model(predict: PredictService) -> Callable[[Served], Operations]:
    def of_model(served: Served) -> Operations:
        if predict.predict_proba and served.labels is None and not served.any_answers:
            return {}
        return _operations(predict, served, _asked(predict.mapping, served))

    return of_model


def _asked(mapping: Sequence[tuple[str, str]] | None, served: Served) -> _Asked:
    """Return what a model may be asked, under the names of a mapping where there is one."""
    known, found, rows = served.info.card.example, served.schema, row_of(served.model)
    if mapping is not None and len(mapping) == len(found.fields):
        names = [name for name, _ in mapping]
        found = tables.Schema([replace(field, name=name) for name, field in zip(names, found.fields, strict=True)])
        known = dict(zip(names, known.values(), strict=True))
        rows = columns.row(found, lenient=True)
    return _Asked(list_of(rows), [_field(field, known[field.name]) for field in found.fields], known)


def _field(field: Field, value: Any) -> Schema:
    """Return a column as a parameter of the query string."""
    shown = {} if value is None else {"example": value}
    return argument(field.name, columns.said(field), required=True, **shown)


def _operations(predict: PredictService, served: Served | None, asked: _Asked) -> Operations:
    one = _answer(predict, served)
    what = "probabilities" if predict.predict_proba else "the prediction"
    tag = "models" if served is None else served.model
    of = "" if served is None else f" of {served.model}"
    further = [argument(name, _PARAMETERS[kind]) for name, kind in predict.params]
    further += [_SCOPE] if served is None else []
    get = _operation(f"{what} of one row{of}", _result(one), tag, [*asked.fields, *further])
    body = _content(asked)
    many, both = _result(list_of(one)), _both(predict, served)
    if both is not None:
        many["properties"]["probabilities"] = both
        further = [*further, _BOTH]
    post = _operation(f"{what} of many rows{of}", many, tag, further, body, _MANY)
    return {"get": _typed(get), "post": _typed(post)}


def _both(predict: PredictService, served: Served | None) -> Schema | None:
    """Return the schema of probabilities beside classes; None where a POST cannot ask for both."""
    if predict.predict_proba or PROBA in dict(predict.params):
        return None
    if served is None:
        return list_of(list_of({}))
    return None if served.labels is None else list_of(columns.shares(served.labels))


def _operation(
    summary: str,
    answer: Schema,
    tag: str = "models",
    parameters: Sequence[Schema] = (),
    body: Mapping[str, Any] | None = None,
    about: str = "",
) -> Operation:
    errors = (*OF_A_PREDICTION, *OF_A_BODY)
    return operation(summary, answer, tag=tag, errors=errors, about=about, parameters=parameters, body=body)


def _answer(predict: PredictService, served: Served | None) -> Schema:
    if served is None:
        return {}
    if predict.predict_proba and served.labels is not None:
        return columns.shares(served.labels)
    return columns.answer(served)


def _result(result: Schema) -> Schema:
    return record(metadata=schema("Metadata"), result=result)


def _content(asked: _Asked) -> dict[str, Any]:
    """Return the types that a body may have; JSON with an example, and CSV with the same one."""
    content: dict[str, dict[str, Any]] = {kind: {"schema": {}} for kind in BODIES}
    content[JSON] = {"schema": {"anyOf": [asked.rows, *_OTHERS]}}
    content[CSV] = {"schema": text(description="A header and a line a row.")}
    if asked.example:
        content[JSON]["example"] = [asked.example]
        content[CSV]["example"] = _written(asked.example)
    return content


def _written(row: Mapping[str, Any]) -> str:
    lines = io.StringIO()
    words = {True: "true", False: "false", None: ""}
    values = [words[value] if value is None or isinstance(value, bool) else value for value in row.values()]
    csv.writer(lines, lineterminator="\n").writerows([list(row), values])
    return lines.getvalue()


def _typed(shown: Operation) -> Operation:
    """Return an operation whose good answer may be of the other types, too."""
    good = shown["responses"]["200"]
    others: dict[str, Schema] = {kind: {"schema": {}} for kind in BODIES if kind != JSON}
    return {**shown, "responses": {**shown["responses"], "200": {**good, "content": {**good["content"], **others}}}}
