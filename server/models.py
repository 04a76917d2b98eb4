"""`/list`: the versions that the store holds, in Palladium's shape."""

from typing import Any

from flask import Response

from triglot.server import standing
from triglot.server.context import here
from triglot.server.payload import for_everybody, json_response
from triglot.store import VersionInfo


def list_models() -> Response:
    """Return the metadata of every version, which is active, and which active one does not load."""
    service = here().service
    listed = listing(service.store.list())
    troubled = {name: standing.told(each) for name, each in sorted(service.standings().items()) if each.refusal}
    listed["properties"] |= {"not-loadable": troubled} if troubled else {}
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
