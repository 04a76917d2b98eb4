"""KServe's first protocol: lists of instances to a model, lists of predictions back."""

from collections.abc import Iterator, Sequence

from flask import Response, request

from triglot.access.scopes import OPEN, READ
from triglot.bodies import shapes
from triglot.bodies.payload import BARE_JSON
from triglot.server import pages
from triglot.server.asking import Asking
from triglot.server.context import Options, here
from triglot.server.offers import Offer
from triglot.server.openapi import faces
from triglot.server.payload import json_response
from triglot.serving.service import Service

_HTML = "text/html"
_MEMBERS = "the list 'instances'"


def routes(service: Service, options: Options) -> Iterator[Offer]:
    """Yield what clients of the first protocol ask for."""
    asking = Asking(service, options)

    def predict(name: str) -> Response:
        """Answer the predictions for a list of instances: objects, or lists in the order of the model's columns."""

        def instances(fields: Sequence[str]) -> shapes.Rows | shapes.Columns:
            body = shapes.loads(asking.body(), f"object with {_MEMBERS}", with_words=True)
            return shapes.instances(shapes.must_be_object(body, _MEMBERS).get("instances"), fields, "instances")

        values = asking.values(asking.parts(name, instances), allow_extra=False)
        return json_response({"predictions": values}, content_type=BARE_JSON)

    yield Offer("/", "v1_alive", alive, scope=OPEN, described=faces.KSERVE_ALIVE)
    yield Offer(
        "/v1/models", "v1_models", models, decorators="list_decorators", scope=READ, described=faces.KSERVE_MODELS
    )
    yield Offer("/v1/models/<name>", "v1_model", model, scope=READ, described=faces.KSERVE_MODEL)
    yield Offer(
        "/v1/models/<name>:predict",
        "v1_predict",
        predict,
        ("POST",),
        "predict_decorators",
        described=faces.KSERVE_PREDICT,
    )


def alive() -> Response:
    """Answer that the front end is there; whoever wants HTML gets the page of the service, or is led to the models'."""
    wanted = request.accept_mimetypes.best_match((BARE_JSON, _HTML), BARE_JSON)
    if wanted != _HTML:
        response = json_response({"status": "alive"}, content_type=BARE_JSON)
    elif here().options.page:
        response = pages.overview()
    else:
        response = Response(status=302, headers={"Location": "docs"})
    response.vary.add("Accept")
    return response


def models() -> Response:
    """Answer the names of the models that have an active version, and of the families of scopes' models."""
    return json_response({"models": here().service.names()}, content_type=BARE_JSON)


def model(name: str) -> Response:
    """Answer whether a model can be asked now; 503 where it cannot, and 404 where there is none of that name."""
    ready = here().service.is_ready(name)
    return json_response({"name": name, "ready": ready}, 200 if ready else 503, BARE_JSON)
