"""Views that change something: fit, activate, release, refresh, jobs. None is reachable unless a configuration says so.

They stand at fixed routes once the service has an admin token, and then want it; a configuration may also put `fit`,
`activate` and `update_model_cache` at routes of its own, as Palladium's did, with decorators of its own around them.
"""

import hmac
import logging
import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import orjson
from flask import Response, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from triglot.access.gate import HOLDER
from triglot.access.scopes import ADMIN
from triglot.errors import BadRequest, ConfigError, JobNotFound, ResultNotFound
from triglot.persister import not_configured
from triglot.pipelines.submission import KIND
from triglot.server.access.door import known_caller
from triglot.server.context import here
from triglot.server.models import list_models
from triglot.server.payload import json_response
from triglot.store.jobs import UPDATE, Job, JobStore
from triglot.store.scopes import versions_without_scopes

View = Callable[..., Any]

_TRUE = {"1", "t", "true"}
_SHOWN = 60
MOST_INLINE = 16_384  # bytes of a result that is shown with its job
NO_RUNNER = "no runner of jobs was started with this service; `triglot jobs run` carries this one out"

logger = logging.getLogger("triglot.server")


def behind_token(view: View, scope: str = ADMIN) -> View:
    """Return the view, for those only who have the scope, or send the admin token as a bearer's."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        caller = known_caller()
        if caller is not None and scope in caller.scopes:
            return view(*args, **kwargs)
        token = here().options.admin_token
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        # a header's bytes are read as latin-1, whatever they are; the comparison takes as long for any of one length
        same = hmac.compare_digest(sent.strip().encode("latin-1", "replace"), token.encode())
        if not token or scheme.lower() != "bearer" or not same:
            raise Unauthorized(
                "send the admin token as 'Authorization: Bearer TOKEN'",
                www_authenticate=WWWAuthenticate("bearer", {"realm": "triglot"}),
            )
        g.caller = HOLDER
        return view(*args, **kwargs)

    return guarded


def fit() -> Response:
    """Start a fit as a job; return its id at once, and what it waits for. The same Idempotency-Key is the same job."""
    parameters: dict[str, Any] = {
        name: request.values[name].lower() in _TRUE
        for name in ("persist", "activate", "evaluate", "proof")
        if name in request.values
    }
    if "persist_if_better_than" in request.values:
        parameters["persist_if_better_than"] = _number("persist_if_better_than")
    if models := request.values.getlist("model"):
        _require(models)
        parameters["models"] = models
    job = jobs_here().submit("fit", parameters, request.headers.get("Idempotency-Key"))
    if here().options.runner or job.state != "queued":
        return json_response({"job_id": job.id})
    logger.warning("job %s waits: %s", job.id, NO_RUNNER)
    return json_response({"job_id": job.id, "waits": NO_RUNNER})


def update_model_cache() -> Response:
    """Look into the store now, whatever its rule says; the other processes follow within a second."""
    here().service.refresh(past_rule=True)
    return json_response({"job_id": jobs_here().record(UPDATE).id})


def activate() -> Response:
    """Make a version the active one, and return the listing; 404 for a version that is not there.

    It answers at once, or where the store has a rule, in all processes from its next occurrence or a refresh on.
    """
    version = _version()
    if version is None:
        raise BadRequest("model_version is missing; send it in the query or as a form field")
    service = here().service
    name = request.values.get("model")
    if name is None:
        names = sorted({info.model for info in versions_without_scopes(service.store)})
        if len(names) > 1:
            raise BadRequest(f"say which model: {', '.join(names)}")
        name = names[0] if names else "model"
    service.store.activate(name, version)
    service.refresh()
    here().lookout.refresh()
    return list_models()


def release() -> Response:
    """Have versions that are in quarantine asked again, in all processes: all, or those of a model, or one of it.

    Returns which they were; 404 for a model of which no version is active or was in quarantine.
    """
    service, name, version = here().service, request.values.get("model"), _version()
    if version is not None and name is None:
        raise BadRequest("model is missing: model_version is a version of which model?")
    released = service.cases.release(name, version)
    if name is not None and not released:
        service.standing(name)
    return json_response({"released": [{"model": model, "version": number} for model, number, _ in released]})


def jobs() -> Response:
    """Return the newest jobs."""
    return json_response({"jobs": [{"id": job.id, **job.to_json()} for job in jobs_here().list()]})


def job(job_id: str) -> Response:
    """Return one job, with what came of it; DELETE ends it."""
    found = visible(job_id)
    if request.method == "DELETE":
        found = jobs_here().cancel(job_id)
    return json_response(shown(found))


def shown(found: Job) -> dict[str, Any]:
    """Return a job as callers see it, a small result with it."""
    told = {"id": found.id, **found.to_json()}
    if "result" in told:
        told["result"] |= {"url": f"/jobs/{found.id}/result", **_inline(found)}
    return told


def result(job_id: str) -> Response:
    """Return what came of a job, piece by piece, as the job says of what type; 404 where there is none."""
    found = visible(job_id)
    pieces = jobs_here().result(job_id)
    about = found.result or {}
    name = f"{job_id.replace(':', '-')}.{about.get('kind', 'data')}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(about.get("bytes", ""))}
    return Response(pieces, headers=headers, content_type=str(about.get("type", "application/octet-stream")))


def visible(job_id: str) -> Job:
    """Return a job that the caller may see: who may not change things sees runs of pipelines alone."""
    found, caller = jobs_here().get(job_id), g.get("caller")
    if found.kind != KIND and caller is not None and ADMIN not in caller.scopes:
        raise JobNotFound(f"there is no job {job_id!r}")
    return found


def _inline(found: Job) -> dict[str, Any]:
    """Return the rows of a result, where they are few and in JSON."""
    about = found.result or {}
    if about.get("kind") != "jsonl" or about.get("bytes", MOST_INLINE + 1) > MOST_INLINE:
        return {}
    try:
        body = b"".join(jobs_here().result(found.id))
    except ResultNotFound:
        return {}
    return {"data": [orjson.loads(line) for line in body.splitlines()]}


def summary() -> dict[str, Any]:
    """Return the newest jobs as `/alive` shows them to everybody: no parameters and no output."""
    recent = here().recent
    newest = [] if recent is None else recent.newest()
    return {job.id: {"func": job.kind, "started": job.started, "status": job.state} for job in newest}


def _version() -> int | None:
    """Return the number of a version that is named, None where none is."""
    text = request.values.get("model_version")
    if text is None:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _SHOWN):
        raise BadRequest(f"model_version must be a whole number, not {text[:_SHOWN]!r}")
    return int(text)


def _require(models: Sequence[str]) -> None:
    """Raise `ModelNotFound` for a model that no fit could be of."""
    known = here().options.models
    unknown = [] if known is None else sorted(set(models) - set(known))
    if unknown:
        raise not_configured([name[:_SHOWN] for name in unknown], known or ())


def jobs_here() -> JobStore:
    """Return the jobs of the application that is answering."""
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
