"""What the service's document says of the protocol's routes."""

from typing import Any

from triglot.server.openapi.described import (
    OF_A_BODY,
    OF_A_MODEL,
    OF_A_PREDICTION,
    Described,
    Operation,
    Schema,
    list_of,
    operation,
    record,
    text,
)

_TAG = "open inference protocol"
_BYTES = "application/octet-stream"  # the header in JSON, and tensors as they lie in memory behind it
_SWITCH = {"type": "boolean"}
_WHOLE = {"type": "integer"}
_TENSOR = record(name=text(), shape=list_of({"type": "integer", "minimum": 0}), datatype=text())
_TENSORS = list_of({**_TENSOR, "description": "one a column, or one matrix of all of them"})
_REQUEST = {**record(inputs=_TENSORS), "description": "`id`, `parameters` and the wanted `outputs` may stand beside."}
_ANSWER = record(model_name=text(), model_version=text(), outputs=list_of(_TENSOR))
_COLUMN = record(name=text(), datatype=text(), shape=list_of({"type": "integer"}))
_MODEL = record(
    name=text(), versions=list_of(text()), platform=text(), inputs=list_of(_COLUMN), outputs=list_of(_COLUMN)
)


def _get(summary: str, answer: Schema, errors: tuple[int, ...] = ()) -> Described:
    return Described({"get": operation(summary, answer, tag=_TAG, errors=errors)})


def _health(summary: str, answer: Schema, errors: tuple[int, ...] = ()) -> Described:
    shown = operation(summary, answer, tag=_TAG, errors=errors)
    unwell = {**shown["responses"]["200"], "description": "Not at the moment."}
    return Described({"get": {**shown, "responses": {**shown["responses"], "503": unwell}}})


def _infer() -> Operation:
    content: dict[str, Any] = {"application/json": {"schema": _REQUEST}, _BYTES: {"schema": {}}}
    shown = operation("predictions and probabilities as tensors", _ANSWER, tag=_TAG, errors=_ERRORS, body=content)
    good = shown["responses"]["200"]
    both = {**good, "content": {**good["content"], _BYTES: {"schema": {}}}}
    return {**shown, "responses": {**shown["responses"], "200": both}}


def _change(summary: str) -> Described:
    shown = operation(
        summary,
        tag=_TAG,
        errors=(400, 404, 408, 409, 413, 415, 503, 504),
        body={"application/json": {"schema": {"type": "object"}}},
    )
    body = {**shown["requestBody"], "required": False}
    done = {key: value for key, value in shown["responses"]["200"].items() if key != "content"}
    return Described({"post": {**shown, "requestBody": body, "responses": {**shown["responses"], "200": done}}})


_ERRORS = (*OF_A_PREDICTION, *OF_A_BODY)
SERVER = _get("the server and what it can", record(name=text(), version=text(), extensions=list_of(text())))
LIVE = _health("whether the server lives", record(live=_SWITCH))
READY = _health("whether each model is loaded", record(live=_SWITCH, ready=_SWITCH))
MODELS = _get("the models", record(models=list_of({})))
MODEL = _get("one model and its tensors", _MODEL, OF_A_MODEL)
MODEL_READY = _health("whether one model is loaded", record(name=text(), ready=_SWITCH), OF_A_MODEL)
INFER = Described({"post": _infer()})
_INDEX = operation(
    "the models and their states",
    list_of(record(name=text())),
    tag=_TAG,
    errors=(*OF_A_BODY, 503),
    body={"application/json": {"schema": {"type": "object", "properties": {"ready": _SWITCH}}}},
)
INDEX = Described({"post": {**_INDEX, "requestBody": {**_INDEX["requestBody"], "required": False}}})
LOAD, UNLOAD = _change("load a model"), _change("take a model out of service")
STATISTICS = _get(
    "what has been asked of models, and how long it took",
    record(model_stats=list_of(record(name=text(), version=text(), inference_count=_WHOLE, execution_count=_WHOLE))),
    OF_A_MODEL,
)
