"""What the service's document says of the routes for clients of MLflow, vetiver and KServe's first protocol."""

from typing import Any

from triglot.server.openapi.described import (
    HEADERS,
    HTML,
    JSON,
    OF_A_BODY,
    OF_A_MODEL,
    OF_A_PREDICTION,
    Described,
    Operation,
    Schema,
    argument,
    list_of,
    operation,
    record,
    text,
)

_MLFLOW, _VETIVER, _KSERVE = "mlflow", "vetiver", "kserve"
_ERRORS = (*OF_A_PREDICTION, *OF_A_BODY)
_ANY: Schema = {}
_OBJECT: Schema = {"type": "object"}
_SWITCH: Schema = {"type": "boolean"}
_VALUES: Schema = {**record(predictions=list_of(_ANY)), "description": "One a row, in the order of the rows."}


def _get(summary: str, answer: Schema, tag: str, errors: tuple[int, ...] = (), *arguments: Schema) -> Described:
    return Described({"get": operation(summary, answer, tag=tag, errors=errors, parameters=arguments)})


def _post(summary: str, answer: Schema, tag: str, body: Schema, *others: str) -> Described:
    content: dict[str, Any] = {JSON: {"schema": body}, **{kind: {"schema": {}} for kind in others}}
    return Described({"post": operation(summary, answer, tag=tag, errors=_ERRORS, body=content)})


def _plain(summary: str) -> Described:
    """Return what is said of an answer that calls itself JSON, as the clients are used to, and is none."""
    shown: Operation = operation(summary, tag=_MLFLOW)
    good = {key: value for key, value in shown["responses"]["200"].items() if key != "content"}
    return Described({"get": {**shown, "responses": {**shown["responses"], "200": good}}})


def _alive() -> Described:
    shown = operation("whether the front end is there", record(status=text()), tag=_KSERVE)
    shown["responses"]["200"]["content"][HTML] = {"schema": text()}
    elsewhere = {"description": "Where the page of the models is, for whoever wants HTML.", "headers": HEADERS}
    return Described({"get": {**shown, "responses": {**shown["responses"], "302": elsewhere}}})


def _model_ready() -> Described:
    shown = operation("whether a model can be asked", record(name=text(), ready=_SWITCH), tag=_KSERVE, errors=(404,))
    unwell = {**shown["responses"]["200"], "description": "Not at the moment."}
    return Described({"get": {**shown, "responses": {**shown["responses"], "503": unwell}}})


_BODY: Schema = {
    **_OBJECT,
    "description": "one of `dataframe_split`, `dataframe_records`, `inputs`, `instances`; `params` may stand beside",
}
MLFLOW_PING = _plain("whether the front end is there: a line feed")
MLFLOW_VERSION = _plain("the version of the server, as text")
INVOCATIONS = _post("predictions for the rows of one body", _VALUES, _MLFLOW, _BODY, "text/csv")

_ROWS: Schema = {**list_of({}), "description": "objects, one a row; missing is null or the text NA"}
_COLUMNS: Schema = {**_OBJECT, "description": "a list a column: .pred, .pred_class, or .pred_CLASS for each class"}
VETIVER_PREDICT = _post("predictions for rows", _COLUMNS, _VETIVER, _ROWS)
VETIVER_PING = _get("whether the front end is there", record(ping=text(), status=text()), _VETIVER, OF_A_MODEL)
VETIVER_METADATA = _get("what is known of the version that answers", record(version=text()), _VETIVER, OF_A_MODEL)
VETIVER_PROTOTYPE = _get(
    "the model's columns",
    _OBJECT,
    _VETIVER,
    (400, *OF_A_MODEL),
    argument("format", text(enum=["json-schema", "cereal"])),
)

KSERVE_ALIVE = _alive()
KSERVE_MODELS = _get("the names of the models", record(models=list_of(text())), _KSERVE)
KSERVE_MODEL = _model_ready()
KSERVE_PREDICT = _post("predictions for instances", _VALUES, _KSERVE, record(instances=list_of({})))
