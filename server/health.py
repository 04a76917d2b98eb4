"""`/alive`: the service, in Palladium's shape. `/ready`: whether every model, or one, can be answered now."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from triglot import __version__
from triglot.aliases import PALLADIUM_VERSION
from triglot.bodies.payload import for_everybody
from triglot.persister import for_listing
from triglot.process_store import process_store
from triglot.server import standing
from triglot.server.admin import summary
from triglot.server.context import here
from triglot.server.payload import json_response
from triglot.serving.catalogue import STORE_KEY
from triglot.serving.served import Served
from triglot.serving.service import Service
from triglot.tally.lately import Lately
from triglot.util import memory_usage

MISSING: Final = "N/A"
LARGE: Final = frozenset({"cv_results"})
STORE_AWAY: Final = "cannot be read at the moment; what was active last is served on"


def alive() -> Response:
    """Return memory, version and what is required; 503 while something required is missing, or a program is down.

    `unhealthy` then names the programs that are down for good, or crash again and again, with their reasons. `degraded`
    has the models whose version failed at least half of its requests within the last minute, or has ended a worker, or
    is in quarantine; `store` is there while the model store cannot be read.

    A required name is a model, one of Palladium's names for "the model" (`model_persister`, `model`), or a name that
    something of the user's has set in this process's `process_store`.
    """
    context = here()
    resident, virtual = memory_usage()
    body: dict[str, Any] = {
        "memory_usage": resident,
        "memory_usage_vms": virtual,
        "triglot_version": __version__,
        "palladium_version": PALLADIUM_VERSION,
        "service_metadata": dict(context.options.service_metadata),
    }
    entries = {name: _entry(name, context.service.models()) for name in context.options.required}
    jobs = summary()
    body |= {name: entry for name, entry in entries.items() if name not in body}
    body |= {"process_metadata": {"jobs": jobs} if jobs else {}}
    troubles = context.service.troubles()
    body |= {"unhealthy": troubles} if troubles else {}
    sick = _sick(context.service)
    body |= {"degraded": sick} if sick else {}
    body |= {"store": STORE_AWAY} if context.service.trouble else {}
    return json_response(body, 503 if troubles or MISSING in entries.values() else 200)


def ready() -> Response:
    """Return 200 once each active model has a worker that has loaded it, with what is there.

    Where a version does not load and another answers in its stead, and where one is in quarantine, the service is
    ready; `degraded` names the model.
    """
    service = here().service
    models = {name: standing.told(each) for name, each in sorted(service.standings().items())}
    good = is_ready(service)
    body: dict[str, Any] = {"ready": good, "models": models}
    degraded = [name for name, model in models.items() if model.keys() & {"not_loadable", "quarantined"}]
    body |= {"degraded": degraded} if degraded else {}
    families = {name: standing.of_family(each) for name, each in sorted(service.families().items())}
    body |= {"families": families} if families else {}
    if service.trouble:
        body["store"] = STORE_AWAY
    return json_response(body, 200 if good else 503)


def is_ready(service: Service) -> bool:
    """Whether each active model has a worker that has loaded it, and each family of scopes' models one that could.

    A service whose models somebody has taken out is ready to be given others; one that never had any is not.
    """
    answering = [standing.answers for standing in service.standings().values()]
    families = [family for family in service.families().values() if family.versions]
    held = all(served is not None and service.holders(served) for served in answering)
    return held and all(map(service.has_workers, families)) and bool(answering or families or service.has_answered)


def ready_of(name: str) -> Response:
    """Return 200 while a model can be answered, else 503 with the cause, and how it stands; raises `ModelNotFound`."""
    service = here().service
    model = standing.told(service.standing(name))
    good = service.is_ready(name)
    why = {} if good else standing.why_not(model)
    return json_response({"name": name, "ready": good, **why, **model}, 200 if good else 503)


def _sick(service: Service) -> dict[str, Any]:
    """Return the models that are not well, each with the version of which that is told."""
    found = {version: _told(version[1], of) for version, of in sorted(service.lately().items()) if of.is_sick}
    for version, held in sorted(service.in_quarantine().items()):
        known = found.pop(version, None) or _told(version[1], Lately())
        found[version] = known | {"quarantined": standing.of_quarantine(held)}
    return {model: told for (model, _), told in found.items()}  # of several of a model the one that requests go to


def _told(version: int, lately: Lately) -> dict[str, Any]:
    told = {"requests": lately.requests, "failed": lately.failed, "codes": dict(lately.codes)}
    told |= {"deaths": lately.deaths} if lately.deaths else {}
    return {"version": version, **told} if version else told  # those of scopes are counted as one family


def _entry(name: str, models: Mapping[str, Served]) -> Any:
    """Return what is told of something required."""
    served = models.get(name)
    if served is None and name in (STORE_KEY, "model"):
        served = next(iter(models.values()), None)
    if served is not None:
        about = {"model": served.model, "language": served.language}
        small = {key: value for key, value in for_listing(served.__metadata__).items() if key not in LARGE}
        return {"updated": served.info.created.isoformat(), "metadata": {**for_everybody(small), **about}}
    found = process_store.get(name)
    if found is None:
        return MISSING
    known = getattr(found, "__metadata__", None)
    told = {"updated": process_store.mtime[name].isoformat()}
    return told if known is None else {**told, "metadata": known}
