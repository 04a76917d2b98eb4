"""`/list`: the versions that the store holds, in Palladium's shape; and what callers are told of a model."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response

from triglot.bodies.payload import for_everybody
from triglot.server import standing
from triglot.server.context import here
from triglot.server.payload import json_response
from triglot.serving.served import Served, Standing
from triglot.store import VersionInfo
from triglot.store.scopes import versions_without_scopes
from triglot.tables.field import Field

TYPES: Mapping[str, str] = {
    "float64": "float",
    "float32": "float",
    "int64": "integer",
    "int32": "integer",
    "bool": "boolean",
    "string": "text",
}


def list_models() -> Response:
    """Return the metadata of every version, which is active, and which active one does not load or is not asked."""
    service = here().service
    listed = listing(versions_without_scopes(service.store))
    families = {name: standing.of_family(each) for name, each in sorted(service.families().items())}
    listed["properties"] |= {"families": families} if families else {}
    models = {name: standing.told(each) for name, each in sorted(service.standings().items())}
    for trouble in ("not_loadable", "quarantined"):
        troubled = {name: model for name, model in models.items() if trouble in model}
        listed["properties"] |= {trouble.replace("_", "-"): troubled} if troubled else {}
    return json_response(listed)


def listing(versions: list[VersionInfo]) -> dict[str, Any]:
    """Return the listing of these versions as JSON values."""
    active = {info.model: str(info.version) for info in versions if "active" in info.aliases}
    properties: dict[str, Any] = {"active-models": active}
    if len(active) == 1:
        properties = {"active-model": next(iter(active.values()))} | properties
    return {"models": [describe(info) for info in versions], "properties": properties}


def describe(info: VersionInfo) -> dict[str, Any]:
    """Return one version as JSON values, scores under the names that Palladium gave them."""
    return {
        "version": info.version,
        "train_timestamp": info.created.isoformat(),
        **info.metrics,
        **for_everybody(info.metadata),
        "model": info.model,
        "language": info.language,
        "task": info.task,
        "size": info.size,
        "sha256": info.sha256,
        "aliases": list(info.aliases),
    }


def answering(standings: Mapping[str, Standing]) -> dict[str, Served]:
    """Return the version of each model that is told of: the one that answers, or else the active one."""
    return {name: standing.answers or standing.active for name, standing in sorted(standings.items())}


def untypical(served: Served) -> Served:
    """Return a version of which no typical values are known, so that its example is made of the schema alone."""
    card = served.info.card
    plain = type(card)({name: value for name, value in card.items() if name != "example"})
    return replace(served, info=replace(served.info, card=plain))


def facts(served: Served) -> dict[str, Any]:
    """Return what callers need to know of a model, but for the levels of its categories."""
    info, labels = served.info, served.labels
    return {
        "name": served.model,
        "version": served.version,
        "language": served.language,
        "task": info.task,
        "created": info.created.isoformat(),
        "classes": None if labels is None else list(labels.classes),
        **({"answers": "any"} if served.any_answers else {}),
        "scores": dict(info.metrics),
        "fields": [_column(field) for field in served.schema.fields],
    }


def facts_in_full(served: Served) -> dict[str, Any]:
    """Return the same with what each field may be, and a row that the model takes."""
    fields = [_column(field) | _details(field) for field in served.schema.fields]
    return facts(served) | {"fields": fields, "example": served.info.card.example}


def _column(field: Field) -> dict[str, Any]:
    return {"name": field.name, "type": TYPES.get(field.kind, field.kind), "nullable": field.nullable}


def _details(field: Field) -> dict[str, Any]:
    return {key: value for key, value in field.to_json().items() if key in ("levels", "ordered", "zone", "unseen")}
