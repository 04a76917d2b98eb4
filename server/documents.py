"""What a service says of itself: its document in OpenAPI, and its models."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from flask import Flask, Response, request

from triglot import __version__
from triglot.access.scopes import READ
from triglot.bodies.payload import BARE_JSON, JSON_TYPE, dumps
from triglot.errors import BadRequest, ModelNotFound
from triglot.server.context import Options
from triglot.server.models import answering, facts, facts_in_full, untypical
from triglot.server.offers import Offer
from triglot.server.openapi import own
from triglot.server.openapi.document import Place, document, of_one
from triglot.server.payload import json_response
from triglot.server.site import Note
from triglot.server.standing import of_family
from triglot.serving.families import Family
from triglot.serving.served import Served
from triglot.serving.service import Service

Models = Mapping[str, Served]

TITLE = "Models"
MOST_MADE = 256  # documents of single models
SCOPES_A_PAGE, MOST_A_PAGE = 100, 1_000
_DIGITS = 6
AUTOMATIC = frozenset({"HEAD", "OPTIONS"})


class Documents:
    """Answers for an application what there is to know of it; each is made once, while the models stay the same.

    notes: what is known of its routes, by endpoint.
    """

    def __init__(self, app: Flask, service: Service, options: Options, notes: Mapping[str, Note]) -> None:
        self._app = app
        self._service = service
        self._options = options
        self._notes = notes
        self._made: dict[tuple[str, str | None], tuple[list[Any], bytes]] = {}

    def routes(self) -> Iterator[Offer]:
        """Yield the routes of these answers."""
        for rule, view, described in (
            ("/models", self.models, own.MODELS),
            ("/models/<name>", self.model, own.MODEL_OF),
            ("/models/<name>/scopes", self.scopes, own.SCOPES_OF),
            ("/models/<name>/openapi.json", self.openapi_of, own.OPENAPI_OF),
            ("/openapi.json", self.openapi, own.OPENAPI),
        ):
            yield Offer(rule, rule, view, decorators="list_decorators", scope=READ, described=described)

    def models(self) -> Response:
        """Return every model with its fields and classes, and what each family of scopes' models is."""
        families = self._families()
        further = (
            {"families": [{"name": name, **of_family(each)} for name, each in families.items()]} if families else {}
        )
        return self._told(
            "models", None, lambda models: {"models": [facts(served) for served in models.values()], **further}
        )

    def model(self, name: str) -> Response:
        """Return one model, with the levels of its fields and an example; raises `ModelNotFound`."""
        if (family := self._family(name)) is not None:
            return json_response({"name": name, **of_family(family)})
        return self._told("model", name, lambda models: facts_in_full(models[name]))

    def scopes(self, name: str) -> Response:
        """Return the scopes of a family, a page at a time; raises `ModelNotFound`."""
        family = self._family(name)
        if family is None:
            raise ModelNotFound(f"model {name!r} has no scopes")
        limit = request.args.get("limit", str(SCOPES_A_PAGE))
        if not (limit.isascii() and limit.isdigit() and len(limit) <= _DIGITS and 0 < int(limit) <= MOST_A_PAGE):
            raise BadRequest(f"limit must be a number from 1 to {MOST_A_PAGE}, not {limit[:60]!r}")
        start = bisect_right(family.scopes, request.args["after"]) if "after" in request.args else 0
        page = family.scopes[start : start + int(limit)]
        more = start + len(page) < len(family.scopes)
        versions = [{"scope": scope, "version": family.versions[scope]} for scope in page]
        return json_response({"name": name, "scopes": versions, "after": page[-1] if more else None})

    def openapi(self) -> Response:
        """Return the document of all routes and models."""
        made = partial(document, TITLE, __version__, ".", self.places(), families=sorted(self._families()))
        return self._told("document", None, made, BARE_JSON)

    def openapi_of(self, name: str) -> Response:
        """Return the document of one model; raises `ModelNotFound`."""
        return self._told("document", name, lambda models: self._document_of(models[name]), BARE_JSON)

    def places(self) -> list[Place]:
        """Return the routes of the application, with what is said of them."""
        return [
            self._place(rule.rule, rule.endpoint, frozenset(rule.methods or ()) - AUTOMATIC)
            for rule in self._app.url_map.iter_rules()
        ]

    def _place(self, rule: str, endpoint: str, methods: frozenset[str]) -> Place:
        note = self._notes.get(endpoint, Note(None))
        summary = (self._app.view_functions[endpoint].__doc__ or "").strip().partition("\n")[0]
        guarded = bool(self._options.decorators.get(note.decorators))
        return Place(rule, endpoint, methods, note.described, guarded, note.admin, summary)

    def _document_of(self, served: Served) -> dict[str, Any]:
        places = of_one(self.places(), served)
        return document(served.model, str(served.version), "../..", places, {served.model: served})

    def _told(self, what: str, name: str | None, make: Callable[[Models], Any], kind: str = JSON_TYPE) -> Response:
        """Return what is made of all models, or of the named one; as it was made before, while they are the same."""
        service = self._service
        models = answering(service.standings() if name is None else {name: service.standing(name)})
        if not self._options.examples:
            models = {name: untypical(served) for name, served in models.items()}
        keys = [*(served.key for served in models.values()), *(self._families().values() if name is None else ())]
        found = self._made.get((what, name))
        if found is None or found[0] != keys:
            found = self._made[what, name] = (keys, dumps(make(models)))
            while len(self._made) > MOST_MADE:
                self._made.pop(next(iter(self._made)), None)
        return Response(found[1], content_type=kind)

    def _families(self) -> dict[str, Family]:
        """Return the families whose name no model has for itself."""
        standings = self._service.standings()
        return {name: each for name, each in sorted(self._service.families().items()) if name not in standings}

    def _family(self, name: str) -> Family | None:
        return self._families().get(name)
