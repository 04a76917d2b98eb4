"""Views that change something: fit, activate, refresh, jobs. None is reachable unless a configuration says so.

They stand at fixed routes once the service has an admin token, and then want it; a configuration may also put `fit`,
`activate` and `update_model_cache` at routes of its own, as Palladium's did, with decorators of its own around them.
"""

import hmac
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from triglot.errors import BadRequest, ConfigError
from triglot.server.context import here
from triglot.server.models import list_models
from triglot.server.payload import json_response
from triglot.store.jobs import UPDATE, JobStore

View = Callable[..., Any]

_TRUE = {"1", "t", "true"}
_SHOWN = 60


def behind_token(view: View) -> View:
    """Return the view, for callers only who send the admin token as `Authorization: Bearer ...`."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        token = here().options.admin_token
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        # a header's bytes are read as latin-1, whatever they are; the comparison takes as long for any of one length
        same = hmac.compare_digest(sent.strip().encode("latin-1", "replace"), token.encode())
        if not token or scheme.lower() != "bearer" or not same:
            raise Unauthorized(
                "send the admin token as 'Authorization: Bearer TOKEN'",
                www_authenticate=WWWAuthenticate("bearer", {"realm": "triglot"}),
            )
        return view(*args, **kwargs)

    return guarded


def fit() -> Response:
    """Start a fit as a job and return its id at once; the same Idempotency-Key is the same job."""
    parameters: dict[str, Any] = {
        name: request.values[name].lower() in _TRUE
        for name in ("persist", "activate", "evaluate", "proof")
        if name in request.values
    }
    if "persist_if_better_than" in request.values:
        parameters["persist_if_better_than"] = _number("persist_if_better_than")
    if models := request.values.getlist("model"):
        parameters["models"] = models
    job = _jobs().submit("fit", parameters, request.headers.get("Idempotency-Key"))
    return json_response({"job_id": job.id})


def update_model_cache() -> Response:
    """Look into the store now, whatever its rule says; the other processes follow within a second."""
    here().service.refresh(past_rule=True)
    return json_response({"job_id": _jobs().record(UPDATE).id})


def activate() -> Response:
    """Make a version the active one, and return the listing; 404 for a version that is not there.

    It answers at once, or where the store has a rule, in all processes from its next occurrence or a refresh on.
    """
    text = request.values.get("model_version")
    if text is None:
        raise BadRequest("model_version is missing; send it in the query or as a form field")
    try:
        version = int(text)
    except ValueError:
        raise BadRequest(f"model_version must be a whole number, not {text[:_SHOWN]!r}") from None
    service = here().service
    name = request.values.get("model")
    if name is None:
        names = sorted({info.model for info in service.store.list()})
        if len(names) > 1:
            raise BadRequest(f"say which model: {', '.join(names)}")
        name = names[0] if names else "model"
    service.store.activate(name, version)
    service.refresh()
    return list_models()


def jobs() -> Response:
    """Return the newest jobs."""
    return json_response({"jobs": [{"id": job.id, **job.to_json()} for job in _jobs().list()]})


def job(job_id: str) -> Response:
    """Return one job, with what came of it; DELETE ends it."""
    found = _jobs().cancel(job_id) if request.method == "DELETE" else _jobs().get(job_id)
    return json_response({"id": found.id, **found.to_json()})


def summary() -> dict[str, Any]:
    """Return the newest jobs as `/alive` shows them to everybody: no parameters and no output."""
    recent = here().recent
    newest = [] if recent is None else recent.newest()
    return {job.id: {"func": job.kind, "started": job.started, "status": job.state} for job in newest}


def _jobs() -> JobStore:
    store = here().jobs
    if store is None:
        raise ConfigError("this application was made without jobs")
    return store


def _number(name: str) -> float:
    text = request.values[name]
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadRequest(f"{name} must be a number, not {text[:_SHOWN]!r}")
    return number
