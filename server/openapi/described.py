"""What is said of a route, beside the route itself, and how operations and their answers are written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from triglot.serving.served import Served

Schema = Mapping[str, Any]
Operation = Mapping[str, Any]
Operations = Mapping[str, Operation]  # by their methods, in lower case

JSON, HTML = "application/json", "text/html"
_REASONS = {
    400: "The request does not fit; `problems` says where.",
    401: "Send the key or token that the route wants; see `WWW-Authenticate`.",
    403: "This key or token is not for this.",
    404: "There is no such model, or nothing of it is active.",
    406: "The answer cannot be of a type that `Accept` takes.",
    408: "The body came too slowly.",
    409: "The version is in use.",
    413: "The body has more bytes or rows than it may.",
    415: "Bodies of this type, or encoded like this, are not read.",
    422: "This request ended workers by itself, and is not tried again.",
    429: "Too many requests; `Retry-After` says when to go on.",
    500: "The model's own code or the service failed; the log has the cause under the request's id.",
    503: "Not at the moment; `Retry-After` says when to try again.",
    504: "No answer before the service's time limit.",
}
OF_A_MODEL = (404, 503)
OF_A_BODY = (400, 408, 413, 415)
OF_A_PREDICTION = (400, 404, 406, 422, 503, 504)


@dataclass(frozen=True, slots=True)
class Described:
    """What the document says of one route.

    operations: of the route as it stands. of_model: what replaces these where models are known: at a route with
    `<name>` one path for each of them, else of the one that the route asks, which `model` names or which is the only
    one; nothing where the model has no such route.
    """

    operations: Operations = field(default_factory=dict)
    of_model: Callable[[Served], Operations] | None = None
    model: str | None = None


def operation(
    summary: str,
    answer: Schema | None = None,
    *,
    tag: str = "service",
    errors: Sequence[int] = (),
    about: str = "",
    answer_type: str = JSON,
    parameters: Sequence[Schema] = (),
    body: Mapping[str, Any] | None = None,
) -> Operation:
    """Return an operation that answers 200 in this schema; `body` has what a request may send, by its type."""
    content = {answer_type: {"schema": answer or {}}}
    good = {"description": "The answer.", "headers": HEADERS, "content": content}
    told = {
        "description": about,
        "parameters": parameters,
        "requestBody": None if body is None else {"required": True, "content": body},
    }
    shown = {name: value for name, value in told.items() if value}
    return {"summary": summary, "tags": [tag], **shown, "responses": {"200": good} | failures(errors)}


def failures(statuses: Sequence[int]) -> dict[str, Schema]:
    """Return the responses of these statuses, and of 500, which any route may answer."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted({*statuses, 500})}


def also(shown: Operation, statuses: Sequence[int]) -> Operation:
    """Return an operation with further errors."""
    return {**shown, "responses": failures(statuses) | dict(shown["responses"])}


def schema(name: str) -> Schema:
    """Return the reference to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(**properties: Schema) -> Schema:
    """Return the schema of an object that has at least these members."""
    return {"type": "object", "required": list(properties), "properties": properties}


def text(**more: Any) -> Schema:
    """Return the schema of text."""
    return {"type": "string", **more}


def list_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def argument(name: str, shown: Schema, place: str = "query", **more: Any) -> Schema:
    """Return a parameter of the query string, or of another place."""
    return {"name": name, "in": place, "schema": shown, **more}


HEADERS: Mapping[str, Schema] = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
_AGAIN = {"Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}}
_WANTED = {"WWW-Authenticate": {"description": "What the route wants.", "schema": text()}}
_OF_STATUS: Mapping[int, Mapping[str, Schema]] = {401: _WANTED, 429: _AGAIN, 503: _AGAIN}
_PROBLEM = {
    **record(field=text(), message=text()),
    "properties": {"field": text(), "message": text(), "row": {"type": "integer"}},
}
SHARED: Mapping[str, Any] = {
    "headers": {"X-Request-Id": {"description": "The caller's id of the request, or a new one.", "schema": text()}},
    "responses": {
        str(status): {
            "description": reason,
            "headers": {**HEADERS, **_OF_STATUS.get(status, {})},
            "content": {JSON: {"schema": schema("Error")}},
        }
        for status, reason in _REASONS.items()
    },
    "schemas": {
        "Error": {
            **record(metadata={"type": "object"}, error=text(), message=text(), code=text()),
            "properties": {
                "metadata": record(status={"const": "ERROR"}, error_message=text()),
                "error": text(description="what is wrong, and what to do"),
                "message": text(description="the same"),
                "code": text(description="the kind of error"),
                "problems": list_of(_PROBLEM),
            },
        },
        "Metadata": {
            **record(status={"const": "OK"}, error_code={"const": 0}),
            "description": "Where an answer comes from: model, version, language, request_id.",
        },
    },
}
