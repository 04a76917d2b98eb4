"""The JSON of an answer and of an error, in one place, whatever carries them."""

from collections.abc import Mapping
from typing import Any

import orjson

from triglot.persister import NOT_PROVED
from triglot.util import get_metadata

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY

JSON_TYPE = "application/json; charset=utf-8"  # as Palladium's answers said
BARE_JSON = "application/json"  # clients of the Open Inference Protocol compare it as a text


def dumps(body: Any) -> bytes:
    """Return a body as JSON; NaN and infinity are null, as JSON has no word for them."""
    return orjson.dumps(body, option=_OPTIONS)


def metadata(service_metadata: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """Return the metadata of a good answer: Palladium's keys in their order, then ours, then the service's own."""
    return get_metadata(facts=facts, service_metadata=service_metadata)


def for_everybody(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what callers may see of a version's metadata: that it is not proved, and not why, which names its data."""
    return {key: True if key == NOT_PROVED else value for key, value in metadata.items()}


def error_body(
    message: str,
    code: str,
    request_id: str,
    details: Mapping[str, Any] | None = None,
    service_metadata: Mapping[str, Any] | None = None,
    error_code: Any = -1,
) -> dict[str, Any]:
    """Return the body of an error, under the keys that clients of several servers look for.

    `metadata` has Palladium's three keys first, ours behind them, details only where there are any. Beside it stand
    `error` (Open Inference Protocol), `message` (vetiver, MLflow), `code` and `problems`.
    """
    told = {key: value for key, value in (details or {}).items() if value}
    facts = {"code": code, "request_id": request_id} | told
    metadata = get_metadata(error_code, message, "ERROR", facts=facts, service_metadata=service_metadata or {})
    others = {"error": message, "message": message, "code": code}
    return {"metadata": metadata} | others | {key: told[key] for key in ("problems",) if key in told}
