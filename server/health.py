"""`/alive`: this process, in Palladium's shape. `/ready`: whether every model can be answered now."""

import resource
from typing import Any

from flask import Response

from triglot import __version__
from triglot.server.payload import json_response
from triglot.service import Service

MIB = 2**20


def alive(
    service: Service, required: tuple[str, ...], service_metadata: dict[str, Any], jobs: dict[str, Any]
) -> Response:
    """Return memory, version and what is required; 503 while something required is missing.

    A required name is a model, or one of Palladium's names for "the model": `model_persister`, `model`.
    """
    models = service.models()
    body: dict[str, Any] = {
        "memory_usage": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "memory_usage_vms": _virtual_bytes() / MIB,
        "triglot_version": __version__,
        "service_metadata": service_metadata,
        "process_metadata": {"jobs": jobs} if jobs else {},
    }
    missing = False
    for name in required:
        found = models.get(name) or (
            next(iter(models.values()), None) if name in ("model_persister", "model") else None
        )
        missing |= found is None
        body[name] = (
            "N/A"
            if found is None
            else {
                "updated": found.info.created.isoformat(),
                "metadata": {"version": found.version, "model": found.model, "language": found.language},
            }
        )
    return json_response(body, 503 if missing else 200)


def ready(service: Service) -> Response:
    """Return 200 once each active model has a worker that can take a request, with what is there."""
    workers = [w for w in service.workers() if w.alive and not w.draining]
    languages = [w.endpoint.language for w in workers]
    models = {
        name: {"version": served.version, "language": served.language, "workers": languages.count(served.language)}
        for name, served in sorted(service.models().items())
    }
    good = bool(models) and all(model["workers"] for model in models.values())
    body: dict[str, Any] = {"ready": good, "models": models}
    if service.trouble:
        body["store"] = "cannot be read at the moment; what was active last is served on"
    return json_response(body, 200 if good else 503)


def _virtual_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()
