"""The routes of the protocol."""

from collections.abc import Iterator
from typing import Any

from flask import Response, request

from triglot.access.scopes import OPEN, READ
from triglot.bodies.payload import BARE_JSON
from triglot.errors import BadRequest
from triglot.scope_names import SCOPE
from triglot.server import health
from triglot.server.context import Options, here
from triglot.server.offers import Offer
from triglot.server.payload import json_response
from triglot.server.v2 import described, metadata, repository, statistics
from triglot.server.v2.infer import Infer
from triglot.server.v2.inference import answering
from triglot.server.v2.request import loads, parameters_of
from triglot.serving.service import Service
from triglot.store.jobs import UPDATE

_MODEL = "/v2/models/<name>"
_VERSION = f"{_MODEL}/versions/<version>"


def routes(service: Service, options: Options) -> Iterator[Offer]:
    """Yield what the protocol has."""
    yield from _about_the_server(service, options)
    yield from _about_a_model(service)
    yield from _repository(service, options)
    yield from statistics.routes(service)
    infer = Infer(service, options)
    for rule, endpoint, quick in ((_MODEL, "v2_infer", infer), (_VERSION, "v2_infer_version", None)):
        yield Offer(
            f"{rule}/infer",
            endpoint,
            infer.view,
            ("POST",),
            "predict_decorators",
            quick=quick,
            described=described.INFER,
        )


def _about_the_server(service: Service, options: Options) -> Iterator[Offer]:
    def server() -> Response:
        return _json(metadata.of_server(repository=options.may_change))

    def live() -> Response:
        return _json({"live": True})

    def ready() -> Response:
        good = health.is_ready(service)
        return _json({"live": True, "ready": good}, 200 if good else 503)

    def models() -> Response:
        return _json({"models": service.names()})

    yield Offer("/v2", "v2", server, scope=READ, described=described.SERVER)
    yield Offer("/v2/health/live", "v2_live", live, scope=OPEN, described=described.LIVE)
    yield Offer("/v2/health/ready", "v2_ready", ready, scope=OPEN, described=described.READY)
    yield Offer("/v2/models", "v2_models", models, decorators="list_decorators", scope=READ, described=described.MODELS)


def _about_a_model(service: Service) -> Iterator[Offer]:
    def model(name: str, version: str | None = None) -> Response:
        return _json(metadata.of_model(answering(service, name, version, request.args.get(SCOPE))))

    def ready(name: str, version: str | None = None) -> Response:
        if version is not None:
            answering(service, name, version, request.args.get(SCOPE))
        good = service.is_ready(name)
        return _json({"name": name, "ready": good}, 200 if good else 503)

    for rule, suffix in ((_MODEL, ""), (_VERSION, "_version")):
        yield Offer(
            rule,
            f"v2_model{suffix}",
            model,
            decorators="list_decorators",
            scope=READ,
            described=described.MODEL,
        )
        yield Offer(f"{rule}/ready", f"v2_model_ready{suffix}", ready, scope=OPEN, described=described.MODEL_READY)


def _repository(service: Service, options: Options) -> Iterator[Offer]:
    def index() -> Response:
        ready = _said().get("ready", False)
        if type(ready) is not bool:
            raise BadRequest("'ready' must be true or false")
        return _json(repository.index(service, ready=ready))

    def load(name: str) -> Response:
        repository.load(service, name, parameters_of(_said()), options.timeout_s, _tell)
        return _nothing()

    def unload(name: str) -> Response:
        _said()
        repository.unload(service, name, _tell)
        return _nothing()

    models = "/v2/repository/models/<name>"
    yield Offer(
        "/v2/repository/index", "v2_index", index, ("POST",), "list_decorators", scope=READ, described=described.INDEX
    )
    changes = (("load", load, described.LOAD), ("unload", unload, described.UNLOAD))
    for what, view, said in changes:
        yield Offer(
            f"{models}/{what}", f"v2_{what}", view, ("POST",), "activate_decorators", admin=True, described=said
        )


def _said() -> dict[str, Any]:
    """Return the object that is the body of Flask's request; nothing said is nothing."""
    body = request.get_data(cache=False)
    return loads(body) if body else {}


def _tell() -> None:
    """Have the other processes look into the store, past a rule of its own, as a refresh has."""
    jobs = here().jobs
    if jobs is not None:
        jobs.record(UPDATE)


def _nothing() -> Response:
    return Response(b"", content_type=BARE_JSON)


def _json(body: Any, status: int = 200) -> Response:
    response = json_response(body, status, BARE_JSON)
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response
