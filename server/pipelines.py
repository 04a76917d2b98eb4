"""`/pipelines`: the declared pipelines, and a run of one as a job."""

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from triglot.bodies.media import JSON, body_type
from triglot.bodies.shapes import loads
from triglot.errors import BadRequest
from triglot.pipelines.declared import Declared, one_of
from triglot.pipelines.submission import submit
from triglot.server.admin import jobs_here, shown
from triglot.server.context import here
from triglot.server.payload import json_response
from triglot.server.request import body_of

KEYS = ("parameters", "rows")


def listing() -> Response:
    """Return the declared pipelines, with the parameters that a run of each takes."""
    return json_response({"pipelines": [each.to_json() for each in _pipelines().values()]})


def start(pipeline: str) -> Response:
    """Enter a run as a job and return it at once; the same Idempotency-Key is the same job."""
    declared = one_of(_pipelines(), pipeline)
    said = _said()
    job = submit(
        jobs_here(), declared, said.get("parameters", {}), said.get("rows"), request.headers.get("Idempotency-Key")
    )
    answer = json_response({"job_id": job.id, **shown(job)}, 202)
    answer.headers["Location"] = f"/jobs/{job.id}"
    return answer


def _pipelines() -> Mapping[str, Declared]:
    return here().options.pipelines


def _said() -> dict[str, Any]:
    """Return what the body says: nothing where there is none; raises `BadRequest` for what is no request of a run."""
    body = body_of(request)
    if not body:
        return {}
    body_type(request.mimetype, request.mimetype_params, (JSON,))
    said = loads(body)
    if not isinstance(said, dict) or set(said) - set(KEYS):
        raise BadRequest("the body must be a JSON object of 'parameters', an object, and 'rows', a list of objects")
    if not isinstance(said.get("parameters", {}), dict) or not isinstance(said.get("rows", []), list):
        raise BadRequest("'parameters' must be an object, a value by its name, and 'rows' a list of objects, one a row")
    return said
