"""What a caller may ask of a service, as steps for whoever has the network: what is sent, and what is made of it."""

from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

import orjson

from triglot.client import columns, rows
from triglot.client.attempts import Got, Sent, Step, Told, answered, looked
from triglot.client.failures import ServiceFailed, Unreachable
from triglot.errors import BadRequest

Result = TypeVar("Result")
Call: TypeAlias = Generator[Step, Told, Result]


def predicted(model: str | None, data: Any, timeout_s: float, request_id: str, *, proba: bool) -> Call[Any]:
    """Return a model's answers to rows, as the kind of table that the rows are."""
    question = rows.question(data)
    if model is None:
        model = yield from _only_model(timeout_s, request_id)
    path = f"/models/{quote(model, safe='')}/{'predict_proba' if proba else 'predict'}"
    headers = {"Content-Type": question.kind, "Accept": question.kind, "X-Request-Id": request_id}
    got = yield from answered(Sent("POST", path, question.content, headers), timeout_s, request_id)
    return question.give(_table(got, proba), proba)


def models(timeout_s: float, request_id: str) -> Call[dict[str, Any]]:
    """Return what is known of each active model, by name."""
    found: dict[str, Any] = _object((yield from _health("/ready", timeout_s, request_id))).get("models", {})
    return found


def ready(model: str | None, timeout_s: float, request_id: str) -> Call[bool]:
    """Return whether the service, or one model of it, can be asked now; False where nobody answers."""
    path = "/ready" if model is None else f"/models/{quote(model, safe='')}/ready"
    try:
        got = yield from _health(path, timeout_s, request_id)
    except Unreachable:
        return False
    return got.status == 200


def _health(path: str, timeout_s: float, request_id: str) -> Call[Got]:
    """Return the answer to a look at how the service stands: 503 is one, and is not asked again."""
    return (yield from looked(Sent("GET", path, headers={"X-Request-Id": request_id}), timeout_s, request_id, 200, 503))


def _only_model(timeout_s: float, request_id: str) -> Call[str]:
    """Return the name of the service's one model; raises `BadRequest` where there are several."""
    names = sorted((yield from models(timeout_s, request_id)))
    if len(names) == 1:
        return str(names[0])
    known = f"several models; name one of them: {', '.join(names)}" if names else "no active model"
    raise BadRequest(f"this service has {known}")


def _table(got: Got, proba: bool) -> Any:
    """Return an answer's Arrow table."""
    if got.headers.get("content-type", "").startswith(rows.ARROW):
        return columns.read(got.content)
    told = _object(got)
    if not isinstance(told.get("result"), list):
        raise _no_service(got)
    facts = told.get("metadata", {})
    return columns.of_json(
        told["result"], facts.get("classes") if proba else None, any_json=facts.get("answers") == "any"
    )


def _object(got: Got) -> dict[str, Any]:
    try:
        told = orjson.loads(got.content)
    except orjson.JSONDecodeError:
        raise _no_service(got) from None
    if not isinstance(told, dict):
        raise _no_service(got)
    return told


def _no_service(got: Got) -> ServiceFailed:
    return ServiceFailed("the answer is not that of such a service; check the address", status=got.status)
