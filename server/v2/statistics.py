"""What the versions of models have been asked for, and what it took: `/v2/models/stats`, and that of one model.

The words are the protocol's. Counts are of all processes of the service together, since it started. Requests of one
call have its times in full, each of them; under `batch_stats` a call counts once.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response

from triglot.access.scopes import READ
from triglot.bodies.payload import BARE_JSON
from triglot.errors import VersionNotFound
from triglot.server.offers import Offer
from triglot.server.payload import json_response
from triglot.server.v2 import described
from triglot.serving.service import Service
from triglot.tally.files import Version
from triglot.tally.sums import Batch, Sum, Totals


def routes(service: Service) -> Iterator[Offer]:
    """Yield the routes of the statistics."""

    def all_stats() -> Response:
        return _answer(told(service))

    def stats(name: str, version: str = "") -> Response:
        return _answer(told(service, name, version))

    for rule, endpoint, view in (
        ("/v2/models/stats", "v2_all_stats", all_stats),
        ("/v2/models/<name>/stats", "v2_stats", stats),
        ("/v2/models/<name>/versions/<version>/stats", "v2_stats_of_version", stats),
    ):
        yield Offer(rule, endpoint, view, decorators="list_decorators", scope=READ, described=described.STATISTICS)


def told(service: Service, model: str = "", version: str = "") -> dict[str, Any]:
    """Return the statistics of all models, of one, or of one version; raises `ModelNotFound`, `VersionNotFound`.

    Those that answer are there before anybody has asked them, those that did stay until the service ends.
    """
    found = _known(service)
    if model:
        found = {key: totals for key, totals in found.items() if key[0] == model}
        if not found:
            service.standing(model)
    if version:
        found = {key: totals for key, totals in found.items() if str(key[1]) == version}
        if not found:
            raise VersionNotFound(f"version {version[:20]!r} of model {model!r} does not answer and has not been asked")
    return {"model_stats": [_version(key, found[key]) for key in sorted(found)]}


def _known(service: Service) -> dict[Version, Totals]:
    answering = {(served.model, served.version): Totals() for served in service.models().values()}
    return answering | service.tallies.totals()


def _answer(body: Mapping[str, Any]) -> Response:
    return json_response(body, content_type=BARE_JSON)


def _version(key: Version, totals: Totals) -> dict[str, Any]:
    return {
        "name": key[0],
        "version": str(key[1]),
        "last_inference": totals.last_ms,
        "inference_count": totals.rows,
        "execution_count": totals.calls,
        "inference_stats": {
            "success": _sum(totals.success),
            "fail": _sum(totals.fail),
            "queue": _sum(totals.queue),
            "compute_input": _sum(totals.input),
            "compute_infer": _sum(totals.infer),
            "compute_output": _sum(totals.output),
            "cache_hit": _sum(Sum()),
            "cache_miss": _sum(Sum()),
        },
        "response_stats": {},
        "batch_stats": [_batch(size, batch) for size, batch in totals.batches.items()],
        "memory_usage": [],
    }


def _batch(size: int, batch: Batch) -> dict[str, Any]:
    return {
        "batch_size": size,
        "compute_input": _sum(batch.input),
        "compute_infer": _sum(batch.infer),
        "compute_output": _sum(batch.output),
    }


def _sum(total: Sum) -> dict[str, int]:
    return {"count": total.count, "ns": total.ns}
