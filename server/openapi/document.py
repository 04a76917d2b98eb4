"""The document: each route of the application, with what is said of it, and each model where a route asks for one."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from triglot.server.openapi.described import SHARED, Described, Operation, Operations, also, argument, text
from triglot.server.openapi.own import SCHEMAS
from triglot.server.openapi.predictions import SHAPES, rows
from triglot.serving.served import Served

VERSION = "3.1.0"
BEARER = "bearer"
_ARGUMENT = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
_ABOUT = (
    "Every answer carries `X-Request-Id`. Every error is JSON of one shape, also where a path (404) or a method (405) "
    "is wrong; an error of the caller's names each bad field of each row at once."
)


class Place(NamedTuple):
    """One route of the application.

    `guarded` is a route inside decorators of the configuration's, `admin` one behind the admin token. `summary` stands
    where nothing else is said of it.
    """

    rule: str
    endpoint: str
    methods: frozenset[str]
    described: Described | None = None
    guarded: bool = False
    admin: bool = False
    summary: str = ""


def document(
    title: str,
    version: str,
    server: str,
    places: Iterable[Place],
    models: Mapping[str, Served],
    families: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the document of these routes and models; `server` is where paths begin, seen from the document.

    families: the names of those of scopes' models, which share paths.
    """
    paths: dict[str, dict[str, Any]] = {}
    names: set[str] = set()
    for place in places:
        for path, operations in _of(place, models, families):
            wanted = _arguments(place, path, [*models, *families])
            shown = {
                method: _finished(each, place, wanted) | {"operationId": _name(f"{method} {path}", names)}
                for method, each in operations.items()
            }
            paths.setdefault(path, {}).update(shown)
    security = {"securitySchemes": {BEARER: {"type": "http", "scheme": "bearer"}}}
    return {
        "openapi": VERSION,
        "info": {"title": title, "version": version, "description": _ABOUT},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {**SHARED, "schemas": {**SHARED["schemas"], **SCHEMAS, **SHAPES, **rows(models)}, **security},
    }


def of_one(places: Iterable[Place], served: Served) -> Iterator[Place]:
    """Yield the routes that this model has, as its own."""
    for place in places:
        named = place.described.of_model if place.described is not None else None
        if "<name>" in place.rule and (named is None or named(served)):
            yield place if named else place._replace(rule=_filled(place.rule, served.model))


def path_of(rule: str) -> str:
    """Return Flask's rule as the document writes it."""
    return _ARGUMENT.sub(r"{\1}", rule)


def _filled(rule: str, model: str) -> str:
    return rule.replace("<name>", quote(model, safe=""))


def _of(place: Place, models: Mapping[str, Served], families: Sequence[str]) -> Iterator[tuple[str, Operations]]:
    """Yield the paths of a route with their operations."""
    said, unknown = place.described or Described(), _unknown(place)
    found: Sequence[tuple[str, Operations]] = ()
    if said.of_model is not None and "<name>" in place.rule:
        found = [(path_of(_filled(place.rule, name)), said.of_model(models[name])) for name in sorted(models)]
    elif said.of_model is not None:
        asked = models.get(said.model) if said.model is not None else _only(models)
        found = [] if asked is None else [(path_of(place.rule), said.of_model(asked))]
    spelt = [(path, operations) for path, operations in found if operations]
    if spelt and families and "<name>" in place.rule:
        spelt.append((path_of(place.rule), said.operations))
    for path, operations in spelt or [(path_of(place.rule), said.operations)]:
        yield path, {method: operations.get(method, shown) for method, shown in unknown.items()}


def _only(models: Mapping[str, Served]) -> Served | None:
    return next(iter(models.values())) if len(models) == 1 else None


def _unknown(place: Place) -> Operations:
    """Return what is said of a route of which only the view is known, which may answer anything."""
    shown = {
        "summary": place.summary or "a route of this service's configuration",
        "tags": ["configuration"],
        "responses": {"default": {"description": "What its view answers."}},
    }
    return {method.lower(): shown for method in sorted(place.methods)}


def _arguments(place: Place, path: str, models: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the parameters that stand in a path; a model's name is one of those that there are."""
    known = {"enum": sorted(models)} if place.described is not None and models else {}
    return [
        argument(name, text(**(known if name == "name" else {})), "path", required=True)
        for name in re.findall(r"\{([^{}]+)\}", path)
    ]


def _finished(shown: Operation, place: Place, wanted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an operation with what its place adds: the parameters of the path, and who may."""
    given = shown.get("parameters", ())
    told = {each["name"] for each in given if each["in"] == "path"}
    parameters = [*(each for each in wanted if each["name"] not in told), *given]
    if place.guarded:
        shown = also(shown, (401, 403, 429))
    if place.admin:
        shown = {**also(shown, (401,)), "security": [{BEARER: []}]}
    return {**shown, **({"parameters": parameters} if parameters else {})}


def _name(said: str, names: set[str]) -> str:
    """Return a name for an operation that no other has."""
    wanted = name = re.sub(r"\W+", "_", said, flags=re.ASCII).strip("_")
    number = 1
    while name in names:
        number += 1
        name = f"{wanted}_{number}"
    names.add(name)
    return name
